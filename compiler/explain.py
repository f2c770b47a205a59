"""Explanations as text: a diagnostic's code, a rule of the table, the decision of a spec as a tree."""

from compiler.plan_model import Plan
from compiler.review import METHOD_NAMES, alternatives, decisive, verdict
from compiler.selection import Status, Traced
from compiler.selection.model import Rule
from compiler.selection.rules import RULES

MARKS = {Status.FIRED: "✓", Status.BLOCKED: "✗", Status.SILENT: "·", Status.NOT_REACHED: " "}


def code(name: str) -> str:
    """A diagnostic's code: what it means, why it matters, what to do, a bad and a good example."""
    from compiler.diagnostics import manual  # the examples are read only by those who ask for them

    return manual.explain(name)


def rule_ids() -> list[str]:
    """The ids of the table, in its order."""
    return [row.id for row in RULES]


def rule(name: str) -> str:
    """A rule: its phrase, when it is asked, what it does otherwise; empty for an unknown id."""
    row = next((row for row in RULES if row.id == name), None)
    if row is None:
        return ""
    lines = [f"{row.id}: {row.title}", ""]
    lines += [f"  {row.phrase}"] if row.phrase else []
    lines += [f"  {row.phrase_en}", ""]
    lines.append(f"asked    {_when(row)}")
    lines += [f"gap      {row.gap}"] if row.gap else []
    lines += [f"else     {row.otherwise}"] if row.otherwise else []
    summary = (row.predicate.__doc__ or "").split(": ", 1)[-1].strip()
    return "\n".join([*lines, "", summary[:1].upper() + summary[1:]])


def _when(row: Rule) -> str:
    return f"in the phase {' or '.join(row.asked_in)}" if row.asked_in else "first: it decides the phase"


def plan(made: Plan) -> str:
    """A spec's decision: goal → evidence → phase → stages, with the alternatives and why not."""
    body, selection = made.inputs.spec.spec, made.selection
    goal = body.goal.metrics[0]
    lines = [f"{made.name}: {verdict(made)}", f"├─ goal   {body.goal.task}", f"│         {goal.name} ≥ {goal.target:g}"]
    if body.gaps:
        lines.append(f"├─ gaps   {', '.join(gap.kind.value for gap in body.gaps)}")
    lines.append(f"├─ phase  {selection.phase}")
    lines += [line for each in decisive(selection) for line in _rule_lines(each)]
    for stage in made.stages:
        rules = ", ".join(stage.rules)
        lines.append(
            f"├─ stage  {stage.order} {stage.name}: {METHOD_NAMES[stage.method]} on `{stage.source}` ({rules})"
        )
        lines.append(f"│         {stage.job}")
        lines += [
            f"│         not {name}: {reason}"
            for name, reason in (alternatives(selection, stage) if stage.trains else [])
        ]
    lines += [f"├─ do     {text} ({rule_id})" for rule_id, text in selection.advice]
    silent = [each.rule.id for each in selection.trace if each.finding.status is Status.SILENT]
    lines.append(f"└─ silent {', '.join(silent) or 'none'}")
    return "\n".join(lines)


def _rule_lines(each: Traced) -> list[str]:
    head = f"│  {MARKS[each.finding.status]} {each.rule.id:<4} {each.finding.reason}"
    phrase = [f"│         “{each.rule.phrase}”"] if each.rule.phrase else []
    return [head, *phrase, *(f"│         {item.source}: {item.value}" for item in each.finding.evidence)]
