"""A reward model: of two answers to a prompt, the one that people chose gets the higher score."""

import gc
from dataclasses import replace

from runtime.contract.stages import RewardStage
from runtime.data.examples import require_one_kind
from runtime.data.formats import Row
from runtime.data.preferences import fitting_rows, table_of
from runtime.data.questions import refuse_tools
from runtime.data.rows import read_sources
from runtime.data.tokens import limit_of
from runtime.model.load import check_model_files, context_length, load_tokenizer
from runtime.stage.context import StageContext
from runtime.stage.report import Outcome
from runtime.train.methods.agreement import agreement, hold_out, verdict

ANSWERS = ("chosen", "rejected")


def run(stage: RewardStage, context: StageContext) -> Outcome:
    """Train on the stage's pairs, save the model, and report how it agrees with the pairs that were held out.

    `pair_accuracy` is the metric. The gate stops the plan where it may be chance.
    """
    context.events.emit("phase", name="check data")
    sources = read_sources(stage.data, context.volumes)
    require_one_kind(sources)
    pairs = [row for source in sources for row in source.rows]
    refuse_tools(pairs, "reward models score answers")
    hold_out(pairs, stage.held_out_share, stage.seed)  # what cannot be parted is told at once
    check_model_files(stage.model, context.volumes)

    # From here on a stage costs seconds of imports, then a model in memory: nothing that can fail early comes later.
    from trl.trainer.reward_config import RewardConfig
    from trl.trainer.reward_trainer import RewardTrainer

    from runtime.model.reward_model import new_reward_model
    from runtime.train.loop import CHECKPOINTS, train_and_save
    from runtime.train.trainer_args import lora_config, trainer_args

    args = trainer_args(RewardConfig, stage, context.folder / CHECKPOINTS)
    peft_config = lora_config(stage.peft, scores=True)
    context.events.emit("phase", name="prepare data")
    tokenizer = load_tokenizer(stage.model, context.volumes)
    limit = limit_of(args.max_length, context_length(stage.model, context.volumes))
    rows, too_long = fitting_rows(sources, ANSWERS, tokenizer, stage.model.path, limit)
    train, held_out = hold_out(rows, stage.held_out_share, stage.seed)

    context.events.emit("phase", name="load model")
    model = new_reward_model(stage.model, context.volumes, tokenizer, stage.seed)
    trainer = RewardTrainer(
        model=model,
        args=args,
        train_dataset=table_of(train, ("prompt", *ANSWERS)),
        processing_class=tokenizer,
        peft_config=peft_config,
    )
    outcome = train_and_save(trainer, context, has_adapter=peft_config is not None, rows=len(train))
    del trainer, model  # the one that is asked is the one that was saved
    gc.collect()
    outcome = replace(outcome, report={"made_rows_too_long": too_long})
    return _with_agreement(outcome, stage, context, held_out) if context.is_main else outcome


def _with_agreement(outcome: Outcome, stage: RewardStage, context: StageContext, held_out: list[Row]) -> Outcome:
    """Add to `outcome` what the saved model makes of the held-out pairs."""
    from runtime.model.reward_model import load_reward_model

    context.events.emit("phase", name="score held-out pairs")
    scorer = load_reward_model(outcome.adapter or outcome.model or "", stage.model, context.volumes)
    prompts = [row["prompt"] for row in held_out]
    chosen, rejected = (scorer.scores(prompts, [_text(row[name]) for row in held_out]) for name in ANSWERS)
    accuracy, report = agreement(held_out, chosen, rejected)
    decision = verdict(accuracy)
    context.events.emit("agreement", accuracy=round(accuracy.value, 6), low=round(accuracy.low, 6), pairs=accuracy.n)
    told = {**outcome.report, "agreement": report}
    return replace(outcome, metrics={"pair_accuracy": accuracy}, report=told, gate=decision)


def _text(answer: str | list[dict[str, str]]) -> str:
    return answer if isinstance(answer, str) else answer[0]["content"]
