"""Mutants of the table of rules: each breaks one thing, and the decision table has to notice it.

A mutant is judged by the decision alone (phase, stages, warnings, advice, what is left out or attached), not by the
trace, in which a missing rule would always be seen.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from selection.decisions.case import Case, differences
from selection.decisions.classes import CLASSES
from selection.decisions.gates import WITHOUT_P0
from selection.decisions.readings import READINGS
from selection.decisions.table import CASES
from selection.decisions.world import LIMITS

from compiler.selection import Status, select
from compiler.selection.facts import Facts
from compiler.selection.model import Advise, Effect, Finding, Rule, blocked, fired, silent
from compiler.selection.rules import RULES
from compiler.spec.schema.thresholds import Thresholds

Table = tuple[Rule, ...]
# a limit of whole things moves by one, one of shares by a hundredth
STEP = {int: 1, float: 0.01}
_UNNAMED = re.compile(r"`[^`]*`|[\d,]+")
# limits of what makes a probe count at all; `tests/selection/decisions/test_progress.py` holds them through a whole compile
ELSEWHERE = {"probe_prompts", "probe_samples"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutant:
    """A change of one kind, named by what it breaks, and whether the decision table notices it."""

    kind: str
    name: str
    killed: Callable[[], bool]


def unbroken() -> list[str]:
    """Return what the decision table reports for the unchanged rules; mutants mean something only if it is empty."""
    return [case.id for case in CASES if differences(case, select(case.facts))]


def mutants() -> Iterator[Mutant]:
    """Every mutant, by kind."""
    for index, rule in enumerate(RULES):
        yield _table("rule removed", rule.id, RULES[:index] + RULES[index + 1 :])
    for rule in RULES:
        yield _table("fires never", rule.id, _with(rule, _never))
        yield _table("blocks instead of firing, without effects", rule.id, _with(rule, _blocks), trace=True)
        yield _table("fires instead of staying silent", rule.id, _with(rule, _always), trace=True)
    effects = _effects()
    for rule in RULES:
        for what in sorted(effects[rule.id]):
            yield _table("effect dropped", f"{rule.id} {what}", _with(rule, _without(what)))
    for name in Thresholds.model_fields:
        for sign in (1, -1):
            if name not in ELSEWHERE:
                yield _limit(name, sign)


def swaps() -> Iterator[Mutant]:
    """Each rule changed with the next one: where that changes no decision, their order is free."""
    for index, (one, other) in enumerate(pairwise(RULES)):
        table = (*RULES[:index], other, one, *RULES[index + 2 :])
        yield _table("changed with the next rule", f"{one.id} and {other.id}", table)


def score(found: Counter[tuple[str, bool]]) -> list[str]:
    """Killed of all, for each kind and together."""
    kinds = list(dict.fromkeys(kind for kind, _ in found))
    lines = [f"{kind:<44} {found[kind, True]:>4} of {found[kind, True] + found[kind, False]:>4}" for kind in kinds]
    killed = sum(found[kind, True] for kind in kinds)
    return [*lines, f"{'all':<44} {killed:>4} of {found.total():>4}  ({killed / found.total():.1%})"]


def _table(kind: str, name: str, table: Table, *, trace: bool = False) -> Mutant:
    without_p0 = tuple(rule for rule in table if rule.id != "P0")

    def killed() -> bool:
        return _differ(CASES, table, trace) or _differ(WITHOUT_P0, without_p0, trace)

    return Mutant(kind=kind, name=name, killed=killed)


def _differ(cases: tuple[Case, ...], table: Table, trace: bool) -> bool:
    return any(differences(case, select(case.facts, table), trace=trace) for case in cases)


def _limit(name: str, sign: int) -> Mutant:
    value = getattr(LIMITS, name)
    moved = value + sign * STEP[type(value)]
    changed = LIMITS.model_copy(update={name: moved})

    def killed() -> bool:
        at_default = (case for case in CASES if name not in case.facts.thresholds.model_fields_set)
        return not all(case.holds(changed) for case in (*READINGS, *CLASSES)) or any(
            differences(case, select(_limited(case.facts, name, moved))) for case in at_default
        )

    return Mutant(kind="threshold moved", name=f"{name} {value:g} → {moved:g}", killed=killed)


def _limited(facts: Facts, name: str, value: float) -> Facts:
    return replace(facts, thresholds=facts.thresholds.model_copy(update={name: value}))


def _with(rule: Rule, change: Callable[[Finding], Finding]) -> Table:
    """The table with one rule's findings changed."""

    def predicate(facts: Facts) -> Finding:
        return change(rule.predicate(facts))

    return tuple(replace(each, predicate=predicate) if each is rule else each for each in RULES)


def _never(finding: Finding) -> Finding:
    return silent(finding.reason, *finding.evidence) if finding.status is Status.FIRED else finding


def _blocks(finding: Finding) -> Finding:
    return blocked(finding.reason, finding.evidence) if finding.status is Status.FIRED else finding


def _always(finding: Finding) -> Finding:
    return fired(finding.reason, finding.evidence) if finding.status is Status.SILENT else finding


def _without(what: str) -> Callable[[Finding], Finding]:
    def change(finding: Finding) -> Finding:
        return replace(finding, effects=tuple(each for each in finding.effects if _named(finding, each) != what))

    return change


def _effects() -> dict[str, set[str]]:
    """Every effect that each rule has in any case, by what it does and the status that it comes with."""
    found: dict[str, set[str]] = {rule.id: set() for rule in RULES}
    for case in (*CASES, *WITHOUT_P0):
        for each in select(case.facts).trace:
            found[each.rule.id] |= {_named(each.finding, effect) for effect in each.finding.effects}
    return found


def _named(finding: Finding, effect: Effect) -> str:
    """`AddStage dpo when fired`; pieces of advice differ by their first words, whatever they name or count."""
    detail = getattr(effect, "method", None) or getattr(effect, "code", None) or ""
    if isinstance(effect, Advise):
        detail = " ".join(_UNNAMED.sub("…", effect.text).split()[:3])
    return f"{type(effect).__name__} {detail} when {finding.status}".replace("  ", " ")
