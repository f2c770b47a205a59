"""What PLAN.md shows: the plan as plain rows for the review template."""

import json

from compiler import __version__
from compiler.plan_model import Plan, Stage
from compiler.selection import Phase, Selection, Status, Traced
from compiler.selection.rules import RULES_VERSION

METHOD_NAMES = {"sft": "SFT", "dpo": "DPO", "kto": "KTO", "evaluate": "evaluation"}


def verdict(plan: Plan) -> str:
    """The answer of the plan in one sentence."""
    selection = plan.selection
    match selection.phase:
        case Phase.TRAIN if not selection.stages:
            return "do not train yet: every method that the gaps ask for is blocked"
        case Phase.TRAIN:
            chain = " → ".join(METHOD_NAMES[stage.method] for stage in selection.stages)
            return f"train: {chain}, {len(plan.stages)} Jobs, each training stage behind an evaluation gate"
        case Phase.DONE:
            return "done: the target is met, nothing to run"
        case Phase.PROMPT:
            return "do not train yet: work on the prompt first"
        case Phase.COLLECT:
            return "do not train yet: collect what is missing first"


def decisive(selection: Selection) -> tuple[Traced, ...]:
    """The rules that fired or were blocked, in the table's order."""
    return tuple(each for each in selection.trace if each.finding.status in (Status.FIRED, Status.BLOCKED))


def alternatives(selection: Selection, stage: Stage) -> list[tuple[str, str]]:
    """What else could have been done in the place of a training stage, and why not."""
    rejected = [
        (f"{each.rule.id} {each.rule.title}", each.finding.reason)
        for each in selection.trace
        if each.rule.id not in stage.rules and each.finding.status in (Status.SILENT, Status.BLOCKED) and _is_way(each)
    ]
    others = [
        (
            f"{other.rules[0]} alone",
            f"its gap comes beside this one; `{other.method}` has a stage of its own in this plan",
        )
        for other in selection.stages
        if other.method != stage.method
    ]
    return rejected + others


def _is_way(each: Traced) -> bool:
    """Whether a rule names another way to go on: another method, the prompt, or nothing at all."""
    return each.rule.gap is not None or each.rule.id in ("P0", "DONE", "D2")


def review_context(plan: Plan) -> dict[str, object]:
    """The context of `templates/review/PLAN.md.j2`."""
    traced = {each.rule.id: each for each in plan.selection.trace}
    return {
        "plan": plan,
        "body": plan.inputs.spec.spec,
        "profile": plan.inputs.profile,
        "files": plan.inputs.files,
        "verdict": verdict(plan),
        "phases": list(Phase),
        "decisive": decisive(plan.selection),
        "traced": traced,
        "alternatives": lambda stage: alternatives(plan.selection, stage),
        "shown": shown_value,
        "version": __version__,
        "rules_version": RULES_VERSION,
        "method_names": METHOD_NAMES,
    }


def shown_value(value: object) -> str:
    """A setting's value as people read it: JSON, text without its quotes."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
