"""The chance that the next badcase is of a new kind: an estimate, and a bound for people who look after each label.

`M(n)`, the probability that a badcase is of a kind that none of the first `n` had, never grows. So after a run of `r`
badcases without a new kind, the chance that the run came about although `M(n) > u` is below `(1 - u)^r`. A run may
begin at any label. `1 / prod(1 - M)` over the labels of a run that has no new kind is a martingale for each beginning,
and so is their mean with weights that add up to 1. By Ville's inequality (Ville 1939) it ever reaches `1 / error` with
a probability of at most `error`. The bound follows from it, and it holds **at all labels at once**, for kinds of any
number and frequency: whoever stops when it is low enough, however often they looked, is wrong with a probability of at
most `error`. It needs badcases that are drawn at random from the queries.

The estimate is that of Good and Turing (Good 1953): the share of badcases whose kind was seen once. The bound of
McAllester and Schapire (2000) holds for one look only, and it is above 0.5 for less than 300 badcases.
"""

import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

ERROR = 0.05  # the chance that the bound ever fails
ENOUGH = 0.05  # people may stop when the chance of a new kind is below it
_EARLY = 20  # labels in which half of the weight lies: applications with few kinds show them early
_STEPS = 40  # of the bisection


def unseen_estimate(kinds: Sequence[str]) -> float:
    """Return the Good-Turing estimate of the chance that the next badcase is of a new kind; 1 without badcases."""
    return sum(count == 1 for count in Counter(kinds).values()) / len(kinds) if kinds else 1.0


def unseen_bound(kinds: Sequence[str], error: float = ERROR) -> float:
    """Return the upper bound of the chance that the next badcase is of a new kind.

    `kinds` are those of badcases in the order in which they were drawn. `error` is the chance that the bound is ever
    too low.
    """
    seen: set[str] = set()
    bound, begin = 1.0, 0
    for index, kind in enumerate(kinds):
        if kind in seen:
            continue
        bound = min(bound, run_bound(begin, index, error))  # what was shown before the new kind still holds
        seen.add(kind)
        begin = index + 1
    return min(bound, run_bound(begin, len(kinds), error))


@lru_cache(maxsize=1 << 16)
def run_bound(begin: int, end: int, error: float = ERROR) -> float:
    """Return the bound that badcases without a new kind show, from the one at `begin` to the one before `end`."""
    if end <= begin or begin < 1:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _evidence(begin, end, middle) >= 1 / error:
            high = middle
        else:
            low = middle
    return high


def _evidence(begin: int, end: int, chance: float) -> float:
    """Return the weighted mean of `(1 - chance)^-r` over the runs that begin at `begin` or later."""
    growth = -math.log1p(-chance)
    if growth * (end - begin) > 600:
        return math.inf
    return sum(_weight(start) * math.exp(growth * (end - start)) for start in range(begin, end))


def _weight(start: int) -> float:
    """Return the weight of runs that begin after `start` labels; the weights of 1, 2, 3 … add up to 1."""
    return _EARLY / ((start + _EARLY - 1) * (start + _EARLY))
