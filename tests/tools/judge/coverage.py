"""Simulate how often the corrected 95 % interval of a judged pass rate holds the true share.

    python tests/tools/judge/coverage.py    takes about a minute

Draws the judge's verdicts on new answers, and on labelled ones, for a grid of sizes, rates and true shares.
"""

from collections.abc import Iterator
from functools import cache
from itertools import product

import numpy as np

from runtime.contract.agreement import Agreement, corrected_share

DRAWS, SEED = 10_000, 1
ANSWERS = (60, 200, 1000)
LABELS = ((30, 30), (30, 150), (150, 30), (300, 300))
RATES = (0.75, 0.9, 0.99)
SHARES = (0.02, 0.2, 0.5, 0.8, 0.98)


@cache
def interval(passed: int, answers: int, true_pass: int, right: int, true_fail: int, wrong: int) -> tuple[float, float]:
    """Return the corrected interval; the same counts are drawn again and again."""
    counts = Agreement(
        true_pass=true_pass, false_fail=right - true_pass, false_pass=wrong - true_fail, true_fail=true_fail
    )
    if counts.fault:
        return 0.0, 1.0  # does not count, so nobody decides by it
    return corrected_share(passed / answers, answers, counts)[1:]


def coverages() -> Iterator[tuple[float, tuple[float, ...]]]:
    """Yield how often the interval holds the truth, for each point of the grid."""
    draw = np.random.default_rng(SEED)
    for answers, (right, wrong), tpr, tnr, share in product(ANSWERS, LABELS, RATES, RATES, SHARES):
        passed = draw.binomial(answers, share * tpr + (1 - share) * (1 - tnr), DRAWS)
        labels = draw.binomial(right, tpr, DRAWS), draw.binomial(wrong, tnr, DRAWS)
        found = zip(passed.tolist(), *(each.tolist() for each in labels), strict=True)
        held = 0
        for seen, true_pass, true_fail in found:
            low, high = interval(seen, answers, true_pass, right, true_fail, wrong)
            held += low <= share <= high
        interval.cache_clear()
        yield held / DRAWS, (answers, right, wrong, tpr, tnr, share)


if __name__ == "__main__":
    points = sorted(coverages())
    print(f"{len(points)} points, worst {points[0][0]:.4f}, mean {sum(each for each, _ in points) / len(points):.4f}")
    for coverage, point in points[:10]:
        print(f"{coverage:.4f} at {point}")
