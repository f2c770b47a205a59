"""Group-relative policy optimisation (arXiv 2402.03300).

Of several answers to a prompt, those that score above the group's mean become likelier.
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
from runtime.scoring.rewards.scorer import Scorer, Scores
from runtime.scoring.rewards.text import text_of
from runtime.stage.context import StageContext
from runtime.stage.report import Outcome
from runtime.train.completions import CompletionLog
from runtime.train.reward_signals import signal_report

_MEAN = re.compile(r"rewards/.+/mean")


def run(stage: GrpoStage, context: StageContext) -> Outcome:
    """Train on the stage's prompts and save the adapter (or the whole model)."""
    context.events.emit("phase", name="check data")
    prompts = reward_prompts(read_sources(stage.data, context.volumes), stage.rewards)
    check_model_files(stage.model, context.volumes)
    _check_settings(stage)
    with Scorer(stage.rewards, context.volumes, stage.reward_code) as scorer:
        context.events.emit("phase", name="check rewards", isolation=scorer.isolation)
        check_rewards(scorer, prompts)
        return _train(stage, context, prompts, scorer)


def _train(stage: GrpoStage, context: StageContext, prompts: Prompts, scorer: Scorer) -> Outcome:
    # The imports below take seconds, and then a model loads: all early checks come before them.
    from trl.trainer.grpo_config import GRPOConfig
    from trl.trainer.grpo_trainer import GRPOTrainer

    from runtime.model.prompts import prompts_of
    from runtime.model.stops import set_vllm_stops
    from runtime.train.loop import CHECKPOINTS, train_and_save
    from runtime.train.reward_watch import RewardWatch
    from runtime.train.setting_faults import settings_at_fault
    from runtime.train.trainer_args import lora_config, trainer_args

    args = trainer_args(GRPOConfig, stage, context.folder / CHECKPOINTS)
    args.reward_weights = scorer.weights
    peft_config = lora_config(stage, context.volumes)
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
    set_vllm_stops(args, model)
    # With an adapter, the reference is the model without it. Without one, the trainer would reload the base model from
    # its folder and lose the merged adapters of earlier stages; the copy keeps them.
    needs_copy = peft_config is None and args.beta != 0.0 and bool(stage.model.adapters)
    reference = copy.deepcopy(model) if needs_copy else None

    context.events.emit("phase", name="prepare data")
    with settings_at_fault(stage):
        trainer = GRPOTrainer(
            model=model,
            reward_funcs=_terms(scorer, prompts, CompletionLog(context, every=steps_per_generation(args))),
            args=args,
            train_dataset=table_of(rows, ("prompt", "row")),
            processing_class=tokenizer,
            peft_config=peft_config,
        )
    if reference is not None:
        trainer.ref_model = trainer.accelerator.prepare_model(reference.eval(), evaluation_mode=True)
    outcome = train_and_save(
        trainer,
        context,
        has_adapter=peft_config is not None,
        rows=len(rows),
        save_every=steps_per_generation(args),
        watch=RewardWatch(context, stage.zero_spread_steps),
    )
    history = trainer.state.log_history
    return dataclasses.replace(outcome, report={"reward": reward_curves(history), **signal_report(history)})


def _terms(scorer: Scorer, prompts: Prompts, log: CompletionLog) -> list[Callable[..., Scores]]:
    """Return the terms of the reward as the trainer calls them, one after the other on the same completions.

    `row` gives the prompt of each completion. The rows themselves stay out of the trainer's table, which allows one
    type per column: rows from several files may mix types. The last term passes the scores of all terms to `log`, and
    raises RUN752 if no term applies to a row, which the trainer would score 0.
    """
    found: dict[str, Scores] = {}

    def term(index: int) -> Callable[..., Scores]:
        def reward(
            *, completions: list[Any], completion_ids: list[list[int]], row: list[int], trainer_state: Any, **_: Any
        ) -> Scores:
            columns = {**prompts.columns_at(row), "completion_ids": completion_ids}
            asked = [prompts.prompts[at] for at in row]
            scores = found[scorer.names[index]] = scorer.score_term(index, asked, completions, columns)
            if index + 1 == len(scorer.names):
                step, steps = trainer_state.global_step, trainer_state.max_steps
                log.note(step, steps, asked, list(map(text_of, completions)), found, scorer.sums(list(found.values())))
            return scores

        reward.__name__ = scorer.names[index]
        return reward

    return [term(index) for index in range(len(scorer.names))]


def reward_curves(history: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return the means of each logged reward over the first and the last tenth of the steps.

    The rewards are the total and its terms. A tenth has at least 5 steps, because single steps see different prompts
    and are noisy.
    """
    names = sorted({name for entry in history for name in entry if name == "reward" or _MEAN.fullmatch(name)})
    curves = {}
    for name in names:
        values = [float(entry[name]) for entry in history if entry.get(name) is not None]
        if not values:
            continue
        count = min(len(values), max(5, len(values) // 10))
        curves[name] = {"first": math.fsum(values[:count]) / count, "last": math.fsum(values[-count:]) / count}
    return curves


def steps_per_generation(args: Any) -> int:
    """Return the number of optimiser steps from one generation of answers to the next.

    It generates for `steps_per_generation` x `num_iterations` batches at once and holds unused answers in memory only,
    so a checkpoint in between could not be resumed exactly.
    """
    batches: int = args.steps_per_generation * args.num_iterations
    return math.lcm(batches, args.gradient_accumulation_steps) // int(args.gradient_accumulation_steps)


def _check_settings(stage: GrpoStage) -> None:
    if stage.trainer.get("use_vllm") and importlib.util.find_spec("vllm") is None:
        message = "`trainer.use_vllm` is set, but vLLM is not installed"
        hint = "use an image with vLLM, or remove `use_vllm` to generate with transformers"
        raise StageError("RUN756", message, hint)
