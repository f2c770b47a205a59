"""A decision for a tech lead, in at most 25 lines: verdict, cause, cost, what would flip it, and what to do."""

from dataclasses import dataclass, replace

from compiler.explain.cost import cost_of
from compiler.explain.wrap import wrapped
from compiler.pipeline.phases import Decided
from compiler.render.review import decisive, verdict
from compiler.selection import Phase, Status, Traced
from compiler.selection.facts import Facts
from compiler.selection.figures import Measure
from compiler.selection.gather import facts_of
from compiler.selection.predicates.goals import closest_candidate
from compiler.selection.sensitivity.decision import decision_of
from compiler.selection.sensitivity.flips import flips
from compiler.selection.sensitivity.next_measurement import next_measurement
from compiler.spec.methods import METHODS
from compiler.spec.schema.types import GapKind

LINES, COLUMNS = 25, 80
NOT_MEASURED = "not measured"
LABEL = 9  # columns of a section's name
MOST_LINES_OF_AN_ITEM = 3


@dataclass(frozen=True, slots=True)
class Section:
    """A named list of items, the most important first; `least` of them are kept as long as others can go."""

    name: str
    items: tuple[str, ...]
    least: int = 2

    def lines(self) -> list[str]:
        """Return the section's lines, with its name beside the first."""
        lines = [line for item in self.items for line in _short(wrapped(item, LABEL, columns=COLUMNS, hang=2))]
        return [self.name.ljust(LABEL) + lines[0][LABEL:], *lines[1:]] if lines else []


def brief(decided: Decided, shown: str) -> str:
    """Return the decision in at most 25 lines of 80 columns; `shown` is the spec as `explain` takes it."""
    facts = facts_of(decided.inputs)
    head = _short(wrapped(f"{decided.inputs.spec.metadata.name}: {_verdict(decided, facts)}", 0, columns=COLUMNS))
    measurement = next_measurement(decided.inputs)
    sections = [
        Section("goal", _goals(facts), least=len(facts.goals)),
        Section("why", tuple(_causes(decided, facts)), least=4),
        Section("cost", (_cost(decided),)),
        Section("flips", tuple(f"{each.change}: {each.after.in_words}" for each in flips(decided.inputs))),
        Section("measure", (measurement.sentence.removeprefix("measure "),) if measurement else ()),
        Section("do", tuple(f"{text} ({rule})" for rule, text in decided.selection.advice)),
    ]
    last = f"more     trainspec explain {shown} --full"
    body_lines = [line for each in fitting(sections, LINES - len(head) - 1) for line in each.lines()]
    return "\n".join([*head, *body_lines, last])


def _goals(facts: Facts) -> tuple[str, ...]:
    """Return every goal with its figure, of the measured system that misses the fewest."""
    closest = closest_candidate(facts)
    scores = closest.scores if closest is not None else {}
    metrics = [f"{each.name} {scores.get(each.name, NOT_MEASURED)}, target {each.target:g}" for each in facts.goals]
    limits = [f"{each.field} {_amount(each.measured)}, at most {each.limit:g}" for each in facts.limits]
    guards = [f"{each.name} may fall by at most {each.margin:g}" for each in facts.guards]
    return (*metrics, *limits, *guards)


def _amount(measured: Measure | None) -> str:
    if measured is None:
        return NOT_MEASURED
    return f"{measured.value:,g} (95 % {measured.low:,g} to {measured.high:,g})"


def fitting(sections: list[Section], lines: int) -> list[Section]:
    """Return the sections shortened to a number of lines.

    The longest section above its `least` items loses its last one, then the longest of all; none loses its first.
    """
    kept = list(sections)
    while sum(len(each.lines()) for each in kept) > lines:
        above = [each for each in kept if len(each.items) > each.least]
        longest = max(above or [each for each in kept if len(each.items) > 1], key=_length, default=None)
        if longest is None:
            break
        kept[kept.index(longest)] = replace(longest, items=longest.items[:-1])
    return kept


def _length(section: Section) -> int:
    return len(section.lines())


def _short(lines: list[str]) -> list[str]:
    """Return an item's first lines; a longer item ends with `…`."""
    if len(lines) <= MOST_LINES_OF_AN_ITEM:
        return lines
    kept = lines[:MOST_LINES_OF_AN_ITEM]
    return [*kept[:-1], kept[-1][: COLUMNS - 2].rstrip(" ,;") + " …"]


def _verdict(decided: Decided, facts: Facts) -> str:
    if decided.plan is not None:
        return verdict(decided.plan)
    words = decision_of(facts).in_words
    return f"fix the errors of the spec first; as far as it can be read, the answer then is: {words}"


def _cost(decided: Decided) -> str:
    if decided.plan is None:
        return "unknown: the spec has errors"
    return cost_of(decided.plan).in_words


def _causes(decided: Decided, facts: Facts) -> list[str]:
    """Return the rule that decided the phase, then each gap with its answer, each with its evidence."""
    found = decisive(decided.selection)
    gates = [each for each in found if each.rule.gate and each.finding.status is Status.FIRED]
    causes = [_with_evidence(each) for each in gates]
    if decided.selection.phase is not Phase.TRAIN:
        return causes
    for kind in GapKind:
        if kind in facts.readings or kind in {each.kind for each in facts.declared}:
            causes += _gap(kind, [each for each in found if each.rule.gap is kind], decided, facts)
    return causes


def _gap(kind: GapKind, answers: list[Traced], decided: Decided, facts: Facts) -> list[str]:
    counts = kind in decided.selection.gaps
    declared = any(each.kind is kind for each in facts.declared)
    if not counts and not declared:
        return []
    ids = {each.rule.id for each in answers}
    methods = [METHODS[each.method].title for each in decided.selection.stages if ids & {*each.rules}]
    outcome = f" → {' and '.join(methods)}" if methods and counts else "" if counts else "; it does not count"
    blocked = [_why_blocked(each) for each in answers if each.finding.status is Status.BLOCKED]
    return [f"gap `{kind}`: {_measured(kind, facts)}{outcome}", *blocked]


def _why_blocked(each: Traced) -> str:
    """Return why a rule is blocked, with the first figure that it read from evidence."""
    figures = [item for item in each.finding.evidence if item.source.startswith("evidence/")]
    shown = [f" ({_figure(item.source)} {_needed(item.value)})" for item in figures[:1]]
    return f"{each.rule.id} is blocked: {each.finding.reason}{''.join(shown)}"


def _measured(kind: GapKind, facts: Facts) -> str:
    reading = facts.readings.get(kind)
    if reading is None:
        return "the spec declares it, nobody has measured it"
    figures = ", ".join(f"{_figure(each.source)} {_needed(each.value)}" for each in reading.evidence)
    return f"measured: {reading.verdict}, {figures}"


def _figure(source: str) -> str:
    """Return the name of a figure without its file: a field in backquotes, or the words after a colon."""
    return source.rpartition(": ")[2] if ": " in source else source.rpartition(" ")[2]


def _needed(value: str) -> str:
    """Return a figure without its interval: `0.910, at least 0.7 needed`."""
    figure, _, limit = value.partition(", ")
    return f"{figure.split(' (')[0]} ({limit})" if limit else figure


def _with_evidence(each: Traced) -> str:
    evidence = "; ".join(f"{item.source.removeprefix('evidence/')}: {item.value}" for item in each.finding.evidence[:1])
    return (
        f"{each.finding.reason} ({each.rule.id}; {evidence})" if evidence else f"{each.finding.reason} ({each.rule.id})"
    )
