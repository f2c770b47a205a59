"""What a method itself moves while it trains, such as the margin of its rewards: how it began and how it ended."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

WINDOW = 5  # logged steps at either end: one step's batch says little


def first_and_last(
    history: Sequence[Mapping[str, Any]], names: Sequence[str], window: int = WINDOW
) -> dict[str, dict[str, float]]:
    """Return the mean of each figure over its first and its last `window` entries in a trainer's log history.

    Figures that were never logged are left out; where fewer than two windows were logged, the two halves are taken.
    """
    found = {}
    for name in names:
        values = [float(entry[name]) for entry in history if name in entry and math.isfinite(float(entry[name]))]
        if len(values) > 1:
            size = min(window, len(values) // 2)
            found[name] = {"first": _mean(values[:size]), "last": _mean(values[-size:])}
    return found


def _mean(values: Sequence[float]) -> float:
    return round(math.fsum(values) / len(values), 6)
