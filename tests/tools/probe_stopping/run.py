"""`make probe-stopping`: check that a probe which stops early errs in at most 5 % of its verdicts, and what it saves."""

import os
import sys

from tools.probe_stopping.simulate import NAIVE, ONCE, Draw, clustered, gains, probes, shares, single

REPEATS = int(os.environ.get("PROBES", "4000"))
PROMPTS = (60, 100, 200)
# name, draw, and the limits of the rules for such a measure
MEASURES: tuple[tuple[str, Draw, tuple[float, ...]], ...] = (
    ("pass@1, prompts alike", shares(4.0), (0.5, 0.7, 0.9)),
    ("pass@1, prompts differ", shares(0.5), (0.5, 0.7, 0.9)),
    ("one answer", single, (0.05, 0.3, 0.4, 0.7)),
    ("one answer, clusters of 4", clustered, (0.3, 0.4, 0.7)),
    ("gain from 0.1", gains(0.1), (0.1, 0.15, 0.25, 0.3)),
    ("gain from 0.4", gains(0.4), (0.1, 0.15, 0.25, 0.3)),
)
ALLOWED = 0.05
NOISE = 2.6 * (ALLOWED * (1 - ALLOWED) / REPEATS) ** 0.5  # of a simulated share that is 5 %, one in 100


def main() -> int:
    """Print the tables; return 1 if a verdict errs in more than 5 % beyond the noise of the simulation."""
    worst = max(_at_the_limit(name, draw, limits) for name, draw, limits in MEASURES)
    _naive()
    _away_from_the_limit()
    print(f"\nlargest share of wrong verdicts at a limit: {worst:.4f} of {REPEATS:,} probes")
    return int(worst > ALLOWED + NOISE)


def _at_the_limit(name: str, draw: Draw, limits: tuple[float, ...]) -> float:
    """Print the share of clear verdicts where the truth is the limit, so that both sides are wrong."""
    worst = 0.0
    for limit in limits:
        for prompts in PROMPTS:
            found = probes(draw, prompts, limit, limit, REPEATS)
            worst = max(worst, found.above + found.below)
            print(f"| {name} | {limit:g} | {prompts} | {found.above:.4f} | {found.below:.4f} |", flush=True)
    return worst


def _naive() -> None:
    """Print the same with an interval of 95 % at every look."""
    found = probes(shares(0.5), 100, 0.5, 0.5, REPEATS, NAIVE)
    print(f"\n95 % at every look: {found.above + found.below:.4f} wrong verdicts at the limit")


def _away_from_the_limit() -> None:
    """Print what stopping saves, and how many verdicts stay unclear, by the distance from the limit."""
    print("\n| distance | right verdicts | wrong | unclear | of one look: right | samples saved |")
    for distance in (0.05, 0.1, 0.15, 0.2, 0.3, 0.4):
        found = probes(shares(0.5), 100, 0.5 - distance, 0.5, REPEATS)
        once = probes(shares(0.5), 100, 0.5 - distance, 0.5, REPEATS, ONCE)
        unclear = 1 - found.above - found.below
        figures = (found.below, found.above, unclear, once.below, found.saved)
        print(f"| {distance:g} | " + " | ".join(f"{each:.3f}" for each in figures) + " |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
