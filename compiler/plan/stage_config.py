"""Stage configs: what the runtime reads, built out of a choice of the rules, defaults, and the spec's overrides."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic.alias_generators import to_camel

from compiler.plan.data_blocks import Lineage, evaluation_data, judged_data, source_data, spec_data, training_data
from compiler.plan.model import Setting, replays
from compiler.plan.settings import (
    distributed_settings,
    generation_settings,
    kept_of_rule,
    marker_settings,
    pair_settings,
    replay_settings,
    settings_of,
    teacher_settings,
    tracking_settings,
    trainer_defaults,
    values,
)
from compiler.selection import Selection, StageChoice
from compiler.spec.inputs import Inputs
from compiler.spec.methods.catalog import HELD_OUT_SHARE, PEFT, TRAINER, WORK
from compiler.spec.schema.training import MethodOverrides
from compiler.spec.schema.training_spec import RewardFunction
from compiler.spec.schema.types import Shape
from runtime.contract.methods import STAGE_SCHEMA


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """A config without its output's name, and its settings with their sources."""

    config: dict[str, object]
    settings: tuple[Setting, ...]


def training(inputs: Inputs, choice: StageChoice, selection: Selection, lineage: Lineage) -> Built:
    """The config of a stage that trains."""
    overrides = inputs.spec.spec.training.of(choice.method) or MethodOverrides()
    at = f"spec.training.{to_camel(choice.method.replace('-', '_'))}"
    full = overrides.tuning == "full"
    trainer = settings_of(
        trainer_defaults(choice.method, full=full),
        kept_of_rule(choice, overrides),
        choice.rules[-1],
        overrides.trainer,
        f"{at}.trainer",
    )
    adapter = overrides.peft.model_dump(exclude_none=True)
    peft = () if full else settings_of(PEFT, {}, "", adapter, f"{at}.peft")
    data = training_data(inputs, choice, selection, lineage)
    config = common(inputs, choice.method, lineage.adapters, data)
    marker = marker_settings(inputs) if any(block["shape"] == Shape.CHAIN for block in data) else ()
    config |= values(marker)
    if overrides.tuning == "qlora":
        config["model"] = {**config["model"], "quantization": "nf4"}  # type: ignore[dict-item]
    replay = replay_settings(choice, overrides, at, replays=replays(data))
    config |= _special(inputs, choice, lineage) | values(replay)
    config |= {"peft": None if full else values(peft), "trainer": values(trainer)}
    distributed = distributed_settings(inputs)
    if distributed:
        config["distributed"] = values(distributed)
    tracking = tracking_settings(inputs)
    config |= values(tracking)
    chosen = Setting(name="tuning", value=overrides.tuning, source=f"{at}.tuning")
    tuning = (chosen,) if overrides.tuning != "lora" else ()
    return Built(config=config, settings=(*distributed, *tracking, *tuning, *marker, *replay, *trainer, *peft))


def pairs(inputs: Inputs, choice: StageChoice, selection: Selection, lineage: Lineage) -> Built | None:
    """The config of the stage that makes or filters the pairs of `choice`; None where given ones are used as is."""
    overrides = inputs.spec.spec.training.of(choice.method) or MethodOverrides()
    settings = pair_settings(choice, overrides, f"spec.training.{to_camel(choice.method)}")
    if not settings or not choice.sources:
        return None
    data = spec_data(inputs, choice, selection)
    config = common(inputs, "pairs", lineage.adapters, data) | {"pairs": values(settings)}
    return Built(config=config, settings=settings)


def work(inputs: Inputs, choice: StageChoice, selection: Selection, lineage: Lineage) -> Built:
    """The config of a stage that makes data or measures."""
    table = {each.name: each for each in settings_of(WORK[choice.method], choice.settings, choice.rules[-1], {}, "")}
    shapes = {each.shape for each in inputs.spec.spec.data if each.name in choice.sources}
    if choice.method in ("teacher", "sample"):  # an answer that is longer could not be right
        table |= {each.name: each for each in generation_settings(inputs)}
    if choice.method == "teacher" and inputs.spec.spec.teacher is not None:
        table = teacher_settings(table, inputs.spec.spec.teacher)
    if "keep" in table and table["keep"].value == "verified" and Shape.PROMPT in shapes:
        source = "rows of shape `prompt` hold no answer to check by"
        table["keep"] = Setting(name="keep", value="all", source=source)
    if choice.method == "probe":
        limits = inputs.spec.spec.thresholds
        for name, value in (("samples", limits.probe_samples), ("prompts", limits.probe_prompts)):
            if f"probe_{name}" in limits.model_fields_set:
                source = f"spec.thresholds.probe{name.capitalize()}"
                table[name] = Setting(name=name, value=value, source=source)
    settings = tuple(table.values())
    judged = judged_data(inputs, choice) if choice.method == "preflight" else []
    data = [*source_data(inputs, choice, selection, lineage), *judged]
    config = common(inputs, choice.method, lineage.adapters, data) | _special(inputs, choice, lineage)
    config["metrics"] = metrics(inputs, selection)
    if choice.method == "preflight":
        config["generation"] = values(generation_settings(inputs))
    config["work"] = values(settings)
    return Built(config=config, settings=settings)


