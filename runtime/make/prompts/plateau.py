"""Whether rounds no longer gain, as a sequential test: a plateau is declared wrongly in at most 5 % of all jobs.

The gain is that of rule P0: the best prompt of the last rounds over the best before them. P0 reads point values of the
report; this test reads every candidate that may have been the best on the rows that choose, and their paired bounds.
Half of the error is spent by the races, which may drop the best, half by the bounds; each is shared by all looks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from runtime.make.prompts.bounds import ERROR, upper_gain
from runtime.make.prompts.race import differences

State = Literal["reached", "open"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plateau:
    """The verdict after a round: `highest` bounds the gain of the last rounds (1 with too few rounds)."""

    state: State
    highest: float


def race_error(rounds: int) -> float:
    """Return the error of one race, of at most `rounds`."""
    return ERROR / 2 / rounds


def plateau(
    earlier: Mapping[str, float],
    finalists: Sequence[Mapping[str, float]],
    *,
    rounds: int,
    smallest: float,
) -> Plateau:
    """Return whether no finalist of the last rounds gains `smallest` over the best prompt before them.

    `earlier` and each of the `finalists` have scores by cluster on the rows that choose. `rounds` is the most looks.
    """
    error = ERROR / 2 / rounds / max(1, len(finalists))
    highest = max((upper_gain(differences(each, earlier), error) for each in finalists), default=0.0)
    return Plateau(state="reached" if highest < smallest else "open", highest=highest)
