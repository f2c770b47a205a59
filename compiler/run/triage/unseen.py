"""The chance that the next badcase is of a new kind: an estimate, and a bound for people who look after each label.

`M(n)`, the probability that a badcase is of a kind that none of the first `n` had, never grows. So somebody who bets on
each next badcase that its kind is not new, at the fair odds `1 : 1 - M`, and who loses the stake with the first new
kind, has a wealth that is a martingale. By Ville's inequality (Ville 1939) the wealth ever reaches `1 / error` times
the first cash with a probability of at most `error`. If `M(n) > u`, the wealth is at least what the odds `1 : 1 - u`
give, so the bound is the `u` at which that reaches `1 / error`. It holds **at all labels at once**, for kinds of any
number and frequency: whoever stops when it is low enough, however often they looked, is wrong with a probability of at
most `error`. It needs badcases that are drawn at random from the queries.

How much to stake is free, as long as it follows from earlier labels. The estimate of Good and Turing (Good 1953), the
share of badcases whose kind was seen once, says when: a little at each label, and much as soon as the estimate is low.
The bound of McAllester and Schapire (2000) holds for one look only, and is above 0.5 for less than 300 badcases.
"""

from collections import Counter
from collections.abc import Iterable

ERROR = 0.05  # the chance that the bound ever fails
ENOUGH = 0.05  # people may stop when the chance of a new kind is below it
_PROMISING = 0.1  # estimate from which on much is staked
_MUCH, _LITTLE = 0.4, 0.01  # shares of the cash, by simulation: easy applications stop after 92 labels, not 99
_STEPS = 30  # of the bisection


class UnseenKinds:
    """Kinds of badcases in the order in which they were drawn."""

    def __init__(self, kinds: Iterable[str] = ()) -> None:
        self._counts: Counter[str] = Counter()
        self._once = 0
        self._drawn = 0
        self._cash = 1.0
        self._stakes: list[tuple[int, float]] = []  # after which label, and how much
        self._promising = False
        self._shown = 1.0  # the lowest bound before the last new kind, which still holds
        for kind in kinds:
            self.add(kind)

    def add(self, kind: str) -> None:
        """Add the kind of the next badcase."""
        if not self._counts[kind]:
            self._shown = self.bound
            self._stakes, self._promising = [], False
        self._drawn += 1
        self._counts[kind] += 1
        self._once += {1: 1, 2: -1}.get(self._counts[kind], 0)
        is_promising = self.estimate <= _PROMISING and not self._promising
        self._promising |= is_promising
        stake = self._cash * (_MUCH if is_promising else _LITTLE)
        self._cash -= stake
        self._stakes.append((self._drawn, stake))

    @property
    def estimate(self) -> float:
        """The Good-Turing estimate of the chance that the next badcase is of a new kind; 1 without badcases."""
        return self._once / self._drawn if self._drawn else 1.0

    @property
    def bound(self) -> float:
        """The upper bound of the chance that the next badcase is of a new kind."""
        low, high = 0.0, self._shown
        for _ in range(_STEPS):
            middle = (low + high) / 2
            low, high = (low, middle) if self.is_below(middle) else (middle, high)
        return high

    def is_below(self, chance: float) -> bool:
        """Return whether the bound is at most `chance`, without computing it."""
        if chance >= self._shown:
            return True
        odds, wealth = 1 / (1 - chance), self._cash
        for label, stake in self._stakes:
            wealth += stake * odds ** min(self._drawn - label, 500)
        return wealth >= 1 / ERROR
