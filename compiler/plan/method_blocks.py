"""Blocks of a stage config that only some methods have; a method's row names its blocks."""

from collections.abc import Callable, Mapping
from dataclasses import asdict

from compiler.plan.draft import Block, Draft
from compiler.plan.goal_blocks import guarded_metrics, measured_metrics
from compiler.plan.prompt_blocks import OPTIMIZE, optimizes, prompt_block, reflection_block, served_block
from compiler.plan.settings import answer_settings, generation_settings, values
from compiler.selection.probe_verdicts import probe_tests
from compiler.spec.inputs import Inputs
from compiler.spec.judged import agreements
from compiler.spec.methods import METHODS
from compiler.spec.methods.reinforcement import HELD_OUT_SHARE
from compiler.spec.schema.training_spec import RewardFunction
from compiler.spec.schema.types import GapKind, Shape


def method_blocks(draft: Draft) -> Block:
    """Return the blocks that the method's row names, in its order."""
    return {key: value for name in draft.method.blocks for key, value in _BLOCKS[name](draft).items()}


def learns_chains(draft: Draft, method: str) -> bool:
    """Return whether a chosen method learns reasoning chains, given or made by an earlier stage."""
    stages = draft.selection.stages
    choice = next((each for each in stages if each.method == method and METHODS[method].trains), None)
    if choice is None:
        return False
    sources = {each.name: each for each in draft.inputs.spec.spec.data}
    makers = [each for each in stages if each.method in choice.made_by]
    made = any(isinstance(makes := each.settings.get("makes"), Mapping) and "chain" in makes for each in makers)
    return made or any(sources[name].shape is Shape.CHAIN for name in choice.sources)


def _teacher(draft: Draft) -> Block:
    teacher = draft.inputs.spec.spec.teacher
    return {} if teacher is None else {"teacher": teacher.model_dump(exclude_none=True, exclude={"ask", "price"})}


def _serving_budget(draft: Draft) -> Block:
    """Return what calls of the served model may cost; empty without a limit, and where the weights answer."""
    serving = draft.inputs.spec.spec.serving
    if serving is None or serving.budget is None or not served_block(draft):
        return {}
    return {"budget": serving.budget.model_dump(exclude_none=True)}


def _verdicts(draft: Draft) -> Block:
    """Return the tests that decide each gap, with the limits of the spec."""
    body = draft.inputs.spec.spec
    tests = probe_tests(body.thresholds, body.goal.metrics[0].target)
    return {
        "verdicts": {
            name: [
                {"measure": measure, "limit": limit, "above": above}
                | ({"optional": True} if name == GapKind.UNTAUGHT and measure == "control" else {})
                for measure, limit, above in each
            ]
            for name, each in tests.items()
        }
    }


def _judge(draft: Draft) -> Block:
    """Return the judge, with the counts of its agreement with people by metric."""
    judge = draft.inputs.spec.spec.judge
    if judge is None:
        return {}
    counted = {name: asdict(each) for name, each in sorted(agreements(draft.inputs).items())}
    return {"judge": {**judge.model_dump(), **({"agreements": counted} if counted else {})}}


def _rewards(draft: Draft) -> Block:
    """Return the terms of the reward, and the digests of their files."""
    reward, code = draft.inputs.spec.spec.reward, draft.inputs.code
    if reward is None:
        return {}
    terms = {"rewards": [_reward(each, draft.inputs) for each in reward.functions]}
    return {**terms, **({"reward_code": dict(sorted(code.items()))} if code else {})}


def _reward(function: RewardFunction, inputs: Inputs) -> Block:
    """Return a term of the reward.

    Queries run on the metric's databases where its options name none.
    """
    options = dict(function.options)
    databases = next((each.databases for each in inputs.spec.spec.goal.metrics if each.databases), None)
    if function.use == "sql_execution" and databases is not None:
        options.setdefault("databases", databases)
    return {"use": function.use, "weight": function.weight, **({"options": options} if options else {})}


def _reward_model(draft: Draft) -> Block:
    return {"reward_model": draft.lineage.reward_model}


def _held_out_share(_: Draft) -> Block:
    return {"held_out_share": HELD_OUT_SHARE}


def _distillation(draft: Draft) -> Block:
    return {"distillation": {key: value for key, value in draft.choice.settings.items() if key != "start"}}


def _curriculum(draft: Draft) -> Block:
    return {"curriculum": draft.choice.settings["curriculum"]}


def _metrics(draft: Draft) -> Block:
    """Return the goal's metrics, with the answer marker where a stage learns chains or a prompt may ask for them.

    They are those that a Job measures; an evaluation has guarded metrics too.
    """
    prompted = optimizes(draft) or ("prompt" in draft.method.blocks and bool(prompt_block(draft)))
    chains = prompted or any(learns_chains(draft, each.method) for each in draft.selection.stages)
    marker = {"answer_marker": draft.inputs.spec.spec.evaluation.answer_marker} if chains else {}
    fields = {"name", "use", "options", "databases"}
    inputs, method = draft.inputs, draft.choice.method
    blocks = [each.model_dump(include=fields, exclude_defaults=True) for each in measured_metrics(inputs)]
    guarded = guarded_metrics(inputs) if method == "evaluate" else []
    code = dict(sorted(inputs.metric_code.items()))
    return {
        "metrics": [{**each, **marker} for each in (*blocks, *guarded)],
        **({"metric_code": code} if code else {}),
    }


def _generation(draft: Draft) -> Block:
    settings = answer_settings if draft.choice.method in ("evaluate", OPTIMIZE) else generation_settings
    return {"generation": values(settings(draft))}


_BLOCKS: dict[str, Callable[[Draft], Block]] = {
    "teacher": _teacher,
    "judge": _judge,
    "rewards": _rewards,
    "reward_model": _reward_model,
    "held_out_share": _held_out_share,
    "distillation": _distillation,
    "curriculum": _curriculum,
    "metrics": _metrics,
    "verdicts": _verdicts,
    "generation": _generation,
    "prompt": prompt_block,
    "served": served_block,
    "serving_budget": _serving_budget,
    "reflection": reflection_block,
}
