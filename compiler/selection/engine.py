"""The engine: asks the table's rules in order, keeps a trace of every one, and folds their effects into a selection."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from compiler.selection.facts import Facts
from compiler.selection.model import (
    AddStage,
    Advise,
    Configure,
    EnterPhase,
    Finding,
    Phase,
    Replace,
    Rule,
    Selection,
    StageChoice,
    Status,
    Traced,
    Warn,
)
from compiler.selection.rules import RULES, STAGE_ORDER


def select(facts: Facts, rules: tuple[Rule, ...] = RULES) -> Selection:
    """Decide the phase and the training stages. Pure: the same facts give the same selection."""
    draft = _Draft()
    trace = [Traced(rule=rule, finding=_ask(rule, facts, draft)) for rule in rules]
    stages = sorted(draft.stages.values(), key=lambda stage: STAGE_ORDER.index(stage.method))
    return Selection(
        # a table without its last gate has no answer but the cautious one
        phase=draft.phase or Phase.PROMPT,
        stages=tuple(stages),
        advice=tuple(draft.advice),
        warnings=tuple(draft.warnings),
        trace=tuple(trace),
    )


@dataclass(slots=True)
class _Draft:
    phase: Phase | None = None
    stages: dict[str, StageChoice] = field(default_factory=dict)
    advice: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[Warn] = field(default_factory=list)


def _ask(rule: Rule, facts: Facts, draft: _Draft) -> Finding:
    if draft.phase is not None and draft.phase not in rule.asked_in:
        return Finding(status=Status.NOT_REACHED, reason=f"the plan is in the {draft.phase} phase already")
    if draft.phase is None and rule.asked_in:
        return Finding(status=Status.NOT_REACHED, reason="no gate was passed")
    finding = rule.predicate(facts)
    if finding.status in (Status.FIRED, Status.BLOCKED):
        _apply(rule.id, finding, draft)
    return finding


def _apply(rule_id: str, finding: Finding, draft: _Draft) -> None:
    for effect in finding.effects:
        match effect:
            case EnterPhase(phase):
                draft.phase = phase
            case AddStage():
                _add(rule_id, effect.method, effect.source, draft)
            case Configure() if effect.method in draft.stages:
                stage = draft.stages[effect.method]
                settings = _merged(stage.settings, effect.settings)
                draft.stages[effect.method] = replace(stage, settings=settings, rules=(*stage.rules, rule_id))
            case Replace():
                _replace(rule_id, effect, draft)
            case Advise(text):
                draft.advice.append((rule_id, text))
            case Warn():
                draft.warnings.append(effect)


def _add(rule_id: str, method: str, source: str, draft: _Draft) -> None:
    """Add a stage; where another rule already chose the method, it only joins the rules behind it."""
    known = draft.stages.get(method)
    rules = (*known.rules, rule_id) if known else (rule_id,)
    draft.stages[method] = (
        replace(known, rules=rules) if known else StageChoice(method=method, source=source, rules=rules)
    )


def _replace(rule_id: str, effect: Replace, draft: _Draft) -> None:
    gone = draft.stages.pop(effect.method, None)
    if gone and effect.by:
        _add(gone.rules[0], effect.by, effect.source, draft)
        _add(rule_id, effect.by, effect.source, draft)


def _merged(old: Mapping[str, object], new: Mapping[str, object]) -> dict[str, object]:
    merged = dict(old)
    for key, value in new.items():
        before = merged.get(key)
        merged[key] = _merged(before, value) if isinstance(before, Mapping) and isinstance(value, Mapping) else value
    return merged
