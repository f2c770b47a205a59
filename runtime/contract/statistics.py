"""Statistics that the compiler's rules and the runtime's reports share."""

import math

Z = 1.959964  # the normal quantile of a two-sided 95 % interval


def wilson_interval(share: float, rows: float, z: float = Z) -> tuple[float, float]:
    """Return the Wilson score interval (Wilson 1927) of a share (0 to 1) of `rows`; 95 % unless `z` says otherwise."""
    weight = z**2 / rows
    centre = (share + weight / 2) / (1 + weight)
    margin = z / (1 + weight) * math.sqrt(share * (1 - share) / rows + weight / (4 * rows))
    low = 0.0 if share == 0.0 else max(0.0, centre - margin)
    return low, 1.0 if share == 1.0 else min(1.0, centre + margin)
