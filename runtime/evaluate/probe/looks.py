"""Looks at the samples so far: when sampling may stop, and how wide an interval must be for that.

A probe that looks at its figures several times and stops once they are clear errs more often than one that looks once.
Each look therefore uses a wider interval: the boundaries spend an error of 5 % over the looks by the spending function
of Lan and DeMets (1983) that imitates O'Brien and Fleming (1979), as `sfLDOF` of the R package gsDesign does. Intervals
at these widths hold the truth at all looks together (repeated confidence intervals, Jennison and Turnbull 1989), so
a stop may depend on any of them.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """A look at the first `share` of the prompts, with the normal quantile `z` of its intervals."""

    share: float
    z: float

    def size(self, prompts: int) -> int:
        """Return how many of the prompts the look sees."""
        return math.ceil(self.share * prompts)


# two-sided error of 5 % over four looks; the last interval is 3 % wider than one of 95 %
LOOKS = (
    Look(share=0.25, z=4.3326),
    Look(share=0.5, z=2.9631),
    Look(share=0.75, z=2.3590),
    Look(share=1.0, z=2.0141),
)
