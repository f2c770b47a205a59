"""Group-relative policy optimisation (arXiv 2402.03300): of several answers to a prompt, those that score above the
group's mean become likelier.
"""

import copy
import dataclasses
import importlib.util
import math
import re
from collections.abc import Callable
from typing import Any

from runtime.contract.errors import StageError
from runtime.contract.training_stages import GrpoStage
from runtime.data.preferences import table_of
from runtime.data.rows import read_sources
from runtime.model.load import check_model_files, context_length, load_model, load_tokenizer
from runtime.scoring.rewards.rows import Prompts, check_rewards, reward_prompts
from runtime.scoring.rewards.scorer import Scorer
from runtime.stage.context import StageContext
from runtime.stage.report import Outcome

_MEAN = re.compile(r"rewards/.+/mean")


def run(stage: GrpoStage, context: StageContext) -> Outcome:
    """Train on the stage's prompts and save the adapter (or the whole model) under the output folder."""
    context.events.emit("phase", name="check data")
    prompts = reward_prompts(read_sources(stage.data, context.volumes), stage.rewards)
    check_model_files(stage.model, context.volumes)
    _check_settings(stage)
    with Scorer(stage.rewards, context.volumes, stage.reward_code) as scorer:
        context.events.emit("phase", name="check rewards", isolation=scorer.isolation)
        check_rewards(scorer, prompts)
        return _train(stage, context, prompts, scorer)


def _train(stage: GrpoStage, context: StageContext, prompts: Prompts, scorer: Scorer) -> Outcome:
    # From here on a stage costs seconds of imports, then a model in memory: nothing that can fail early comes later.
    from trl.trainer.grpo_config import GRPOConfig
    from trl.trainer.grpo_trainer import GRPOTrainer

    from runtime.model.prompts import prompts_of
    from runtime.train.loop import CHECKPOINTS, train_and_save
    from runtime.train.trainer_args import lora_config, trainer_args

    args = trainer_args(GRPOConfig, stage, context.folder / CHECKPOINTS)
    args.reward_weights = scorer.weights
    peft_config = lora_config(stage.peft)
    tokenizer = load_tokenizer(stage.model, context.volumes)
    rows = [{**row, "row": index} for index, row in enumerate(prompts.asked)]
    prompts_of(
        rows,
        tokenizer,
        answer_tokens=args.max_completion_length,
        context=context_length(stage.model, context.volumes),
        setting="max_completion_length",
    )
    context.events.emit("phase", name="load model")
    model = load_model(stage.model, context.volumes)
    # With an adapter the reference is the model without it. Without one the trainer loads the base model again, and
    # so loses the merged adapters of earlier stages: the copy keeps them.
    is_lost = peft_config is None and args.beta != 0.0 and bool(stage.model.adapters)
    reference = copy.deepcopy(model) if is_lost else None

    context.events.emit("phase", name="prepare data")
    trainer = GRPOTrainer(
        model=model,
        reward_funcs=[_term(scorer, index, prompts) for index in range(len(scorer.names))],
        args=args,
        train_dataset=table_of(rows, ("prompt", "row")),
        processing_class=tokenizer,
        peft_config=peft_config,
    )
    if reference is not None:
        trainer.ref_model = trainer.accelerator.prepare_model(reference.eval(), evaluation_mode=True)
    outcome = train_and_save(
        trainer, context, has_adapter=peft_config is not None, rows=len(rows), save_every=steps_a_generation(args)
    )
    return dataclasses.replace(outcome, report={"reward": rewards_told(trainer.state.log_history)})


def _term(scorer: Scorer, index: int, prompts: Prompts) -> Callable[..., list[float | None]]:
    """One term of the reward as the trainer calls it; `row` says which prompt each completion answers.

    Rows stay on this side: a table of the trainer's has one type a column, which rows from several files may not.
    """

    def reward(
        *, completions: list[Any], completion_ids: list[list[int]], row: list[int], **_: Any
    ) -> list[float | None]:
        columns = {**prompts.columns_at(row), "completion_ids": completion_ids}
        return scorer.score_term(index, [prompts.prompts[at] for at in row], completions, columns)

    reward.__name__ = scorer.names[index]
    return reward


def rewards_told(history: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return each logged reward (all terms, and each of them) as its mean over the first and over the last tenth of the
    steps, at least 5: single steps see other prompts, so they jump.
    """
    names = sorted({name for entry in history for name in entry if name == "reward" or _MEAN.fullmatch(name)})
    told = {}
    for name in names:
        values = [float(entry[name]) for entry in history if entry.get(name) is not None]
        count = min(len(values), max(5, len(values) // 10))
        told[name] = {"first": math.fsum(values[:count]) / count, "last": math.fsum(values[-count:]) / count}
    return told


def steps_a_generation(args: Any) -> int:
    """Return how many optimiser steps lie between two moments at which the trainer holds no answers back.

    It generates for `steps_per_generation` x `num_iterations` batches at once, and keeps what it has not used yet in
    memory only: a checkpoint in between could not be resumed exactly.
    """
    batches: int = args.steps_per_generation * args.num_iterations
    return math.lcm(batches, args.gradient_accumulation_steps) // int(args.gradient_accumulation_steps)


def _check_settings(stage: GrpoStage) -> None:
    if stage.trainer.get("use_vllm") and importlib.util.find_spec("vllm") is None:
        message = "`trainer.use_vllm` is set, and vLLM is not installed"
        raise StageError("RUN756", message, "use an image with vLLM, or drop `use_vllm` to generate with transformers")
