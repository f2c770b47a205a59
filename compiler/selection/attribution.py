"""Attribution: which badcases are faults of the model, and which of a component or of the flow control.

A badcase belongs to the component where its first error lies. Rows are joined with a `BadcaseReport` by their `kind`;
their `class` and `component` count without a report.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from compiler.selection.components import component_kind
from compiler.selection.faults import FLOW_CONTROL, Attribution, Fault
from compiler.selection.figures import Evidence
from compiler.spec.data import DataFile
from compiler.spec.data.model import LabelCount
from compiler.spec.schema.evidence import BadcaseKind, BadcaseReportBody
from compiler.spec.schema.training_spec import Component
from compiler.spec.schema.types import BadcaseClass, ComponentKind
from runtime.contract.data.labels import LabelFilter


def attribute(
    files: Sequence[DataFile], report: BadcaseReportBody | None, shown: str, components: list[Component]
) -> Attribution:
    """Return the attribution of the badcases in `files`; `shown` is the path of the report."""
    labels = [label for file in files for label in file.labels]
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
        # where every row must be a fault of something else, no label can change that
        unjoined=joined.unjoined if 0 < unlabelled < rows - known else 0,
        faults=faults,
    )


def at_fault(kind: BadcaseKind, components: list[Component]) -> str:
    """Return what a kind of badcases is a fault of: `flow control`, a component, or empty for the model."""
    if kind.flow_control:
        return FLOW_CONTROL
    if kind.component is None or component_kind(kind.component, components) is ComponentKind.MODEL:
        return ""
    return kind.component


@dataclass(slots=True)
class _Joined:
    """Rows by what is at fault, with the labels that say so."""

    kinds: Mapping[str, BadcaseKind]
    components: list[Component]
    rows: dict[str, int] = field(default_factory=dict)
    labels: dict[str, set[LabelFilter]] = field(default_factory=dict)
    unjoined: int = 0

    def take(self, label: LabelCount) -> None:
        """Count the rows of a label."""
        found = self._fault(label)
        if found is not None:
            fault, labels = found
            self.rows[fault] = self.rows.get(fault, 0) + label.rows
            self.labels.setdefault(fault, set()).add(labels)
        elif not label.component and label.kind not in self.kinds:
            self.unjoined += label.rows

    def _fault(self, label: LabelCount) -> tuple[str, LabelFilter] | None:
        """Return what is at fault for rows with a label, and the labels that say so; None for the model.

        The component that a row names itself counts before that of its kind.
        """
        if label.category == BadcaseClass.FLOW_CONTROL:
            return FLOW_CONTROL, LabelFilter(category=label.category)
        kind = self.kinds.get(label.kind)
        if kind is not None and kind.flow_control:
            return FLOW_CONTROL, LabelFilter(kind=label.kind)
        if label.component:
            is_model = component_kind(label.component, self.components) is ComponentKind.MODEL
            return None if is_model else (label.component, LabelFilter(component=label.component))
        fault = at_fault(kind, self.components) if kind is not None else ""
        return (fault, LabelFilter(kind=label.kind, component="")) if fault else None


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
            labels=tuple(sorted(joined.labels.get(name, ()), key=str)),
            evidence=Evidence(
                source=f"first errors in {name if name == FLOW_CONTROL else f'`{name}`'}"
                + (f", {shown}" if kinds else ""),
                value="; ".join(part for part in (counted, labelled) if part),
            ),
        )
