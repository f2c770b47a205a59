"""Badcases by their labels: counted from rows, or derived from the classes of an older card."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from compiler.spec.data.model import LabelCount
from runtime.contract.data.columns import BadcaseClass
from runtime.contract.data.labels import Labels

MAX_LABELS = 1_000
_FOLDED = len(BadcaseClass)  # room for the badcases of rare labels, by class
_FLOW_CONTROL = BadcaseClass.FLOW_CONTROL.value

Classes = tuple[tuple[str, int], ...]


def labels_counted(counts: Mapping[Labels, Counter[str]]) -> tuple[LabelCount, ...]:
    """Return the counts (`rows`, `answered`, `near`) by labels, in order.

    Beyond `MAX_LABELS`, the rarest labels lose their kind and component, and keep their class.
    """
    merged = counts
    if len(counts) > MAX_LABELS:
        ordered = sorted(counts.items(), key=lambda each: (-each[1]["rows"], each[0]))
        merged = dict(ordered[: MAX_LABELS - _FOLDED])
        for labels, count in ordered[MAX_LABELS - _FOLDED :]:
            rest = Labels(category=labels.category)
            merged[rest] = merged.get(rest, Counter()) + count
    return tuple(
        LabelCount(
            category=labels.category,
            kind=labels.kind,
            component=labels.component,
            rows=count["rows"],
            answered=count["answered"],
            near=count["near"],
        )
        for labels, count in sorted(merged.items())
    )


def classes_of(labels: Iterable[LabelCount]) -> Classes:
    """Return the rows of each class, in order."""
    rows: Counter[str] = Counter()
    for each in labels:
        rows[each.category] += each.rows
    return tuple(sorted(rows.items()))


def labels_of_classes(classes: Classes, rows: int, answered: int, near: int) -> tuple[LabelCount, ...]:
    """Return the labels of a source of which only the classes are known.

    Rows without a class are undetermined. How many rows of a class are answered is not known if there are several:
    those of flow control count as answered first, as they are left out of training, so no more pairs than there are
    seem to remain; the other classes share the rest by their rows, and near pairs by their answered rows. The sums are
    those of the source.
    """
    sizes = Counter(dict(classes))
    sizes[BadcaseClass.UNDETERMINED.value] += max(0, rows - sizes.total())
    names = sorted(name for name, count in sizes.items() if count)
    flow = min(sizes[_FLOW_CONTROL], answered)
    others = [name for name in names if name != _FLOW_CONTROL]
    pairs = dict(zip(others, _shared(answered - flow, [sizes[name] for name in others]), strict=True))
    near_others = min(near, answered - flow)
    nears = dict(zip(others, _shared(near_others, list(pairs.values())), strict=True))
    pairs[_FLOW_CONTROL], nears[_FLOW_CONTROL] = flow, near - near_others
    return tuple(LabelCount(category=name, rows=sizes[name], answered=pairs[name], near=nears[name]) for name in names)


def _shared(total: int, weights: Sequence[int]) -> list[int]:
    """Divide `total` in proportion to the weights, in whole numbers: the largest remainders are rounded up."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    shares = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda at: (-(total * weights[at] % whole), at))
    for at in by_remainder[: total - sum(shares)]:
        shares[at] += 1
    return shares
