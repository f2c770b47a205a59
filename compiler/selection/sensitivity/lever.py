"""A lever: one figure of the evidence that could have come out differently."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from compiler.spec.inputs import Inputs

SHARE_STEP = 0.001  # the precision to which people write shares


@dataclass(frozen=True, kw_only=True, slots=True)
class Lever:
    """One figure, its value `now`, and how to change it.

    `name` and `source` say which field of which file it is. It takes the values low, low + step, … high. `scale` is the
    uncertainty of the figure: half of its 95 % interval, or what comes nearest to it; changes rank by it. `is_flag`:
    the figure is true or false, as 1 and 0.
    """

    name: str
    source: str
    now: float
    low: float
    high: float
    step: float
    scale: float
    change: Callable[[Inputs, float], Inputs]
    is_flag: bool = False

    def beyond(self, distance: float) -> float:
        """Return the value of the grid about `distance` away, at least one step; a distance below 0 goes down."""
        steps = max(1, round(abs(distance) / self.step))
        place = self.now / self.step
        start = math.floor(place + 1e-6) if distance > 0 else math.ceil(place - 1e-6)
        return self.value_of(start + (steps if distance > 0 else -steps))

    def value_of(self, place: int) -> float:
        """Return the value at a place of the grid, kept between `low` and `high`."""
        return min(self.high, max(self.low, round(place * self.step, 6)))

    def place_of(self, value: float) -> int:
        """Return the place of a value on the grid."""
        return round(value / self.step)

    def shown(self, value: float) -> str:
        """Return a value as people write it."""
        if self.is_flag:
            return "true" if value else "false"
        return f"{value:,.0f}" if self.step == 1 else f"{value:.3f}"


FLAG_SCALE = 1 / 3  # a fact of the system that turns out wrong is as large a change as three half intervals


def flag(name: str, source: str, now: bool, change: Callable[[Inputs, bool], Inputs]) -> Lever:
    """Return the lever of a fact that is true or false."""
    return Lever(
        name=name,
        source=source,
        now=float(now),
        low=0,
        high=1,
        step=1,
        scale=FLAG_SCALE,
        is_flag=True,
        change=lambda inputs, value: change(inputs, bool(value)),
    )


def count(
    name: str, source: str, now: int, change: Callable[[Inputs, int], Inputs], *, least: int = 0, most: int = 10**9
) -> Lever:
    """Return the lever of a count from `least` to `most`; a tenth of it counts as its uncertainty."""
    return Lever(
        name=name,
        source=source,
        now=now,
        low=least,
        high=most,
        step=1,
        scale=max(1.0, now / 10),
        change=lambda inputs, value: change(inputs, round(value)),
    )
