"""Macro-F1 with 95 % intervals. It is a value of all rows together, so no mean over rows gives its interval.

Clusters are resampled, as in `statistics`. A gain counts only if a randomisation test over clusters (Yeh 2000,
"More accurate tests for the statistical significance of result differences") finds it as well.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from runtime.contract.statistics import wilson_interval
from runtime.stage.statistics import CHUNK, RESAMPLES, SEED, SIGNIFICANT, Interval, quantiles

Floats = NDArray[np.float64]


def interval_of_macro_f1(wanted: Sequence[str], found: Sequence[str | None], clusters: Sequence[str]) -> Interval:
    """Return the mean F1 of the labels in `wanted`, with its interval.

    The interval is the bootstrap's, widened to Wilson's at the number of independent rows that the bootstrap's variance
    implies, and at most at the number that the clusters of each label imply: a rare label counts as much as a usual
    one, and a handful of rows proves little about it.
    """
    counts = _counts(wanted, [found], clusters)
    value = float(_macro_f1(counts.sum(axis=0))[0])
    drawn = np.concatenate([_macro_f1(totals)[:, 0] for totals in _resampled(counts)])
    low, high = quantiles(drawn)
    rows = _independent_rows(value, float(drawn.var()), wanted, clusters)
    floor, ceiling = wilson_interval(value, rows)
    return Interval(value=value, low=min(low, floor), high=max(high, ceiling), n=len(wanted))


def gain_of_macro_f1(
    wanted: Sequence[str], after: Sequence[str | None], before: Sequence[str | None], clusters: Sequence[str]
) -> Interval:
    """Return the gain in macro-F1 from the answers `before` to those `after`, with its paired interval."""
    counts = _counts(wanted, [after, before], clusters)
    new, old = _macro_f1(counts.sum(axis=0))
    value = float(new - old)
    drawn = np.concatenate([one[:, 0] - one[:, 1] for one in map(_macro_f1, _resampled(counts))])
    low, high = quantiles(drawn)
    if _chance(counts, abs(value)) > SIGNIFICANT:
        low, high = min(low, 0.0), max(high, 0.0)
    return Interval(value=value, low=min(low, value), high=max(high, value), n=len(wanted))


def _counts(wanted: Sequence[str], answers: Sequence[Sequence[str | None]], clusters: Sequence[str]) -> Floats:
    """Return an array by cluster, list of answers, label, and count: right answers; wanted and given ones together."""
    labels = {label: at for at, label in enumerate(sorted(set(wanted)))}
    places = {name: at for at, name in enumerate(dict.fromkeys(clusters))}
    counts: Floats = np.zeros((len(places), len(answers), len(labels), 2))
    for system, found in enumerate(answers):
        for label, answer, cluster in zip(wanted, found, clusters, strict=True):
            place = counts[places[cluster], system]
            place[labels[label], 1] += 1
            place[labels[label], 0] += answer == label
            if answer in labels:
                place[labels[str(answer)], 1] += 1
    order = np.lexsort(counts.reshape(len(places), -1).T)  # the order of rows and the names of clusters do not count
    return counts[order]


def _macro_f1(totals: Floats) -> Floats:
    """Return the mean over labels of F1, over the last two axes; a label without a row in the draw does not count."""
    right, all_of = totals[..., 0], totals[..., 1]
    f1 = np.divide(2 * right, all_of, out=np.zeros_like(right), where=all_of > 0)
    means: Floats = f1.sum(axis=-1) / np.maximum((all_of > 0).sum(axis=-1), 1)
    return means


def _resampled(counts: Floats) -> list[Floats]:
    """Return the totals in each draw of all clusters with replacement, in chunks of draws."""
    size = len(counts)
    generator = np.random.default_rng(SEED)
    flat = counts.reshape(size, -1)
    shape = (CHUNK, *counts.shape[1:])
    chances = np.full(size, 1 / size)
    draws = (generator.multinomial(size, chances, size=CHUNK).astype(float) for _ in range(RESAMPLES // CHUNK))
    return [(times @ flat).reshape(shape) for times in draws]


def _chance(counts: Floats, gain: float) -> float:
    """Return how often a gain as large arises if each cluster's two answers are exchanged at random."""
    differs = counts[(counts[:, 0] != counts[:, 1]).any(axis=(1, 2))]
    if not len(differs):
        return 1.0
    total, change = counts.sum(axis=0), (differs[:, 1] - differs[:, 0]).reshape(len(differs), -1)
    generator = np.random.default_rng(SEED)
    as_large = 0
    for _ in range(RESAMPLES // CHUNK):
        moved = (generator.integers(0, 2, size=(CHUNK, len(differs))) @ change).reshape(CHUNK, *total.shape[1:])
        as_large += int((np.abs(_macro_f1(total[0] + moved) - _macro_f1(total[1] - moved)) >= gain - 1e-12).sum())
    return (as_large + 1) / (RESAMPLES + 1)


def _independent_rows(value: float, variance: float, wanted: Sequence[str], clusters: Sequence[str]) -> float:
    """Return the number of independent rows whose mean would vary as much; see `interval_of_macro_f1`."""
    names: dict[str, set[str]] = {}
    for label, cluster in zip(wanted, clusters, strict=True):
        names.setdefault(label, set()).add(cluster)
    most = len(names) ** 2 / math.fsum(1 / len(each) for each in names.values())
    count = len(set(clusters))
    if value in (0.0, 1.0) or count == 1 or variance <= 0:
        return most
    return min(most, value * (1 - value) * (count - 1) / (variance * count))
