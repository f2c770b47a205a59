"""Which labels are a random sample of the traces, and what to label next.

Failures are looked for on purpose, so shares of all labels would be too high. The digests of traces give a random
order; a label belongs to the sample if people reached it in this order, or passed it later.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from compiler.run.triage.labels import Label
from compiler.run.triage.traces import Entry

# of ten traces: half at random, three failures, two outliers (Husain and Shankar's course on evaluation)
_PATTERN = ("random", "failure", "random", "outlier", "random", "failure", "random", "failure", "random", "outlier")
NO_CLUSTER = -1


def sample_of(labels: Iterable[Label], reached: Container[str]) -> list[Label]:
    """Return the labels of the random sample in the order in which it grew.

    `reached` are the digests of traces before the first one without a label.
    """
    known = sorted(labels, key=lambda each: each.first)
    drawn = [each for each in known if each.drawn]
    placed = []
    for each in known:
        cover = next((one for one in drawn if one.first >= each.first and one.digest >= each.digest), None)
        if cover is not None:
            placed.append((cover.first, each.digest, each))
        elif each.digest in reached:
            placed.append((known[-1].first, each.digest, each))
    return [each for _, _, each in sorted(placed, key=lambda place: place[:2])]


def reached_by(labelled: Mapping[str, Label], usable: Sequence[Entry]) -> set[str]:
    """Return the traces before the first one without a label in the random order."""
    return {each.digest for each in takewhile(lambda each: each.digest in labelled, usable)}


def is_next_at_random(digest: str, usable: Sequence[Entry], labelled: Mapping[str, Label]) -> bool:
    """Return whether a trace is the first one without a label in the random order."""
    return digest == next((each.digest for each in usable if each.digest not in labelled), "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Next:
    """The trace to label next, and why: `random`, `failure` or `outlier`."""

    entry: Entry
    why: str


def next_trace(usable: Sequence[Entry], labelled: Mapping[str, Label], clusters: Mapping[str, int]) -> Next | None:
    """Return what to label next; None if every trace has a label.

    Failures come from the largest cluster without a label first. Where no failure or outlier is left, it is the next
    one at random.
    """
    rest = [each for each in usable if each.digest not in labelled]
    if not rest:
        return None
    wanted = _PATTERN[sum(each.digest in labelled for each in usable) % len(_PATTERN)]
    found: Entry | None = None
    if wanted == "failure":
        found = _failure(rest, labelled, clusters)
    elif wanted == "outlier":
        found = next((each for each in rest if clusters.get(each.digest) == NO_CLUSTER), None)
    return Next(entry=found, why=wanted) if found else Next(entry=rest[0], why="random")


def largest_unlabelled(
    usable: Sequence[Entry], labelled: Mapping[str, Label], clusters: Mapping[str, int]
) -> tuple[int, int] | None:
    """Return the largest cluster without a label, and its size; None if each has one."""
    known = {clusters.get(digest) for digest in labelled}
    sizes = Counter(clusters.get(each.digest, NO_CLUSTER) for each in usable)
    open_ones = [(size, -name) for name, size in sizes.items() if name != NO_CLUSTER and name not in known]
    return (-max(open_ones)[1], max(open_ones)[0]) if open_ones else None


def _failure(rest: Sequence[Entry], labelled: Mapping[str, Label], clusters: Mapping[str, int]) -> Entry | None:
    failures = [each for each in rest if each.failed]
    known = {clusters.get(digest) for digest in labelled}
    sizes = Counter(clusters.get(each.digest, NO_CLUSTER) for each in failures)
    return min(
        failures,
        key=lambda each: (
            (name := clusters.get(each.digest, NO_CLUSTER)) in known or name == NO_CLUSTER,
            -sizes[name],
            each.digest,
        ),
        default=None,
    )
