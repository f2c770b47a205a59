"""Stage configs, built from the rules' choice, defaults and the spec's overrides."""

from dataclasses import replace

from compiler.plan.data_blocks import (
    control_data,
    evaluation_data,
    forbidden_data,
    judged_data,
    source_data,
    spec_data,
    training_data,
)
from compiler.plan.draft import Block, Built, Draft
from compiler.plan.goal_blocks import gate_block, measured_guards
from compiler.plan.method_blocks import learns_chains, method_blocks
from compiler.plan.prompt_blocks import OPTIMIZE, budget_block, budget_settings, prompt_data, served_block
from compiler.plan.settings import (
    answer_settings,
    distributed_settings,
    marker_settings,
    pair_settings,
    peft_settings,
    replay_settings,
    spread_settings,
    tracking_settings,
    trainer_settings,
    tuning_settings,
    values,
)
from compiler.plan.work_settings import work_settings
from compiler.spec.schema.types import Shape
from runtime.contract.methods import STAGE_SCHEMA
from runtime.contract.metrics import GENERAL_GUARD


def training_config(draft: Draft) -> Built:
    """Return the config of a stage that trains."""
    data = training_data(draft)
    distributed, tracking = distributed_settings(draft), tracking_settings(draft)
    marker, replay, spread = marker_settings(draft, data), replay_settings(draft, data), spread_settings(draft)
    trainer, peft = trainer_settings(draft), peft_settings(draft)
    config = _joined(
        config_head(draft, data),
        values(marker),
        method_blocks(draft),
        values(replay),
        values(spread),
        {"peft": values(peft) or None, "trainer": values(trainer)},
        {"distributed": values(distributed)} if distributed else {},
        values(tracking),
    )
    settings = (*distributed, *tracking, *tuning_settings(draft), *marker, *replay, *spread, *trainer, *peft)
    return Built(config=config, settings=settings)


def pairs_config(draft: Draft) -> Built | None:
    """Return the config of the stage that makes or filters pairs; None for unchanged given pairs."""
    settings = pair_settings(draft)
    if not settings or not draft.choice.sources:
        return None
    maker = replace(draft, choice=replace(draft.choice, method="pairs"))
    return Built(config=_joined(config_head(maker, spec_data(maker)), {"pairs": values(settings)}), settings=settings)


def work_config(draft: Draft) -> Built:
    """Return the config of a stage that makes data or measures."""
    if draft.choice.method == OPTIMIZE:
        return _optimization_config(draft)
    settings = work_settings(draft)
    data = [*source_data(draft), *judged_data(draft), *forbidden_data(draft), *control_data(draft)]
    return Built(
        config=_joined(config_head(draft, data), method_blocks(draft), {"work": values(settings)}), settings=settings
    )


def _optimization_config(draft: Draft) -> Built:
    """Return the config of a prompt optimisation."""
    settings, data = work_settings(draft), prompt_data(draft)
    work = values(settings)
    budget = budget_block(draft, data, work)
    config = _joined(config_head(draft, data), method_blocks(draft), {"budget": budget, "work": work})
    return Built(config=config, settings=(*settings, *budget_settings(draft, data, work, budget)))


def evaluation_config(
    draft: Draft,
    *,
    of: str,
    baseline: str | None,
    base: str | None,
    gated: bool = True,
    prompt: str | None = None,
) -> Built:
    """Return the config of an evaluation of the stage `of`.

    `baseline`: the evaluation Job that the gain is measured against. `base`: that of the base model, which guards
    compare with. `gated`: whether only a gain continues the plan; otherwise it continues unless general ability is
    lost. `prompt`: an earlier stage's file on the outputs volume.
    """
    data = evaluation_data(draft)
    served = served_block(draft) if prompt is not None else {}
    if served:
        data = [each for each in data if each["shape"] != Shape.TEXT]  # an endpoint does not say how likely a text is
    config = _joined(
        config_head(draft, data),
        method_blocks(draft),
        _gate(draft, data, of=of, baseline=baseline, base=base, gated=gated),
        {"without_chain": True} if of != "latent-cot" and learns_chains(draft, of) else {},
        {} if prompt is None else {"prompt": {"path": prompt, "volume": "outputs"}},
        served,
    )
    return Built(config=config, settings=answer_settings(draft))


def _gate(draft: Draft, data: list[Block], *, of: str, baseline: str | None, base: str | None, gated: bool) -> Block:
    """Return the gate, if the stage has one.

    The base model has no guards: nothing has changed yet. After a stage that needs no gain only general ability is
    guarded: later stages compare the guarded metrics with the base model again.
    """
    guards = measured_guards(draft.inputs) if of != "base" else []
    guards = [each for each in guards if gated or each.name == GENERAL_GUARD]
    gate = gate_block(draft.inputs, baseline=baseline, base=base, guards=guards)
    if gated:
        return {"gate": gate}
    return {"gate": gate | {"needs_gain": False}} if any(block.get("role") == "general" for block in data) else {}


def config_head(draft: Draft, data: list[Block]) -> Block:
    """Return the blocks that every config begins with."""
    body = draft.inputs.spec.spec
    return {
        "schema": STAGE_SCHEMA,
        "plan": draft.inputs.spec.metadata.name,
        "stage": "",
        "method": draft.choice.method,
        "output": "",
        "seed": body.seed,
        "model": {
            "path": body.model.path,
            "adapters": list(draft.lineage.adapters),
            "dtype": "bfloat16" if draft.inputs.profile.spec.gpu else "float32",
            "trust_remote_code": body.model.trust_remote_code,
            **({"quantization": "nf4"} if draft.overrides.tuning == "qlora" else {}),
        },
        "data": data,
    }


def _joined(*blocks: Block) -> Block:
    """Return one config of all blocks, in their order."""
    return {name: value for block in blocks for name, value in block.items()}
