"""Windows of time that an export left out: hours, days or thirds of an hour without a trace, where some must be.

An export that runs by the clock loses whole windows (https://github.com/langfuse/langfuse/issues/15617). A quiet time
is no loss: it begins and ends anywhere, comes again at the same time of other days, or lies between other quiet times.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from compiler.run.imports.grouping import Bucket, Grouped
from compiler.run.imports.steps import moment

_MINUTE = 60 * 10**9
_DAY = 24 * 60 * _MINUTE
WIDTHS = (_DAY, 60 * _MINUTE, 20 * _MINUTE)
_MAX_EMPTY = 3  # windows in a row: a longer gap is more often a service that was off
_MIN_TRACES = 12  # in each neighbour: at that rate an empty window has a chance of e^-12
_NEAR = 8  # how many times the usual distance between two traces may lie between one and the edge of the gap


class Gap(NamedTuple):
    """A time without traces, from `begin` to `end` (nanoseconds)."""

    begin: int
    end: int

    @property
    def shown(self) -> str:
        """The gap for people: `2026-05-01T10:00Z to 11:00Z`."""
        begin, end = (str(moment(each)) for each in self)
        same_day = begin[:10] == end[:10]
        return f"{begin[:16]}Z to {end[11:16] if same_day else end[:16]}Z"


def missing_windows(grouped: Grouped) -> list[Gap]:
    """Return the windows that are missing, in order; a window inside of a wider one is not named again."""
    found: list[Gap] = []
    for width in WIDTHS:
        for gap in gaps(grouped.buckets(width), width):
            if not any(each.begin < gap.end and gap.begin < each.end for each in found):
                found.append(gap)
    return sorted(found)


def gaps(buckets: Sequence[Bucket], width: int) -> Iterator[Gap]:
    """Yield the missing windows of one width; `buckets` are those with traces, in order."""
    filled = {bucket.number for bucket in buckets}
    for before, after in pairwise(buckets):
        empty = after.number - before.number - 1
        if not 1 <= empty <= _MAX_EMPTY or min(before.traces, after.traces) < _MIN_TRACES:
            continue
        begin, end = (before.number + 1) * width, after.number * width
        is_cut_off = begin - before.last <= _NEAR * (before.last - before.first) / before.traces
        is_taken_up = after.first - end <= _NEAR * (after.last - after.first) / after.traces
        if is_cut_off and is_taken_up and not _recurs(range(before.number + 1, after.number), buckets, filled, width):
            yield Gap(begin, end)


def _recurs(empty: range, buckets: Sequence[Bucket], filled: set[int], width: int) -> bool:
    """Return whether at least half of the other days (for days, of the other weeks) are empty at this time too."""
    period = 7 if width == _DAY else _DAY // width
    low, high = buckets[0].number, buckets[-1].number
    same = [
        index
        for first in empty
        for index in (*range(first - period, low - 1, -period), *range(first + period, high + 1, period))
    ]
    return bool(same) and 2 * sum(index not in filled for index in same) >= len(same)
