"""Means with 95 % intervals, by a bootstrap over clusters.

Clusters are resampled because paraphrases of one question are not independent. The order of rows, the names of clusters
and the rounding of sums do not affect the result: equal clusters are drawn as one kind, right answers are counted in
whole numbers, and a quantile is one of the drawn means.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from runtime.contract.statistics import Z, wilson_interval

RESAMPLES = 5000
SEED = 20260101
SIGNIFICANT = Fraction(1, 20)
CHUNK = 250  # resamples at a time, so that many clusters need little memory


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """A mean over `n` rows and its 95 % interval."""

    value: float
    low: float
    high: float
    n: int


def interval_of_mean(scores: Sequence[float], clusters: Sequence[str]) -> Interval:
    """Return the mean of `scores` (each 0 to 1) with its interval.

    Rows of one cluster are resampled together. The interval is the bootstrap's, widened to Wilson's at the effective
    number of independent rows that the bootstrap's variance implies (Korn and Graubard 1998): near 0 and 1, few
    resamples contain the rare answer. If all scores are 0, or all are 1, the effective number is that of the clusters.
    Scores between 0 and 1 vary less than right and wrong ones of the same mean, so their number may exceed the rows';
    Student's t for the number of clusters keeps it honest where there are few.
    """
    sums = _by_cluster(scores, [1.0] * len(scores), clusters)
    means = _resampled(sums)
    low, high = quantiles(means)
    value = math.fsum(scores) / len(scores)
    rows = float(len(scores)) if all(score in (0, 1) for score in scores) else math.inf
    floor, ceiling = wilson_interval(value, _independent_rows(value, float(means.var()), len(sums), len(scores), rows))
    return Interval(value=value, low=min(low, floor), high=max(high, ceiling), n=len(scores))


def independent_rows(scores: Sequence[float], clusters: Sequence[str]) -> float:
    """Return the number of independent rows that would vary as much as `scores` (each 0 to 1) in their clusters."""
    sums = _by_cluster(scores, [1.0] * len(scores), clusters)
    value = math.fsum(scores) / len(scores)
    return _independent_rows(value, float(_resampled(sums).var()), len(sums), len(scores), float(len(scores)))


def interval_of_gain(after: Sequence[float], before: Sequence[float], clusters: Sequence[str]) -> Interval:
    """Return the mean of `after - before`, row by row, with its interval.

    All sequences have the same order. The interval is the bootstrap's, and excludes 0 only if the exact sign test over
    clusters is significant as well: a handful of changed answers has a narrow bootstrap interval but proves nothing.
    """
    differences = [new - old for new, old in zip(after, before, strict=True)]
    return _signed(math.fsum(differences) / len(differences), differences, [1.0] * len(differences), clusters)


def interval_of_ratio(tops: Sequence[float], bottoms: Sequence[float], clusters: Sequence[str]) -> Interval:
    """Return the sum of `tops` over that of `bottoms` (all above 0), with its interval."""
    low, high = quantiles(_resampled(_by_cluster(tops, bottoms, clusters)))
    value = math.fsum(tops) / math.fsum(bottoms)
    return Interval(value=value, low=min(low, value), high=max(high, value), n=len(tops))


def interval_of_saving(after: Sequence[float], before: Sequence[float], clusters: Sequence[str]) -> Interval:
    """Return the relative decrease from `before` (all above 0) to `after`, with its interval.

    It compares the sums. As in `interval_of_gain`, the interval excludes 0 only if the sign test over clusters is
    significant as well.
    """
    saved = [old - new for new, old in zip(after, before, strict=True)]
    return _signed(math.fsum(saved) / math.fsum(before), saved, before, clusters)


def exact_p(wins: int, losses: int) -> Fraction:
    """Return the two-sided p of the sign test; for pairs of answers this is McNemar's exact p."""
    pairs = wins + losses
    tail = sum(math.comb(pairs, count) for count in range(min(wins, losses) + 1))
    return min(Fraction(1), Fraction(2 * tail, 2**pairs))


def _signed(value: float, tops: Sequence[float], bottoms: Sequence[float], clusters: Sequence[str]) -> Interval:
    sums = _by_cluster(tops, bottoms, clusters)
    low, high = quantiles(_resampled(sums))
    wins, losses = sum(top > 0 for top, _ in sums), sum(top < 0 for top, _ in sums)
    if exact_p(wins, losses) > SIGNIFICANT:
        low, high = min(low, 0.0), max(high, 0.0)
    return Interval(value=value, low=min(low, value), high=max(high, value), n=len(tops))


def _by_cluster(tops: Sequence[float], bottoms: Sequence[float], clusters: Sequence[str]) -> list[tuple[float, float]]:
    """Return the sums of each cluster, sorted, so that names and row order do not matter."""
    rows: dict[str, list[int]] = defaultdict(list)
    for index, name in enumerate(clusters):
        rows[name].append(index)
    return sorted(
        (math.fsum(tops[at] for at in group), math.fsum(bottoms[at] for at in group)) for group in rows.values()
    )


def _resampled(sums: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Return the ratio of sums in each of `RESAMPLES` draws of all clusters with replacement."""
    kinds, counts = np.unique(np.asarray(sums, dtype=float), axis=0, return_counts=True)
    generator = np.random.default_rng(SEED)
    drawn = []
    for _ in range(RESAMPLES // CHUNK):
        times = generator.multinomial(len(sums), counts / len(sums), size=CHUNK).astype(float)
        drawn.append((times @ kinds[:, 0]) / (times @ kinds[:, 1]))
    ratios: NDArray[np.float64] = np.concatenate(drawn)
    return ratios


def quantiles(means: NDArray[np.float64]) -> tuple[float, float]:
    """Return the ends of the middle 95 % of resampled values; each is one of them."""
    low, high = np.quantile(means, [0.025, 0.975], method="inverted_cdf")
    return float(low), float(high)


def _independent_rows(value: float, variance: float, clusters: int, rows: int, most: float) -> float:
    if value in (0.0, 1.0) or clusters == 1:
        return clusters
    spread = variance * clusters / (clusters - 1)
    if spread <= 0:
        return float(rows)
    if math.isinf(most):
        spread *= (_student(clusters - 1) / Z) ** 2
    return min(most, value * (1 - value) / spread)


def _student(freedom: int) -> float:
    """Return Student's t for 95 %, by the expansion of Cornish and Fisher; exact for one degree of freedom."""
    if freedom == 1:
        return 12.706
    terms = (Z**3 + Z) / 4, (5 * Z**5 + 16 * Z**3 + 3 * Z) / 96, (3 * Z**7 + 19 * Z**5 + 17 * Z**3 - 15 * Z) / 384
    return Z + math.fsum(term / freedom**power for power, term in enumerate(terms, start=1))
