"""Builds `data/`: invented discharge notes and their codes, to learn on, to evaluate on, and the ones that go wrong.

    build_data.py            write the files
    build_data.py --check    compare them with the committed ones; exit 1 if they differ

No patient was ever described: a note is a sentence put together from two diagnoses by the rules below.
"""

import argparse
import itertools
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SEED = 42
TO_LEARN, HELD_OUT, BADCASES = 240, 64, 32
# categories of the ICD-10, with names of our own
NAMES = {
    "D50": "贫血",
    "E10": "1型糖尿病",
    "E11": "2型糖尿病",
    "I10": "高血压",
    "I50": "心衰",
    "I63": "脑梗",
    "J18": "肺炎",
    "J45": "哮喘",
    "K35": "阑尾炎",
    "K80": "胆结石",
    "N20": "肾结石",
    "S72": "股骨骨折",
}
EXCLUSIVE = {"E10", "E11"}
# why somebody came in, and what was known before: either may be told first, and the reason is the main diagnosis
NOTES = ("因{main}入院，有{other}。", "有{other}，因{main}入院。")
EXAMPLE = (), NOTES[0].format(main="胆结石", other="哮喘"), "K80,J45"


def main() -> int:
    """Write or compare; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    pairs = [pair for pair in itertools.combinations(NAMES, 2) if set(pair) != EXCLUSIVE]
    random.Random(SEED).shuffle(pairs)
    # every fourth pair of diagnoses is only asked in the evaluation, whichever of the two is the main one
    asked = pairs[::4]
    learnt = notes([pair for pair in pairs if pair not in asked], TO_LEARN + BADCASES, stream=1, never=asked)
    files = {
        "coded-notes.jsonl": [
            {"prompt": each["prompt"], "completion": each["codes"], "cluster": each["cluster"]}
            for each in learnt[:TO_LEARN]
        ],
        "badcases.jsonl": [badcase(each, at) for at, each in enumerate(learnt[TO_LEARN:])],
        "held-out.jsonl": [question(each, at) for at, each in enumerate(notes(asked, HELD_OUT, stream=2))],
    }
    return sum(put(HERE / "data" / name, rows, check=options.check) for name, rows in files.items()) and 1


def notes(
    pairs: list[tuple[str, str]], count: int, stream: int, never: Sequence[tuple[str, str]] = ()
) -> list[dict[str, Any]]:
    """So many notes, no two alike, all pairs about equally often; no table holds both codes of a pair of `never`."""
    drawn = random.Random(f"{SEED} {stream}")
    made: dict[str, dict[str, Any]] = {}
    both_ways = [*pairs, *(pair[::-1] for pair in pairs)]
    for main, other in itertools.cycle(both_ways):
        if len(made) == count:
            break
        thirds = [sorted([main, other, code]) for code in NAMES if code not in (main, other)]
        table = drawn.choice([codes for codes in thirds if not any(set(pair) <= set(codes) for pair in never)])
        text = drawn.choice(NOTES).format(main=NAMES[main], other=NAMES[other])
        prompt = f"{entry(*EXAMPLE)}\n\n{entry(table, text, '')}"
        made.setdefault(prompt, {"prompt": prompt, "codes": f"{main},{other}", "cluster": f"{main},{other}"})
    return list(made.values())


def entry(table: Sequence[str], text: str, codes: str) -> str:
    """A page of the coding desk: the codes that may be meant, the note, and what was coded."""
    lines = [f"{code} {NAMES[code]}" for code in table]
    return "\n".join([*lines, text, f"编码:{codes}"])


def badcase(note: dict[str, Any], at: int) -> dict[str, Any]:
    """A note that was coded wrongly; what was answered, nobody logged."""
    names = {"id": f"bad-{at:02}", "cluster": note["cluster"], "model": "smollm2-135m-instruct/0.1.2"}
    return {**names, "prompt_version": "v4", "prompt": note["prompt"], "fix": note["codes"]}


def question(note: dict[str, Any], at: int) -> dict[str, Any]:
    """A note to evaluate on."""
    return {"id": f"note-{at:02}", "cluster": note["cluster"], "prompt": note["prompt"], "reference": note["codes"]}


def put(path: Path, rows: list[dict[str, Any]], *, check: bool) -> int:
    """Write the rows, or compare them with the file; 1 where it differs."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if check:
        return int(not path.is_file() or path.read_text(encoding="utf-8") != text)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
