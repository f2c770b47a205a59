"""Kahneman-Tversky optimisation: the model learns from single answers that people marked good or bad."""

import copy
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from runtime.contract.errors import StageError
from runtime.contract.training_stages import KtoStage
from runtime.data.examples import require_one_kind
from runtime.data.formats import Row
from runtime.data.preferences import fitting_rows, table_of
from runtime.data.rows import read_sources
from runtime.data.tokens import limit_of
from runtime.model.load import check_model_files, context_length, load_model, load_tokenizer
from runtime.stage.context import StageContext
from runtime.stage.report import Outcome
from runtime.stage.steps import first_and_last

_WEIGHTS = ("desirable_weight", "undesirable_weight")
_MOST = 4 / 3  # of the weighted good answers to the weighted bad ones (KTO, arXiv 2402.01306, equation 8)


def run(stage: KtoStage, context: StageContext) -> Outcome:
    """Train on the stage's marked answers and save the adapter (or the whole model) under the output folder."""
    context.events.emit("phase", name="check data")
    check_batch(stage.trainer)
    sources = read_sources(stage.data, context.volumes)
    require_one_kind(sources)
    balance = balance_of([row for each in sources for row in each.rows], stage.trainer)
    context.events.emit("balance", **balance)
    check_model_files(stage.model, context.volumes)

    # From here on a stage costs seconds of imports, then a model in memory: nothing that can fail early comes later.
    from trl.trainer.kto_config import KTOConfig
    from trl.trainer.kto_trainer import KTOTrainer

    from runtime.train.loop import CHECKPOINTS, train_and_save
    from runtime.train.trainer_args import lora_config, trainer_args

    weights = {name: balance[name] for name in _WEIGHTS}
    weighted = stage.model_copy(update={"trainer": {**stage.trainer, **weights}})
    args = trainer_args(KTOConfig, weighted, context.folder / CHECKPOINTS)
    context.events.emit("phase", name="prepare data")
    tokenizer = load_tokenizer(stage.model, context.volumes)
    limit = limit_of(args.max_length, context_length(stage.model, context.volumes))
    rows, _ = fitting_rows(sources, ("completion",), tokenizer, stage.model.path, limit)
    # The trainer reads rows in their order, and compares each with a batch's others: labels must be mixed.
    random.Random(stage.seed).shuffle(rows)  # noqa: S311  (an order that can be repeated, no secret)
    left_over = rows.pop() if len(rows) % args.per_device_train_batch_size == 1 else None  # alone in the last batch
    peft_config = lora_config(stage.peft)
    context.events.emit("phase", name="load model")
    model = load_model(stage.model, context.volumes)
    # With an adapter the reference is the model without it. Without one the trainer would load the base model from its
    # folder again, and so lose the merged adapters of earlier stages: the copy keeps them.
    reference = copy.deepcopy(model) if peft_config is None else None
    trainer = KTOTrainer(
        model=model,
        ref_model=reference,
        args=args,
        train_dataset=table_of(rows, ("prompt", "completion", "label")),
        processing_class=tokenizer,
        peft_config=peft_config,
    )
    outcome = train_and_save(trainer, context, has_adapter=peft_config is not None, rows=len(rows))
    signals = first_and_last(trainer.state.log_history, ("rewards/chosen", "rewards/rejected", "rewards/margins", "kl"))
    return replace(outcome, report={"balance": balance, "left_over": int(left_over is not None), "signals": signals})


def check_batch(trainer: dict[str, Any]) -> None:
    """RUN702 for a batch of one: the reference point is estimated from answers to other prompts of the batch."""
    has_reference_point = trainer.get("loss_type", "kto") != "apo_zero_unpaired"
    if has_reference_point and trainer.get("per_device_train_batch_size") == 1:
        message = "`trainer.per_device_train_batch_size` is 1: KTO's reference point needs several answers at once"
        raise StageError("RUN702", message, "set it to 4 or more, and lower `gradient_accumulation_steps` if need be")


def balance_of(rows: Sequence[Row], trainer: dict[str, Any]) -> dict[str, Any]:
    """Count good and bad answers and weigh them; RUN727 where there is only one of the two.

    `ratio`, the weighted good to the weighted bad, is to lie between 1 and 4/3 (arXiv 2402.01306, equation 8): the
    smallest weight that brings it there is given to the rarer kind, unless `trainer` sets a weight. `contradicting`
    counts the answers that were marked good for a prompt, and bad for the same.
    """
    good = sum(row["label"] for row in rows)
    bad = len(rows) - good
    if not good or not bad:
        message = f"all {len(rows)} answers are marked {'good' if good else 'bad'}: there is nothing to tell apart"
        raise StageError("RUN727", message, "add answers that are marked the other way")
    is_set = any(name in trainer for name in _WEIGHTS)
    ratio = good / bad
    desirable = max(1.0, 1 / ratio)
    undesirable = max(1.0, ratio / _MOST)
    if is_set:
        desirable, undesirable = (float(trainer.get(name, 1.0)) for name in _WEIGHTS)
    votes: dict[str, set[bool]] = {}
    for row in rows:
        votes.setdefault(repr((row["prompt"], row["completion"])), set()).add(row["label"])
    return {
        "desirable": good,
        "undesirable": bad,
        "desirable_weight": desirable,
        "undesirable_weight": undesirable,
        "ratio": round(ratio * desirable / undesirable, 6) if undesirable else None,
        "weights_from": "the plan" if is_set else "the counts",
        "contradicting": sum(len(each) > 1 for each in votes.values()),
    }
