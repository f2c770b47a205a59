"""Intervals of means over prompts and of differences, at any normal quantile; clusters count as one observation."""

import math
from collections import defaultdict
from collections.abc import Sequence

from runtime.contract.statistics import wilson_interval
from runtime.stage.statistics import Interval

Values = Sequence[float]


def interval_of_share(values: Values, clusters: Sequence[str], z: float) -> Interval:
    """Return the mean of `values` (each 0 to 1) with its interval.

    Wilson's interval at the number of independent rows that the variance between clusters implies (Korn and Graubard
    1998), with Student's t for few clusters. That variance counts two prompts more, one that is never right and one
    that always is: a few dozen prompts may lack the rare ones that decide a mean near 0 or 1. If all values are 0, or
    all are 1, the number is that of the clusters.
    """
    value = math.fsum(values) / len(values)
    low, high = wilson_interval(value, _independent(values, clusters, z), z)
    return Interval(value=value, low=min(low, value), high=max(high, value), n=len(values))


def interval_of_difference(after: Values, before: Values, clusters: Sequence[str], z: float) -> Interval:
    """Return the mean of `after - before` (each 0 to 1), row by row, with its interval.

    The rises and the falls are two shares of the same rows. Their intervals are joined by the square-and-add method for
    paired differences (Newcombe 1998), with their correlation.
    """
    differences = [new - old for new, old in zip(after, before, strict=True)]
    rises, falls = [max(0.0, each) for each in differences], [max(0.0, -each) for each in differences]
    up, down = interval_of_share(rises, clusters, z), interval_of_share(falls, clusters, z)
    value, alike = up.value - down.value, _correlation(rises, falls)
    low = _joined(up.value - up.low, down.high - down.value, alike)
    high = _joined(up.high - up.value, down.value - down.low, alike)
    return Interval(value=value, low=max(-1.0, value - low), high=min(1.0, value + high), n=len(differences))


def _joined(one: float, other: float, alike: float) -> float:
    return math.sqrt(max(0.0, one * one + other * other - 2 * alike * one * other))


def _independent(values: Values, clusters: Sequence[str], z: float) -> float:
    """Return the number of independent rows that would vary as much as `values` in their clusters."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for value, name in zip(values, clusters, strict=True):
        sums[name][0] += value
        sums[name][1] += 1
    mean, count = math.fsum(values) / len(values), len(sums)
    if mean in (0.0, 1.0) or count == 1:
        return float(count)
    squares = math.fsum((total - mean * rows) ** 2 for total, rows in sums.values())
    squares += mean**2 + (1 - mean) ** 2  # as of one more prompt that is never right, and one that always is
    variance = squares / len(values) ** 2 * count / (count - 1)
    return max(1.0, mean * (1 - mean) / (variance * _student(z, count - 1) ** 2))  # rows that vary more than one alone


def _student(z: float, freedom: int) -> float:
    """Return how much wider Student's t is than the normal quantile `z`, by the expansion of Cornish and Fisher."""
    terms = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96, (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return (z + math.fsum(term / freedom**power for power, term in enumerate(terms, start=1))) / z


def _correlation(one: Values, other: Values) -> float:
    """Return Pearson's correlation; 0 if a list is constant."""
    mean, mean_other = math.fsum(one) / len(one), math.fsum(other) / len(other)
    left, right = [each - mean for each in one], [each - mean_other for each in other]
    size = math.sqrt(math.fsum(each * each for each in left) * math.fsum(each * each for each in right))
    if size < 1e-12:
        return 0.0
    return math.fsum(a * b for a, b in zip(left, right, strict=True)) / size
