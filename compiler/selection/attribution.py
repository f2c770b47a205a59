"""Attribution: which badcases are faults of the model, and which of a component or of the flow control.

A badcase belongs to the component where its first error lies. Rows are joined with a `BadcaseReport` by their `kind`;
their `class` and `component` count without a report.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from compiler.selection.components import component_kind
from compiler.selection.facts import FLOW_CONTROL, Attribution, Evidence, Fault
from compiler.spec.data import DataFile
from compiler.spec.data.model import LabelCount
from compiler.spec.schema.evidence import BadcaseKind, BadcaseReportBody
from compiler.spec.schema.training_spec import Component
from compiler.spec.schema.types import BadcaseClass, ComponentKind


def attribute(
    files: Sequence[DataFile], report: BadcaseReportBody | None, shown: str, components: list[Component]
) -> Attribution:
    """Return the attribution of the badcases in `files`; `shown` is the path of the report."""
    labels = [label for file in files for label in labels_of(file)]
    kinds = {each.name: each for each in report.kinds} if report else {}
    joined = _Joined(kinds, components)
    for label in labels:
        joined.take(label)
    rows = sum(label.rows for label in labels)
    reported = _reported(report, components) if report else {}
    faults = tuple(_faults(joined, reported, rows, shown))
    elsewhere = {each.name for each in faults if each.is_known}
    expected = sum(each.count for name in elsewhere for each in reported.get(name, ()))
    total = sum(each.count for each in kinds.values())
    if total > rows:  # the report counts traces that are not among the rows
        expected = round(expected * rows / total)
    known = sum(count for name, count in joined.rows.items() if name in elsewhere)
    unlabelled = min(joined.unjoined, max(0, expected - known))
    return Attribution(
        rows=rows,
        remaining=max(0, rows - known - unlabelled),
        unjoined=joined.unjoined if unlabelled else 0,
        faults=faults,
    )


def at_fault(kind: BadcaseKind, components: list[Component]) -> str:
    """Return what a kind of badcases is a fault of: `flow control`, a component, or empty for the model."""
    if kind.flow_control:
        return FLOW_CONTROL
    if kind.component is None or component_kind(kind.component, components) is ComponentKind.MODEL:
        return ""
    return kind.component


def labels_of(file: DataFile) -> tuple[LabelCount, ...]:
    """Return the labels of a source's badcases; a card without labels has only their classes."""
    if file.labels:
        return file.labels
    if len(file.classes) == 1:
        return (LabelCount(rows=file.rows, answered=file.answered, near=file.near, category=file.classes[0][0]),)
    counted = tuple(LabelCount(rows=rows, answered=rows, category=name) for name, rows in file.classes)
    return counted or (LabelCount(rows=file.rows, answered=file.answered, near=file.near),)


@dataclass(slots=True)
class _Joined:
    """Rows by what is at fault, with the labels that say so."""

    kinds: Mapping[str, BadcaseKind]
    components: list[Component]
    rows: dict[str, int] = field(default_factory=dict)
    labels: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    unjoined: int = 0

    def take(self, label: LabelCount) -> None:
        """Count the rows of a label."""
        fault, why = self._fault(label)
        if fault:
            self.rows[fault] = self.rows.get(fault, 0) + label.rows
            self.labels.setdefault(fault, set()).add(why)
        elif not label.component and label.kind not in self.kinds:
            self.unjoined += label.rows

    def _fault(self, label: LabelCount) -> tuple[str, tuple[str, str]]:
        if label.category == BadcaseClass.FLOW_CONTROL:
            return FLOW_CONTROL, ("class", label.category)
        if label.kind in self.kinds and (fault := at_fault(self.kinds[label.kind], self.components)):
            return fault, ("kind", label.kind)
        if label.component and component_kind(label.component, self.components) is not ComponentKind.MODEL:
            return label.component, ("component", label.component)
        return "", ("", "")


def _reported(report: BadcaseReportBody, components: list[Component]) -> dict[str, tuple[BadcaseKind, ...]]:
    """Return the kinds of a report by what is at fault."""
    by_fault: dict[str, tuple[BadcaseKind, ...]] = {}
    for each in report.kinds:
        if fault := at_fault(each, components):
            by_fault[fault] = (*by_fault.get(fault, ()), each)
    return by_fault


def _share(kinds: Sequence[BadcaseKind], total: int, fault: str) -> float:
    """Return the share by counts, or the component's stated share of first errors if that is higher."""
    counted = sum(each.count for each in kinds) / total
    stated = [each.first_error_share or 0.0 for each in kinds if fault != FLOW_CONTROL]
    return max([counted, *stated])


def _faults(joined: _Joined, reported: Mapping[str, tuple[BadcaseKind, ...]], rows: int, shown: str) -> Iterator[Fault]:
    total = sum(each.count for each in joined.kinds.values())
    for name in sorted({*joined.rows, *reported}):
        here, kinds = joined.rows.get(name, 0), reported.get(name, ())
        share = _share(kinds, total, name) if kinds else here / rows
        listed = ", ".join(f"`{each.name}` {each.count}" for each in kinds)
        counted = f"{share:.0%} of first errors: {listed}" if kinds else ""
        labelled = f"{here} of {rows} rows" if here else ""
        yield Fault(
            name=name,
            kind=ComponentKind.CODE if name == FLOW_CONTROL else component_kind(name, joined.components),
            share=share,
            rows=here,
            labels=tuple(sorted(joined.labels.get(name, ()))),
            evidence=Evidence(
                source=f"first errors in {name if name == FLOW_CONTROL else f'`{name}`'}"
                + (f", {shown}" if kinds else ""),
                value="; ".join(part for part in (counted, labelled) if part),
            ),
        )
