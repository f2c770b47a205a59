"""Explanations as text: a diagnostic code, a selection rule, or a spec's decision as a tree."""

from compiler.explain.rule_examples import example_lines
from compiler.explain.wrap import wrapped
from compiler.plan.model import Plan, Stage
from compiler.render.review import data_of, decisive, gap_lines, is_alternative, state_of, verdict
from compiler.selection import Phase, Selection, Status, Traced
from compiler.selection.model import Rule
from compiler.selection.rules import RULES
from compiler.spec.methods import METHODS
from compiler.spec.schema.types import Language

MARKS = {Status.FIRED: "✓", Status.BLOCKED: "✗", Status.SILENT: "·", Status.NOT_REACHED: " "}


def code(name: str) -> str:
    """Return a code's text: its title, why it matters, how to fix it, and an example."""
    from compiler.explain import diagnostics as manual  # only this function needs the examples

    return manual.explain(name)


def rule_ids() -> list[str]:
    """Return the ids of the rules, in the order of their table."""
    return [row.id for row in RULES]


def rule(name: str) -> str:
    """Return a rule's phrase, condition, outcomes and an example; empty for an unknown id."""
    row = next((row for row in RULES if row.id == name), None)
    if row is None:
        return ""
    lines = [f"{row.id}: {row.title}", ""]
    lines.append(f"  {row.phrase_en}")
    lines += [f"  {row.phrase}", ""] if row.phrase else [""]
    lines.append(f"when     {evaluated_when(row)}")
    lines += [f"gap      {row.gap}"] if row.gap else []
    lines += [f"if       {row.condition}", f"then     {row.outcome}"]
    lines += [f"but      {row.otherwise}"] if row.otherwise else []
    return "\n".join([*lines, "", *example_lines(row.id)])


def evaluated_when(row: Rule) -> str:
    """Return when a rule is evaluated, in words."""
    if row.gate:
        return "first: it decides the phase" + ("; and for the list of data to collect" if row.evaluated_in else "")
    return "in every phase" if len(row.evaluated_in) == len(Phase) else f"in the phase {' or '.join(row.evaluated_in)}"


def plan(made: Plan) -> str:
    """Return a spec's decision as a tree: goal, phase, gaps with their methods, and alternatives."""
    shown: set[str] = set()
    branches = [_goal(made), _phase(made, shown)]
    branches += [_gap(made, line, shown) for line in gap_lines(made)]
    branches += [
        _other_rules(made, shown),
        _pipeline(made),
        _alternatives(made, shown),
        _advice(made),
        _silent(made, shown),
    ]
    kept = [branch for branch in branches if len(branch) > 1]
    lines = wrapped(f"{made.name}: {verdict(made)}", 0)
    for branch in kept:
        head, rest = ("└─ ", "   ") if branch is kept[-1] else ("├─ ", "│  ")
        first, *more = wrapped(branch[0], 0)
        lines += [head + first, *(rest + line for line in (*more, *branch[1:]))]
    return "\n".join(line.rstrip() for line in lines)


def _goal(made: Plan) -> list[str]:
    body = made.inputs.spec.spec
    metrics = ", ".join(f"{each.name} ≥ {each.target:g}" for each in body.goal.metrics)
    limits = body.goal.constraints.max_latency_ms
    return [f"goal  {body.goal.task}", *wrapped(f"{metrics}{f', answers within {limits:,} ms' if limits else ''}", 2)]


def _phase(made: Plan, shown: set[str]) -> list[str]:
    """Return the rules that decided the phase; outside the training phase, all rules that fired."""
    phases = " → ".join(f"[{each}]" if each is made.selection.phase else each for each in Phase)
    gates = [each for each in decisive(made.selection) if each.rule.gate or made.selection.phase is not Phase.TRAIN]
    return [f"phase  {phases}", *_rules(made, gates, shown)]


def _gap(made: Plan, line: tuple[str, str, str], shown: set[str]) -> list[str]:
    """Return one gap with its measurement, the rules that answer it, and their stages."""
    kind, statement, how = line
    lines = [f"gap  {kind}{': ' if statement else ''}{statement}", *wrapped(how, 2)]
    if made.selection.phase is not Phase.TRAIN:
        return lines
    if kind not in made.selection.gaps:
        return [*lines, "  the gap does not count"]
    answer = [each for each in decisive(made.selection) if each.rule.gap == kind]
    ids = {each.rule.id for each in answer}
    stages = [stage for stage in made.stages if not stage.evaluates and ids & {*stage.rules}]
    settled = {name for stage in stages for name in stage.rules}
    rules = [each for each in decisive(made.selection) if each in answer or each.rule.id in settled]
    lines += _rules(made, [each for each in rules if each.rule.gap in (None, kind)], shown)
    return lines + [line for stage in stages for line in wrapped(f"→ {stage.order} {_stage(stage)}", 2)]


def _stage(stage: Stage) -> str:
    where = "from" if stage.method == "load" else "on"
    rules = f" ({', '.join(stage.rules)})" if stage.rules else ""
    return f"{stage.name}: {METHODS[stage.method].title} {where} {data_of(stage)}{rules}{state_of(stage)}"


def _rules(made: Plan, found: list[Traced], shown: set[str]) -> list[str]:
    """Return rules with their reasons and evidence, each rule once per tree."""
    lines = []
    language = made.inputs.spec.metadata.reader_language
    for each in found:
        if each.rule.id in shown:
            continue
        shown.add(each.rule.id)
        lines += _rule(each, language)
    return lines


def _rule(each: Traced, language: Language) -> list[str]:
    """Return a rule with its reason, its phrase of the method and its evidence."""
    lines = wrapped(f"{MARKS[each.finding.status]} {each.rule.id}  {each.rule.title}", 2)
    lines += wrapped(f"{each.finding.status}: {each.finding.reason}", 6)
    lines += wrapped(each.rule.citation(language), 6) if each.rule.phrase else []
    for item in each.finding.evidence:
        lines += wrapped(f"· {item.source}: {item.value}", 6)
    return lines


def trace(selection: Selection, language: Language) -> str:
    """Return every rule with its finding, for a decision without a plan."""
    lines = [line for each in selection.trace for line in _rule(each, language)]
    return "\n".join(["every rule", *lines])


def _other_rules(made: Plan, shown: set[str]) -> list[str]:
    return ["also", *_rules(made, list(decisive(made.selection)), shown)]


def _pipeline(made: Plan) -> list[str]:
    lines = []
    for stage in made.stages:
        lines += wrapped(f"{stage.order} {_stage(stage)}", 2)
        lines += wrapped(stage.job, 6)
    return ["pipeline", *lines]


def _alternatives(made: Plan, shown: set[str]) -> list[str]:
    """Return the rules that were not chosen, with the reasons."""
    lines = []
    for each in made.selection.trace:
        if each.finding.status is Status.SILENT and is_alternative(each):
            shown.add(each.rule.id)
            lines += wrapped(f"· {each.rule.id}, {each.rule.title}: no, {each.finding.reason}", 2)
    return ["alternatives", *lines]


def _advice(made: Plan) -> list[str]:
    return ["do", *(line for rule_id, text in made.selection.advice for line in wrapped(f"- {text} ({rule_id})", 2))]


def _silent(made: Plan, shown: set[str]) -> list[str]:
    """Return the other rules that did not fire, with the reasons."""
    silent = [
        each for each in made.selection.trace if each.finding.status is Status.SILENT and each.rule.id not in shown
    ]
    lines = [line for each in silent for line in wrapped(f"· {each.rule.id}  {each.finding.reason}", 2)]
    return ["did not fire", *lines]
