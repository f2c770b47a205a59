"""Bounds that stay honest after a choice: of a winner's score, of a gain, and of a loss while answers arrive.

Clopper and Pearson (1934) give the bounds of a share, Bonferroni's inequality those of many at once.
"""

import math
from collections.abc import Callable, Sequence

from runtime.contract.statistics import Z, wilson_interval
from runtime.stage.statistics import Interval, exact_p, independent_rows

ERROR = 0.05
_STEPS = 60  # of a bisection: more than a float has digits


def upper_share(hits: int, total: int, error: float) -> float:
    """Return the upper bound of a share, which is wrong in at most `error` of all cases."""
    if hits >= total:
        return 1.0
    return _root(lambda share: _at_most(hits, total, share) - error)


def lower_share(hits: int, total: int, error: float) -> float:
    """Return the lower bound of a share, which is wrong in at most `error` of all cases."""
    return 1.0 - upper_share(total - hits, total, error)


def upper_gain(differences: Sequence[float], error: float) -> float:
    """Return the upper bound of a mean of differences from -1 to 1, one for each independent question.

    A win counts as 1 whatever its size, a loss only if it is a whole one: this never understates a gain.
    """
    wins, losses = sum(each > 0 for each in differences), sum(each <= -1 for each in differences)
    total = len(differences)
    return upper_share(wins, total, error / 2) - lower_share(losses, total, error / 2)


def is_worse(differences: Sequence[float], error: float) -> bool:
    """Return whether differences show a loss, by the exact one-sided sign test (McNemar's) at `error`."""
    wins, losses = sum(each > 0 for each in differences), sum(each < 0 for each in differences)
    return losses > wins and exact_p(wins, losses) / 2 <= error


def corrected_interval(scores: Sequence[float], clusters: Sequence[str], choices: int) -> Interval:
    """Return the mean of the winner of `choices` prompts on the rows that chose it, with a 95 % interval.

    The intervals of all prompts that could have won hold at once, so that of the winner does. Its value is the mean.
    """
    value = math.fsum(scores) / len(scores)
    low, high = wilson_interval(value, independent_rows(scores, clusters), _quantile(1 - ERROR / (2 * max(1, choices))))
    return Interval(value=value, low=low, high=high, n=len(scores))


def _at_most(hits: int, total: int, share: float) -> float:
    """Return the chance of at most `hits` in `total`."""
    if share <= 0:
        return 1.0
    if share >= 1:
        return 0.0
    log, rest = math.log(share), math.log1p(-share)
    sizes = (
        math.lgamma(total + 1) - math.lgamma(k + 1) - math.lgamma(total - k + 1) + k * log + (total - k) * rest
        for k in range(hits + 1)
    )
    return min(1.0, math.fsum(map(math.exp, sizes)))


def _quantile(chance: float) -> float:
    """Return the normal quantile of a chance above one half."""
    return Z if math.isclose(chance, 0.975) else _root(lambda z: chance - math.erfc(-z / math.sqrt(2)) / 2, 40.0)


def _root(falls: Callable[[float], float], high: float = 1.0) -> float:
    """Return where a falling function between 0 and `high` crosses 0."""
    low = 0.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if falls(middle) > 0 else (low, middle)
    return high
