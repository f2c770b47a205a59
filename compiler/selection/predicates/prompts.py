"""Predicates that match each class of badcases with a prompt technique."""

from compiler.selection.facts import BadcaseGroup, Evidence, Facts
from compiler.selection.model import Advise, Configure, Effect, Finding, LeaveOut, fired, silent
from compiler.selection.predicates.data import flow_control_rows
from compiler.spec.schema.types import BadcaseClass


def few_shot(facts: Facts) -> Finding:
    """P1: add few-shot examples for frequent or critical classes."""
    kinds = (BadcaseClass.CRITICAL, BadcaseClass.HIGH_FREQUENCY)
    return _technique(facts, kinds, "few-shot", "add typical badcases of {names} to the prompt as few-shot examples")


def rules_in_prompt(facts: Facts) -> Finding:
    """P2: add rules and limits for sporadic classes."""
    advice = "add explicit rules, limits and preferences for {names} to the prompt"
    return _technique(facts, (BadcaseClass.SPORADIC,), "rules", advice)


def restructure_prompt(facts: Facts) -> Finding:
    """P3: restructure the prompt for systemic classes."""
    advice = "restructure the prompt module for {names}: deliberation, step-by-step ReAct or an auxiliary chain"
    return _technique(facts, (BadcaseClass.SYSTEMIC,), "restructure", advice)


def flow_control(facts: Facts) -> Finding:
    """P4: fix faults in the agent's logic in code or prompt, never by training."""
    kind = BadcaseClass.FLOW_CONTROL
    groups, labelled = _groups_of(facts, (kind,)), flow_control_rows(facts)
    if not groups and not labelled:
        return silent("no badcase is a flow-control fault", _classes(facts))
    which = _names(groups) or f"class `{kind}`"
    effects: list[Effect] = [
        Advise(f"fix the agent's code or prompt for the cases of {which}; the plan does not train on them"),
        LeaveOut(kind),
    ]
    if not labelled:
        effects.append(Advise(f"label their rows `class: {kind}`, since only labelled rows are left out of training"))
    reason = f"{_count(groups) or labelled} badcases are flow-control faults, not faults of the model"
    rows = Evidence(source=f"rows labelled `{kind}`", value=str(labelled))
    return fired(reason, (_classes(facts), rows, *_reasons(groups)), *effects)


def _technique(facts: Facts, kinds: tuple[BadcaseClass, ...], technique: str, advice: str) -> Finding:
    groups = _groups_of(facts, kinds)
    if not groups:
        return silent(f"no badcase is of class {' or '.join(f'`{kind}`' for kind in kinds)}", _classes(facts))
    effects: list[Effect] = [Advise(advice.format(names=_names(groups)))]
    effects.append(
        Configure(method="optimize-prompt", settings={"techniques": {technique: [each.name for each in groups]}})
    )
    reason = f"{_count(groups)} badcases are {' or '.join(sorted({each.kind.value for each in groups}))}"
    return fired(reason, (_classes(facts), *_reasons(groups)), *effects)


def _groups_of(facts: Facts, kinds: tuple[BadcaseClass, ...]) -> list[BadcaseGroup]:
    return [each for each in facts.badcase_groups if each.kind in kinds]


def _count(groups: list[BadcaseGroup]) -> int:
    return sum(each.count for each in groups)


def _names(groups: list[BadcaseGroup]) -> str:
    return ", ".join(f"`{each.name}`" for each in groups)


def _classes(facts: Facts) -> Evidence:
    shown = ", ".join(_shown(each) for each in facts.badcase_groups)
    return Evidence(source="kinds of badcases", value=shown or "none labelled")


def _shown(group: BadcaseGroup) -> str:
    return f"{group.name} {group.count}" + (f" ({group.kind})" if group.name != group.kind else "")


def _reasons(groups: list[BadcaseGroup]) -> list[Evidence]:
    measured = [each for each in groups if each.name != each.kind]
    return [Evidence(source=f"`{each.name}` is {each.kind}", value=each.reason) for each in measured]
