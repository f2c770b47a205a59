"""Proximal policy optimisation (arXiv 1707.06347).

Answers that score above expectation become likelier, token by token. A KL penalty keeps the policy near the initial
model. The trainer is in `runtime/train/ppo`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from runtime.contract.errors import StageError
from runtime.contract.training_stages import PpoStage
from runtime.data.rows import read_sources
from runtime.model.load import check_model_files, context_length, load_model, load_tokenizer
from runtime.model.reward_model import check_reward_model_files, load_reward_model
from runtime.scoring.rewards.rows import Prompts, check_rewards, reward_prompts
from runtime.scoring.rewards.scorer import Scorer
from runtime.stage.context import StageContext
from runtime.stage.curves import first_and_last
from runtime.stage.report import Outcome
from runtime.train.completions import CompletionLog
from runtime.train.reward_signals import signal_report

# The total score of each answer, and the scores of each term, given rows, texts and tokens.
Scored = tuple[list[float], Mapping[str, Sequence[float | None]]]
Judge = Callable[[Sequence[int], Sequence[str], Sequence[Sequence[int]]], Scored]

CURVES = ("reward", "kl", "explained_variance", "clip_fraction", "entropy", "completions/mean_length")


def run(stage: PpoStage, context: StageContext) -> Outcome:
    """Train on the stage's prompts and save the adapter (or the whole model)."""
    if context.world > 1 and stage.distributed.strategy != "ddp":
        message = f"`distributed.strategy` is `{stage.distributed.strategy}`, but PPO samples from unsharded models"
        raise StageError("RUN757", message, "set `sharding: ddp` in the cluster profile, or use GRPO")
    context.events.emit("phase", name="check data")
    prompts = reward_prompts(read_sources(stage.data, context.volumes), stage.rewards)
    check_model_files(stage.model, context.volumes)
    if stage.reward_model is not None:
        check_reward_model_files(stage.reward_model, context.volumes)
        return _train(stage, context, prompts, None)
    with Scorer(stage.rewards, context.volumes, stage.reward_code) as scorer:
        context.events.emit("phase", name="check rewards", isolation=scorer.isolation)
        check_rewards(scorer, prompts)
        return _train(stage, context, prompts, scorer)


def _train(stage: PpoStage, context: StageContext, prompts: Prompts, scorer: Scorer | None) -> Outcome:
    # The imports below take seconds, and then a model loads: all early checks come before them.
    from datasets import Dataset

    from runtime.model.prompts import prompts_of
    from runtime.train.loop import CHECKPOINTS, train_and_save
    from runtime.train.ppo.config import PPOConfig
    from runtime.train.ppo.trainer import PPOTrainer
    from runtime.train.reward_watch import RewardWatch
    from runtime.train.setting_faults import settings_at_fault
    from runtime.train.trainer_args import lora_config, trainer_args

    args = trainer_args(PPOConfig, stage, context.folder / CHECKPOINTS)
    peft_config = lora_config(stage, context.volumes)
    tokenizer = load_tokenizer(stage.model, context.volumes)
    asked = prompts_of(
        prompts.asked,
        tokenizer,
        answer_tokens=args.max_completion_length,
        context=context_length(stage.model, context.volumes),
        setting="max_completion_length",
    )
    context.events.emit("phase", name="load model")
    model = load_model(stage.model, context.volumes)

    context.events.emit("phase", name="prepare data")
    rows = [{"row": row, "prompt_ids": ids} for row, ids in enumerate(asked)]
    judge = _functions(scorer, prompts) if scorer else _reward_model(stage, context, prompts)
    log = CompletionLog(context, every=args.steps_per_rollout)

    def reward(rows: Sequence[int], completion_ids: Sequence[Sequence[int]]) -> list[float]:
        texts = tokenizer.batch_decode([list(ids) for ids in completion_ids], skip_special_tokens=True)
        totals, terms = judge(rows, texts, completion_ids)
        asked = [prompts.prompts[row] for row in rows]
        log.note(trainer.state.global_step, trainer.state.max_steps, asked, texts, terms, totals)
        return totals

    with settings_at_fault(stage):
        trainer = PPOTrainer(
            model=model,
            args=args,
            train_dataset=Dataset.from_list(rows),
            processing_class=tokenizer,
            reward=reward,
            peft_config=peft_config,
        )
    outcome = train_and_save(
        trainer,
        context,
        has_adapter=peft_config is not None,
        rows=len(rows),
        watch=RewardWatch(context, stage.zero_spread_steps),
    )
    history = trainer.state.log_history
    return replace(outcome, report={"curves": first_and_last(history, CURVES), **signal_report(history)})


def _functions(scorer: Scorer, prompts: Prompts) -> Judge:
    """Return the weighted sum of the reward functions."""

    def scores_of(rows: Sequence[int], texts: Sequence[str], completion_ids: Sequence[Sequence[int]]) -> Scored:
        columns = {**prompts.columns_at(rows), "completion_ids": completion_ids}
        answers = [prompts.answer(row, text) for row, text in zip(rows, texts, strict=True)]
        scores = scorer.score([prompts.prompts[row] for row in rows], answers, columns)
        return scorer.sums(scores), dict(zip(scorer.names, scores, strict=True))

    return scores_of


def _reward_model(stage: PpoStage, context: StageContext, prompts: Prompts) -> Judge:
    """Return the score of the reward model, which was trained from the same base as the policy."""
    model = load_reward_model(stage.reward_model or "", stage.model, context.volumes)

    def scores_of(rows: Sequence[int], texts: Sequence[str], _: Sequence[Sequence[int]]) -> Scored:
        found = model.scores([prompts.prompts[row] for row in rows], texts)
        scores = [_finite(score, stage.reward_model) for score in found]
        return scores, {"reward model": scores}

    return scores_of


def _finite(score: float, reward_model: str | None) -> float:
    if not math.isfinite(score):
        message = f"reward model `{reward_model}` returned the score `{score}`"
        raise StageError("RUN758", message, "train the reward model again at a lower `learning_rate`")
    return score
