"""Diagnostics of a selection: gaps without a rule, blocked methods, and what rules warn of."""

from collections.abc import Iterator

from compiler.diagnostics import Diagnostic, Location, diagnostic
from compiler.selection.model import Selection, Status, Traced
from compiler.spec.inputs import Inputs


def warnings_of(selection: Selection, inputs: Inputs) -> Iterator[Diagnostic]:
    """What people should know of a decision beside the plan itself, at the fields that it comes from."""
    for each in selection.trace:
        if each.finding.status is Status.BLOCKED:
            message = f"rule {each.rule.id} is blocked: {each.finding.reason}"
            yield diagnostic("SEL302", message, _place(each, inputs), hint=_advice(selection, each))
    for warn in selection.warnings:
        yield diagnostic(warn.code, warn.message, inputs.document.at(_with_index(warn.field, inputs)), hint=warn.hint)


def _place(each: Traced, inputs: Inputs) -> Location:
    """The gap that a blocked rule answers, where the spec declares it; else the list of gaps."""
    kinds = [gap.kind for gap in inputs.spec.spec.gaps]
    if each.rule.gap in kinds:
        return inputs.document.at(("spec", "gaps", kinds.index(each.rule.gap), "kind"))
    return inputs.document.at(("spec", "gaps"))


def _with_index(field: tuple[str | int, ...], inputs: Inputs) -> tuple[str | int, ...]:
    """The field with a data source's name replaced by its place in the list."""
    names: list[str | int] = [source.name for source in inputs.spec.spec.data]
    return (*field[:2], names.index(field[2])) if field[:2] == ("spec", "data") and len(field) == 3 else field


def _advice(selection: Selection, each: Traced) -> str:
    return "; ".join(text for rule, text in selection.advice if rule == each.rule.id) or "see PLAN.md"
