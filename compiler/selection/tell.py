"""Diagnostics of a selection: gaps without a rule, blocked methods, and what rules warn of."""

from collections.abc import Iterator

from compiler.diagnostics import Diagnostic, diagnostic
from compiler.inputs import Inputs
from compiler.selection.model import Phase, Selection, Status, Traced


def tell(selection: Selection, inputs: Inputs) -> Iterator[Diagnostic]:
    """What people should know of a decision beside the plan itself, at the fields that it comes from."""
    handled = {each.rule.gap for each in selection.trace if each.rule.gap}
    document, gaps = inputs.document, inputs.spec.spec.gaps
    for index, gap in enumerate(gaps):
        where = document.at(("spec", "gaps", index, "kind"))
        if gap.kind not in handled:
            hint = "handle it outside of this plan; this version handles " + ", ".join(
                f"`{name}`" for name in sorted(handled)
            )
            yield diagnostic("SEL301", f"no rule handles the gap `{gap.kind}` yet", where, hint=hint)
        for each in _blocked(selection, gap.kind):
            yield diagnostic(
                "SEL302", f"rule {each.rule.id} is blocked: {each.finding.reason}", where, hint=_advice(selection, each)
            )
    if selection.phase is Phase.TRAIN and not gaps:
        hint = "declare in `spec.gaps` what is seen: " + ", ".join(f"`{name}`" for name in sorted(handled))
        yield diagnostic(
            "SEL306", "prompts have plateaued, but no gap is declared", document.at(("spec", "gaps")), hint=hint
        )
    for each in selection.trace:
        if each.rule.gap is None and each.finding.status is Status.BLOCKED:
            yield diagnostic(
                "SEL302",
                f"rule {each.rule.id} is blocked: {each.finding.reason}",
                document.at(("spec", "gaps")),
                hint=_advice(selection, each),
            )
    for warn in selection.warnings:
        yield diagnostic(warn.code, warn.message, document.at(_with_index(warn.field, inputs)), hint=warn.hint)


def _with_index(field: tuple[str | int, ...], inputs: Inputs) -> tuple[str | int, ...]:
    """The field with a data source's name replaced by its place in the list."""
    names: list[str | int] = [source.name for source in inputs.spec.spec.data]
    return (*field[:2], names.index(field[2])) if field[:2] == ("spec", "data") and len(field) == 3 else field


def _blocked(selection: Selection, gap: str) -> list[Traced]:
    return [each for each in selection.trace if each.rule.gap == gap and each.finding.status is Status.BLOCKED]


def _advice(selection: Selection, each: Traced) -> str:
    return "; ".join(text for rule, text in selection.advice if rule == each.rule.id) or "see PLAN.md"
