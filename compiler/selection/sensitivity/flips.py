"""The smallest changes of evidence that change a decision, found by search.

Every change is decided as a compile decides it, and is minimal: one step less changes nothing. The search tries all
levers at growing distances, in units of each figure's uncertainty, so the smallest changes come first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from compiler.selection.sensitivity.decision import Decider, Decision
from compiler.selection.sensitivity.lever import Lever
from compiler.selection.sensitivity.levers import levers_of
from compiler.spec.inputs import Inputs

DISTANCES = (0.5, 2.0, 8.0)  # in uncertainties of a figure
BUDGET = 500  # decisions of one search


@dataclass(frozen=True, kw_only=True, slots=True)
class Flip:
    """A change of one figure to `value`, which gives the decision `after`; `size` is in uncertainties of the figure."""

    lever: Lever
    value: float
    before: Decision
    after: Decision

    @property
    def size(self) -> float:
        """The size of the change."""
        return abs(self.value - self.lever.now) / self.lever.scale

    @property
    def change(self) -> str:
        """The change in words."""
        lever = self.lever
        if lever.is_flag:
            return f"if {lever.name} were {lever.shown(self.value)}"
        moved = "rose" if self.value > lever.now else "fell"
        return f"if {lever.name} {moved} from {lever.shown(lever.now)} to {lever.shown(self.value)}"

    @property
    def sentence(self) -> str:
        """The change and its outcome in one sentence."""
        return f"{self.change}: {self.after.in_words} instead of {self.before.in_words}"


def flips(inputs: Inputs, most: int = 5) -> tuple[Flip, ...]:
    """Return at most `most` flips, the smallest first, one for each file and outcome."""
    search = _Search(Decider(inputs))
    directions = [_Direction(lever, sign) for lever in levers_of(inputs) for sign in (-1, 1)]
    for distance in DISTANCES:
        for each in directions:
            each.go(distance, search)
        found = distinct(search.found)
        if len(found) >= most or search.decider.count > BUDGET:
            break
    return tuple(distinct(search.found)[:most])


def distinct(found: Sequence[Flip]) -> list[Flip]:
    """Return the smallest flip of each evidence file and outcome, the smallest first."""
    kept: dict[tuple[str, Decision], Flip] = {}
    for each in sorted(found, key=lambda flip: (flip.size, flip.lever.source, flip.lever.name)):
        kept.setdefault((each.lever.source, each.after), each)
    return list(kept.values())


class _Search:
    def __init__(self, decider: Decider) -> None:
        self.decider = decider
        self.found: list[Flip] = []


class _Direction:
    """The values of a lever above or below its own, tried from near to far."""

    def __init__(self, lever: Lever, sign: int) -> None:
        self.lever, self.sign = lever, sign
        self.tried = lever.now  # the farthest value that changes nothing
        self.is_done = False

    def go(self, distance: float, search: _Search) -> None:
        """Try the value at a distance, and once it flips the decision, find the smallest change that does."""
        lever, decider = self.lever, search.decider
        if distance * lever.scale < lever.step / 2:  # one step is farther than that
            return
        value = lever.beyond(self.sign * distance * lever.scale)
        if self.is_done or (value - self.tried) * self.sign <= 0:
            return
        if decider.flips(lever.change(decider.inputs, value)):
            search.found.append(self._smallest(value, decider))
            self.is_done = True
        self.tried = value
        self.is_done |= value in (lever.low, lever.high)

    def _smallest(self, value: float, decider: Decider) -> Flip:
        """Return the flip with the smallest change between the last value without one and `value`, by bisection."""
        lever = self.lever
        near, far = lever.place_of(self.tried), lever.place_of(value)
        if self.tried == lever.now:  # which need not lie on the grid
            near = lever.place_of(lever.beyond(self.sign * lever.step)) - self.sign
        while abs(far - near) > 1:
            middle = (near + far) // 2
            if decider.flips(lever.change(decider.inputs, lever.value_of(middle))):
                far = middle
            else:
                near = middle
        value = lever.value_of(far)
        return Flip(
            lever=lever, value=value, before=decider.now, after=decider.decide(lever.change(decider.inputs, value))
        )
