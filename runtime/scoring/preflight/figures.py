"""Statistics of the checks: plain Python, fast enough for a few hundred rows."""

import math
from collections.abc import Sequence


def auc(right: Sequence[float], wrong: Sequence[float]) -> float:
    """Return the share of (right, wrong) combinations where the right answer scores higher; ties count half."""
    wins = sum(0.5 * (each >= other) + 0.5 * (each > other) for each in right for other in wrong)
    return wins / (len(right) * len(wrong))


def paired_win(right: Sequence[float], wrong: Sequence[float]) -> float:
    """Return the share of pairs, by position, where the right answer scores higher."""
    return sum(each > other for each, other in zip(right, wrong, strict=True)) / len(right)


def spearman(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Return Spearman's rank correlation, with mean ranks for ties; None if a list is constant."""
    return pearson(_ranks(one), _ranks(other))


def partial_correlation(one: Sequence[float], other: Sequence[float], groups: Sequence[bool]) -> float:
    """Return the correlation of `one` and `other` within groups; 0 if a list is constant in each group."""
    return pearson(_centred(one, groups), _centred(other, groups)) or 0.0


def pearson(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Return Pearson's correlation, from -1 to 1; None if a list is constant."""
    first, second = _about_mean(one), _about_mean(other)
    size = math.sqrt(math.fsum(value * value for value in first) * math.fsum(value * value for value in second))
    if size < 1e-12:  # rounding may leave a residue for constant lists
        return None
    value = math.fsum(left * right for left, right in zip(first, second, strict=True)) / size
    return max(-1.0, min(1.0, value))


def _about_mean(values: Sequence[float]) -> list[float]:
    mean = math.fsum(values) / len(values)
    return [value - mean for value in values]


def _centred(values: Sequence[float], groups: Sequence[bool]) -> list[float]:
    """Return the values minus the mean of their group."""
    means = {}
    for group in set(groups):
        own = [value for value, each in zip(values, groups, strict=True) if each == group]
        means[group] = math.fsum(own) / len(own)
    return [value - means[group] for value, group in zip(values, groups, strict=True)]


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=lambda at: values[at])
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for at in order[start:end]:
            ranks[at] = (start + end - 1) / 2
        start = end
    return ranks