def evaluation(
    inputs: Inputs,
    selection: Selection,
    *,
    of: str,
    adapters: tuple[str, ...],
    baseline: str | None,
    gated: bool = True,
    prompt: str | None = None,
) -> Built:
    """The config of an evaluation of what `of` made; `prompt` is a file of the outputs volume of an earlier stage.

    One that is not `gated` informs: the plan goes on, unless general ability is lost.
    """
    goal = inputs.spec.spec.goal.metrics[0]
    generation = generation_settings(inputs)
    data = evaluation_data(inputs, selection)
    config = common(inputs, "evaluate", adapters, data) | {
        "generation": values(generation),
        "metrics": metrics(inputs, selection),
    }
    gate = {"metric": goal.name, "target": goal.target, "baseline": baseline}
    if gated:
        config["gate"] = gate
    elif any(block.get("role") == "general" for block in data):
        config["gate"] = gate | {"needs_gain": False}
    if of != "latent-cot" and _learns_chains(inputs, selection, of):
        config["without_chain"] = True
    if prompt is not None:
        config["prompt"] = {"path": prompt, "volume": "outputs"}
    return Built(config=config, settings=generation)


def metrics(inputs: Inputs, selection: Selection) -> list[dict[str, object]]:
    """The goal's metrics as stages read them; where chains are learnt, answers stand behind a marker."""
    body = inputs.spec.spec
    learnt = any(_learns_chains(inputs, selection, each.method) for each in selection.stages)
    marker = {"answer_marker": body.evaluation.answer_marker} if learnt else {}
    return [
        {**each.model_dump(include={"name", "databases"}, exclude_none=True), **marker} for each in body.goal.metrics
    ]


def _learns_chains(inputs: Inputs, selection: Selection, method: str) -> bool:
    """Whether a chosen method learns reasoning chains: given ones, or those that an earlier stage makes."""
    sources = {each.name: each for each in inputs.spec.spec.data}
    choice = next((each for each in selection.stages if each.method == method and method in TRAINER), None)
    if choice is None:
        return False
    makers = [each for each in selection.stages if each.method in choice.made_by]
    made = any(isinstance(makes := each.settings.get("makes"), Mapping) and "chain" in makes for each in makers)
    return made or any(sources[name].shape is Shape.CHAIN for name in choice.sources)


def common(inputs: Inputs, method: str, adapters: tuple[str, ...], data: list[dict[str, object]]) -> dict[str, object]:
    """What every config begins with."""
    body = inputs.spec.spec
    return {
        "schema": STAGE_SCHEMA,
        "plan": inputs.spec.metadata.name,
        "stage": "",
        "method": method,
        "output": "",
        "seed": body.seed,
        "model": {
            "path": body.model.path,
            "adapters": list(adapters),
            "dtype": "bfloat16" if inputs.profile.spec.gpu else "float32",
            "trust_remote_code": body.model.trust_remote_code,
        },
        "data": data,
    }


def _special(inputs: Inputs, choice: StageChoice, lineage: Lineage) -> dict[str, object]:
    """What only some methods need: a teacher, rewards, a curriculum."""
    body = inputs.spec.spec
    special: dict[str, object] = {}
    if choice.method in ("teacher", "distill") and body.teacher is not None:
        special["teacher"] = body.teacher.model_dump(exclude_none=True, exclude={"ask"})
    if choice.method in ("grpo", "ppo", "preflight") and body.reward is not None:
        special["rewards"] = [_reward(each, inputs) for each in body.reward.functions]
        special |= {"reward_code": dict(sorted(inputs.code.items()))} if inputs.code else {}
    if choice.method == "ppo":
        special["reward_model"] = lineage.reward_model
    if choice.method == "reward":
        special["held_out_share"] = HELD_OUT_SHARE
    if choice.method == "distill":
        special["distillation"] = {key: value for key, value in choice.settings.items() if key != "start"}
    if "curriculum" in choice.settings:
        special["curriculum"] = choice.settings["curriculum"]
    return special


def _reward(function: RewardFunction, inputs: Inputs) -> dict[str, object]:
    """A term of the reward; queries are run on the databases of the metric, where its options name none."""
    options = dict(function.options)
    databases = next((each.databases for each in inputs.spec.spec.goal.metrics if each.databases), None)
    if function.use == "sql_execution" and databases is not None:
        options.setdefault("databases", databases)
    return {"use": function.use, "weight": function.weight, **({"options": options} if options else {})}
