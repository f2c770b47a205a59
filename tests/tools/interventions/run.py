"""The intervention benchmark: `make bench-decisions` reads figures that were measured, `--anew` measures them.

python -m tools.interventions.run                    # the choices and the table, from results.json
python -m tools.interventions.run --anew             # train every base model, run every intervention
python -m tools.interventions.run --missing          # only what results.json lacks, or what other code made
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tools.interventions import table
from tools.interventions.applications import Application, applications
from tools.interventions.choices import PEERS, product

RESULTS = Path(__file__).parent / "results.json"
SEEDS = (0, 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--anew", action="store_true", help="measure everything again")
    parser.add_argument("--missing", action="store_true", help="measure what is missing")
    parser.add_argument("--only", default="", help="kinds to measure, with commas between")
    parser.add_argument("--seeds", default=",".join(map(str, SEEDS)), help="worlds, with commas between")
    parser.add_argument("--show", default="", help="print every intervention of applications whose name contains this")
    given = parser.parse_args()
    known = applications(tuple(map(int, given.seeds.split(","))))
    wanted = [each for each in known if not given.only or each.kind in given.only.split(",")]
    results = {} if given.anew else _read()
    if given.anew or given.missing:
        _measure(wanted, results)
    return _show([each for each in known if each.name in results], results, given.show)


def _read() -> dict[str, Any]:
    return json.loads(RESULTS.read_text(encoding="utf-8"))["applications"] if RESULTS.exists() else {}


def _measure(wanted: list[Application], results: dict[str, Any]) -> None:
    import torch
    from tools.interventions.bases import base, digest_of, student
    from tools.interventions.measuring import tried

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    digest = digest_of()
    for each in _kinds_in_turn(wanted):
        if results.get(each.name, {}).get("code") == digest:
            continue
        started = time.monotonic()
        model = base(each.world.seed, each.topic)
        small = student(each.world.seed) if each.too_large else model
        results[each.name] = {"code": digest} | tried(each, model, small)
        _write(results)
        print(f"{each.name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)


def _kinds_in_turn(wanted: list[Application]) -> list[Application]:
    """The first application of each kind, then the second ones: an interrupted run has seen every kind."""
    seen: Counter[str] = Counter()
    places = {}
    for each in wanted:
        places[each.name] = seen[each.kind]
        seen[each.kind] += 1
    return sorted(wanted, key=lambda each: places[each.name])


def _write(results: dict[str, Any]) -> None:
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(results[name])}" for name in sorted(results))
    part = RESULTS.with_suffix(".part")
    part.write_text('{"applications": {\n' + lines + "\n}}\n", encoding="utf-8")
    part.replace(RESULTS)


def _show(known: list[Application], results: dict[str, Any], shown: str) -> int:
    if not known:
        print("nothing is measured yet: run it with --missing")
        return 1
    chosen = {each.name: product(each, results[each.name]["evidence"]) for each in known}
    ways = {"trainspec": [table.judged(each.name, results[each.name], chosen[each.name][0]) for each in known]}
    for name, choose in PEERS.items():
        ways[name] = [table.judged(each.name, results[each.name], choose(each)) for each in known]
    for each in known:
        if shown and shown in each.name:
            _one(each.name, results[each.name], chosen[each.name])
    makers = Counter(results[each.name]["code"] for each in known)
    if len(makers) > 1:
        print(f"the figures were made by {len(makers)} versions of the code: run it with --missing")
    print(f"{len(known)} applications, {sum(len(table.tried_of(results[each.name])) for each in known)} runs\n")
    print(f"{'chosen by':28} {'best':>6} {'best or tied':>13} {'mean regret':>12}")
    for name, found in ways.items():
        best, tied, regret = table.summary(found)
        print(f"{name:28} {best:6.0%} {tied:13.0%} {regret:12.3f}")
    print("\nplanted → chosen by trainspec")
    for kind, counts in table.confusion(ways["trainspec"]).items():
        print(f"{kind:16} " + ", ".join(f"{name} {count}" for name, count in counts.most_common()))
    wrong = [each for each in ways["trainspec"] if not each.is_tied]
    print(f"\n{len(wrong)} choices that are not the best or tied")
    for each in wrong:
        print(f"{each.application}: {each.chosen}, best {each.best}, regret {each.regret:.3f}")
    return 0


def _one(name: str, document: dict[str, Any], chosen: tuple[str, str]) -> None:
    evidence = document["evidence"]
    print(f"{name}: chosen {chosen[0]}\n  {chosen[1]}")
    print(
        f"  rounds {evidence['scores']}, first errors {evidence['kinds']}, measures {evidence.get('measures', 'none')}"
    )
    for label, each in sorted(table.tried_of(document).items(), key=lambda item: -item[1].utility):
        low, high = each.interval
        print(
            f"  {label:13} {each.score:.3f} ({low:.3f} to {high:.3f}), cost {each.cost:.4f}, utility {each.utility:.3f} {each.note}"
        )
    for label, each in document["interventions"].items():
        if "notApplicable" in each:
            print(f"  {label:13} not applicable: {each['notApplicable']}")
    print()


if __name__ == "__main__":
    raise SystemExit(main())
