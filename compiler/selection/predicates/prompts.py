"""Predicates that match each class of badcases with a prompt technique."""

from compiler.diagnostics.wording import all_of, counted
from compiler.selection.facts import Facts
from compiler.selection.faults import BadcaseGroup, Fault
from compiler.selection.figures import Evidence
from compiler.selection.model import Advise, Configure, Effect, Finding, LeaveOut, fired, silent
from compiler.selection.predicates.components import attribution_evidence
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


def faults_elsewhere(facts: Facts) -> Finding:
    """P4: fix faults in the agent's logic or in components where they are, never by training."""
    faults = [each for each in facts.attribution.faults if each.is_known]
    unknown = [each for each in facts.attribution.faults if not each.is_known]
    state: list[Effect] = [Advise(f"say what runs in `{each.name}`, with `kind` in `spec.system`") for each in unknown]
    if not faults and not unknown:
        return silent("no badcase is a fault of the flow control or of a component", _classes(facts))
    if not faults:
        which = all_of(each.name for each in unknown)
        return fired(f"the spec does not say what runs in {which}", attribution_evidence(facts), *state)
    light = [each for each in faults if each.share < facts.thresholds.component_share]  # C1 advises on the others
    effects: list[Effect] = [Advise(_fix(each)) for each in light]
    effects += [LeaveOut(label) for each in faults for label in each.labels]
    if facts.attribution.unjoined:
        rows = counted(facts.attribution.unjoined, "badcase row")
        effects.append(
            Advise(f"label the `kind` or `component` of {rows}: nobody can say yet which of them are the model's")
        )
    which = " and ".join("the flow control" if each.is_flow_control else f"`{each.name}`" for each in faults)
    reason = f"some badcases are faults of {which}, not of the model"
    return fired(reason, attribution_evidence(facts), *effects, *state)


def _fix(fault: Fault) -> str:
    if fault.is_flow_control:
        what = "fix the agent's code or prompt for its flow-control faults"
        return f"{what}, and measure again; the plan does not train on them"
    return f"fix `{fault.name}` where it fails, and measure again; the plan does not train on these cases"


def _technique(facts: Facts, kinds: tuple[BadcaseClass, ...], technique: str, advice: str) -> Finding:
    groups = [each for each in facts.badcase_groups if each.kind in kinds and not each.at_fault]
    if not groups:
        return silent(f"no badcase is of class {' or '.join(f'`{kind}`' for kind in kinds)}", _classes(facts))
    effects: list[Effect] = [Advise(advice.format(names=_names(groups)))]
    effects.append(
        Configure(method="optimize-prompt", settings={"techniques": {technique: [each.name for each in groups]}})
    )
    reason = f"{_count(groups)} badcases are {' or '.join(sorted({each.kind.value for each in groups}))}"
    return fired(reason, (_classes(facts), *_reasons(groups)), *effects)


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
