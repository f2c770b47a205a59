"""A choice of rows that is spread over groups and depends on the data alone."""

from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest


def spread(groups: Iterable[Sequence[tuple[str, int]]], most: int) -> list[int]:
    """Return at most `most` row indices, in order: one of each group in turn, until all are taken.

    Each group is its rows as pairs of digest and index, of which the smallest digest comes first. The order of the
    groups decides which of them gives a row more.
    """
    rounds = zip_longest(*(sorted(group) for group in groups))
    drawn = [row[1] for row in chain.from_iterable(rounds) if row is not None]
    return sorted(drawn[:most])
