"""Diagnostics of a selection: blocked rules, and the warnings of rules that fired."""

from collections.abc import Iterator

from compiler.diagnostics import Diagnostic, Location, diagnostic
from compiler.selection.model import Selection, Status, Traced
from compiler.spec.inputs import Inputs


def warnings_of(selection: Selection, inputs: Inputs) -> Iterator[Diagnostic]:
    """Yield the diagnostics of a selection, each at the field that causes it."""
    for each in selection.trace:
        if each.finding.status is Status.BLOCKED:
            message = f"rule {each.rule.id} is blocked: {each.finding.reason}"
            yield diagnostic("SEL302", message, _place(each, inputs), hint=_advice(selection, each))
    for warn in selection.warnings:
        yield diagnostic(warn.code, warn.message, inputs.document.at(_with_index(warn.field, inputs)), hint=warn.hint)


def _place(each: Traced, inputs: Inputs) -> Location:
    """Return the location of the gap that a blocked rule answers, or of the list of gaps."""
    kinds = [gap.kind for gap in inputs.spec.spec.gaps]
    if each.rule.gap in kinds:
        return inputs.document.at(("spec", "gaps", kinds.index(each.rule.gap), "kind"))
    return inputs.document.at(("spec", "gaps"))


def _with_index(field: tuple[str | int, ...], inputs: Inputs) -> tuple[str | int, ...]:
    """Return the field with a data source's name replaced by its index."""
    names: list[str | int] = [source.name for source in inputs.spec.spec.data]
    return (*field[:2], names.index(field[2])) if field[:2] == ("spec", "data") and len(field) == 3 else field


def _advice(selection: Selection, each: Traced) -> str:
    return "; ".join(text for rule, text in selection.advice if rule == each.rule.id) or "see PLAN.md"
