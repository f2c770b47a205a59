"""Explanations as text: a diagnostic's code, a rule of the table, the decision of a spec as a tree."""

from textwrap import wrap

from compiler.plan_model import Plan
from compiler.review import METHOD_NAMES, alternatives, decisive, gap_lines, verdict
from compiler.selection import Phase, Status, Traced
from compiler.selection.examples import example_lines
from compiler.selection.model import Rule
from compiler.selection.rules import RULES

WIDTH = 116
MARKS = {Status.FIRED: "✓", Status.BLOCKED: "✗", Status.SILENT: "·", Status.NOT_REACHED: " "}


def code(name: str) -> str:
    """A diagnostic's code: what it means, why it matters, what to do, a bad and a good example."""
    from compiler.diagnostics import manual  # the examples are read only by those who ask for them

    return manual.explain(name)


def rule_ids() -> list[str]:
    """The ids of the table, in its order."""
    return [row.id for row in RULES]


def rule(name: str) -> str:
    """A rule: its phrase, when it fires, what then, what blocks it, and a spec that fires it; empty for an unknown id."""
    row = next((row for row in RULES if row.id == name), None)
    if row is None:
        return ""
    lines = [f"{row.id}: {row.title}", ""]
    lines += [f"  {row.phrase}"] if row.phrase else []
    lines += [f"  {row.phrase_en}", ""]
    lines.append(f"asked    {asked(row)}")
    lines += [f"gap      {row.gap}"] if row.gap else []
    lines += [f"if       {row.condition}", f"then     {row.outcome}"]
    lines += [f"else     {row.otherwise}"] if row.otherwise else []
    return "\n".join([*lines, "", *example_lines(row.id)])


def asked(row: Rule) -> str:
    """When a rule is asked, in words."""
    if not row.asked_in:
        return "first: it decides the phase"
    return "in every phase" if len(row.asked_in) == len(Phase) else f"in the phase {' or '.join(row.asked_in)}"


def plan(made: Plan) -> str:
    """A spec's decision as a tree: goal → gaps → phase with its rules and their evidence → stages → what people do."""
    branches = [_goal(made), *([_gaps(made)] if gap_lines(made) else []), _phase(made)]
    branches += [_stages(made)] if made.stages else []
    branches += [_advice(made)] if made.selection.advice else []
    lines = [f"{made.name}: {verdict(made)}"]
    for branch in [*branches, _quiet(made)]:
        last = branch[0].startswith("did not fire")
        lines += [("└─ " if last else "├─ ") + branch[0], *(("   " if last else "│  ") + line for line in branch[1:])]
    return "\n".join(lines)


def _goal(made: Plan) -> list[str]:
    body = made.inputs.spec.spec
    metric = body.goal.metrics[0]
    return [f"goal  {body.goal.task}", f"      {metric.name} ≥ {metric.target:g}"]


def _gaps(made: Plan) -> list[str]:
    lines = []
    for kind, statement, how in gap_lines(made):
        state = "" if kind in made.selection.gaps or made.selection.phase is not Phase.TRAIN else " (does not count)"
        lines.append(f"  {kind}{state}{': ' if statement else ''}{statement}")
        lines += [f"    {line}" for line in wrap(how, WIDTH)]
    return ["gaps", *lines]


def _phase(made: Plan) -> list[str]:
    phases = " → ".join(f"[{each}]" if each is made.selection.phase else each for each in Phase)
    return [f"phase  {phases}", *(line for each in decisive(made.selection) for line in _rule_lines(each))]


def _rule_lines(each: Traced) -> list[str]:
    lines = [f"  {MARKS[each.finding.status]} {each.rule.id:<4} {each.rule.title}"]
    lines += [f"         {line}" for line in wrap(f"{each.finding.status}: {each.finding.reason}", WIDTH)]
    lines += [f"         “{each.rule.phrase}”"] if each.rule.phrase else []
    for item in each.finding.evidence:
        lines += wrap(f"{item.source}: {item.value}", WIDTH, initial_indent=" " * 11, subsequent_indent=" " * 13)
    return lines


def _stages(made: Plan) -> list[str]:
    lines = []
    for stage in made.stages:
        data = ", ".join(f"`{name}`" for name in stage.sources) or "rows of an earlier stage"
        state = f"  (finished: {stage.result.score})" if stage.result else ""
        lines.append(
            f"  {stage.order} {stage.name}: {METHOD_NAMES[stage.method]} on {data}, by {', '.join(stage.rules)}{state}"
        )
        lines.append(f"      {stage.job}")
        for name, reason in alternatives(made.selection, stage) if stage.trains else []:
            lines += wrap(f"not {name}: {reason}", WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 8)
    return ["stages", *lines]


def _advice(made: Plan) -> list[str]:
    return [
        "do",
        *(
            line
            for rule_id, text in made.selection.advice
            for line in wrap(f"- {text} ({rule_id})", WIDTH, initial_indent="  ", subsequent_indent="    ")
        ),
    ]


def _quiet(made: Plan) -> list[str]:
    """Rules that were asked and did not fire, each with its reason."""
    silent = [each for each in made.selection.trace if each.finding.status is Status.SILENT]
    return ["did not fire", *(f"  · {each.rule.id:<4} {each.finding.reason}" for each in silent)]
