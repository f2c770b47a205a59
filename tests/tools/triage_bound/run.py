"""`make triage-bound`: label simulated applications, and check the bound on new kinds of badcases at every look."""

import statistics
import sys

from tools.triage_bound.simulate import APPLICATIONS, MOST, Labelled, simulate

COUNT = 10_000  # applications, of all kinds together
PROMISED = 0.94  # of them in which the bound must hold at every look
SOON = 100  # labels before which easy ones must stop


def main() -> int:
    """Print a table; return 1 if the bound fails more often than promised, or easy applications stop late."""
    each = -(-COUNT // len(APPLICATIONS))
    everything: list[Labelled] = []
    print("| badcases | bound holds at all looks | wrong stops | median stop | naive: holds | naive: wrong stops |")
    print("|---|---|---|---|---|---|")
    for name in APPLICATIONS:
        found = simulate(name, each)
        everything += found
        print(_row(name, found), flush=True)
    print(_row("all", everything))
    easy = simulate(next(iter(APPLICATIONS)), each // 2, MOST)
    stops = sorted(one.stopped or MOST + 1 for one in easy)
    early = sum(stop < SOON for stop in stops) / len(stops)
    print(f"\neasy: half stop after {statistics.median(stops):.0f} labels, {early:.1%} before {SOON}")
    loose = sum(bool(one.loose_stopped) for one in everything)
    print(f"McAllester and Schapire: stops in {loose} of {len(everything):,} applications")
    holds = 1 - sum(one.failed for one in everything) / len(everything)
    return int(not (holds >= PROMISED and statistics.median(stops) < SOON))


def _row(name: str, found: list[Labelled]) -> str:
    count = len(found)
    stops = [one.stopped for one in found if one.stopped]
    median = f"{statistics.median(stops):.0f} ({len(stops) / count:.0%} stop)" if stops else "never"
    holds, naive = (
        1 - sum(fails) / count for fails in zip(*((one.failed, one.naive_failed) for one in found), strict=True)
    )
    wrong = sum(one.stopped_wrongly for one in found) / count
    naive_wrong = sum(one.naive_stopped_wrongly for one in found) / count
    return f"| {name} | {holds:.2%} | {wrong:.2%} | {median} | {naive:.2%} | {naive_wrong:.2%} |"


if __name__ == "__main__":
    sys.exit(main())
