"""The engine: evaluate the rules in order, and fold their effects into a selection."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from compiler.selection.facts import Facts, StageChoice
from compiler.selection.faults import Attribution
from compiler.selection.model import (
    AddStage,
    Advise,
    Attach,
    Conclude,
    Configure,
    EnterPhase,
    Finding,
    LeaveOut,
    Phase,
    Replace,
    Rule,
    Selection,
    Status,
    Traced,
    Warn,
)
from compiler.selection.predicates.goals import standing
from compiler.selection.rules import RULES
from compiler.spec.methods import METHODS
from compiler.spec.schema.types import GapKind
from runtime.contract.data.labels import LabelFilter

_ORDER = {method: place for place, method in enumerate(METHODS)}


def select(facts: Facts, rules: tuple[Rule, ...] = RULES) -> Selection:
    """Return the selection of the rules. Pure: the same facts give the same selection."""
    decision = _Decision(facts=facts)
    trace = [Traced(rule=rule, finding=_evaluate(rule, decision)) for rule in rules]
    decision.advice += _afterwards(facts, rules, trace)
    return Selection(
        # only a table without its last phase rule leaves this open; `prompt` is the cautious phase
        phase=decision.phase or Phase.PROMPT,
        goals=standing(facts),
        gaps=tuple(kind for kind in GapKind if kind in decision.facts.gaps),
        stages=_in_order(decision.stages),
        left_out=tuple(sorted(decision.left_out, key=str)),
        attached=tuple(decision.attached),
        advice=tuple(decision.advice),
        warnings=tuple(decision.warnings),
        results=facts.results,
        trace=tuple(trace),
    )


def _afterwards(facts: Facts, rules: tuple[Rule, ...], trace: list[Traced]) -> list[tuple[str, str]]:
    """Return what follows once the faults that C1 names are fixed, by today's figures."""
    if not any(each.rule.id == "C1" and each.finding.status is Status.FIRED for each in trace):
        return []
    fixed = replace(
        facts,
        attribution=Attribution(rows=facts.attribution.remaining, remaining=facts.attribution.remaining),
        badcase_groups=tuple(each for each in facts.badcase_groups if not each.at_fault),
        measures={name: value for name, value in facts.measures.items() if name != "gold_output"},
    )
    later = select(fixed, tuple(each for each in rules if each.id != "C1"))
    titles = " → ".join(METHODS[each.method].title for each in later.stages if METHODS[each.method].trains)
    what = f"training ({titles})" if titles else f"the {later.phase} phase"
    return [("C1", f"then compile again: by today's figures, {what} follows")]


@dataclass(slots=True)
class _Decision:
    """The selection so far; conclusions and choices refine `facts`."""

    facts: Facts
    phase: Phase | None = None
    stages: dict[str, StageChoice] = field(default_factory=dict)
    left_out: set[LabelFilter] = field(default_factory=set)
    attached: list[str] = field(default_factory=list)
    advice: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[Warn] = field(default_factory=list)


def _evaluate(rule: Rule, decision: _Decision) -> Finding:
    if decision.phase is None and not rule.gate:
        return Finding(status=Status.NOT_REACHED, reason="no phase is decided yet")
    if decision.phase is not None and decision.phase not in rule.evaluated_in:
        return Finding(status=Status.NOT_REACHED, reason=f"the plan is in the {decision.phase} phase")
    finding = rule.predicate(decision.facts)
    if finding.status in (Status.FIRED, Status.BLOCKED):
        _apply(rule.id, finding, decision)
        chosen = tuple(sorted(decision.stages.values(), key=_place))
        decision.facts = replace(decision.facts, chosen=chosen, left_out=frozenset(decision.left_out))
    return finding


def _apply(rule_id: str, finding: Finding, decision: _Decision) -> None:
    for effect in finding.effects:
        match effect:
            case EnterPhase(phase):
                decision.phase = phase
            case Conclude(gaps):
                decision.facts = replace(decision.facts, gaps=gaps)
            case LeaveOut(labels):
                decision.left_out.add(labels)
            case AddStage():
                _add(rule_id, effect, decision)
            case Configure() if effect.method in decision.stages:
                stage = decision.stages[effect.method]
                settings = _merged(stage.settings, effect.settings)
                decision.stages[effect.method] = replace(
                    stage, settings=settings, rules=_joined(stage.rules, (rule_id,))
                )
            case Replace():
                _replace(rule_id, effect, decision)
            case Attach(name):
                decision.attached.append(name)
            case Advise(text):
                decision.advice.append((rule_id, text))
            case Warn():
                decision.warnings.append(effect)


def _add(rule_id: str, effect: AddStage, decision: _Decision) -> None:
    new = StageChoice(
        method=effect.method,
        sources=effect.sources,
        made_by=effect.made_by,
        rules=(rule_id,),
        on_policy=effect.on_policy,
    )
    known = decision.stages.get(effect.method)
    decision.stages[effect.method] = _united(known, new) if known else new


def _replace(rule_id: str, effect: Replace, decision: _Decision) -> None:
    gone = decision.stages.pop(effect.method, None)
    if gone is None or not effect.by:
        return
    new = StageChoice(
        method=effect.by,
        sources=gone.sources if effect.sources is None else effect.sources,
        made_by=gone.made_by if effect.made_by is None else effect.made_by,
        rules=_joined(gone.rules, (rule_id,)),
    )
    known = decision.stages.get(effect.by)
    decision.stages[effect.by] = _united(known, new) if known else new


def _united(one: StageChoice, other: StageChoice) -> StageChoice:
    return replace(
        one,
        sources=_joined(one.sources, other.sources),
        made_by=_joined(one.made_by, other.made_by),
        rules=_joined(one.rules, other.rules),
        settings=_merged(one.settings, other.settings),
        on_policy=one.on_policy and other.on_policy,
    )


def _joined(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return (*one, *(each for each in other if each not in one))


def _in_order(stages: Mapping[str, StageChoice]) -> tuple[StageChoice, ...]:
    """Return the stages in running order; chains that mix into SFT join its stage."""
    kept = dict(stages)
    for method in stages:
        into = METHODS[method].mixed_into
        if into in kept:
            kept[into] = _united(kept[into], kept.pop(method))
    return tuple(sorted(kept.values(), key=_place))


def _place(stage: StageChoice) -> float:
    """Return the sort key of a stage.

    One that samples the trained policy runs right before the one that needs it.
    """
    if stage.on_policy:
        return _ORDER[METHODS[stage.method].on_policy_before] - 0.5
    return _ORDER[stage.method]


def _merged(old: Mapping[str, object], new: Mapping[str, object]) -> dict[str, object]:
    merged = dict(old)
    for key, value in new.items():
        before = merged.get(key)
        merged[key] = _merged(before, value) if isinstance(before, Mapping) and isinstance(value, Mapping) else value
    return merged
