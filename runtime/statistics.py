"""Means with 95 % intervals: a bootstrap over clusters, because paraphrases of one question are not independent."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 5000
SEED = 20260101
_Z = 1.959964  # the normal quantile of a two-sided 95 % interval


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """A mean over `n` rows and its 95 % interval."""

    value: float
    low: float
    high: float
    n: int


def interval_of_mean(scores: Sequence[float], clusters: Sequence[str]) -> Interval:
    """Return the mean of `scores` (each 0 to 1) with its interval; rows with equal `clusters` are resampled together.

    Where all scores are 0, or all are 1, resampling shows no spread; there the interval is Wilson's, over the clusters.
    """
    low, high = _percentiles(np.asarray(scores, dtype=float), clusters)
    value = math.fsum(scores) / len(scores)
    if value in (0.0, 1.0):
        unseen = _Z**2 / (len(set(clusters)) + _Z**2)
        low, high = (0.0, unseen) if value == 0.0 else (1.0 - unseen, 1.0)
    return Interval(value=value, low=low, high=high, n=len(scores))


def interval_of_gain(after: Sequence[float], before: Sequence[float], clusters: Sequence[str]) -> Interval:
    """Return the mean of `after - before`, row by row, with its interval. The three sequences are in the same order."""
    differences = [new - old for new, old in zip(after, before, strict=True)]
    low, high = _percentiles(np.asarray(differences, dtype=float), clusters)
    return Interval(value=math.fsum(differences) / len(differences), low=low, high=high, n=len(differences))


def _percentiles(values: NDArray[np.float64], clusters: Sequence[str]) -> tuple[float, float]:
    names, membership = np.unique(np.asarray(clusters), return_inverse=True)
    sums = np.bincount(membership, weights=values, minlength=len(names))
    counts = np.bincount(membership, minlength=len(names))
    generator = np.random.default_rng(SEED)
    means = np.empty(RESAMPLES)
    for index in range(RESAMPLES):
        drawn = generator.integers(0, len(names), size=len(names))
        means[index] = sums[drawn].sum() / counts[drawn].sum()
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
