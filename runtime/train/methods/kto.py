"""Kahneman-Tversky optimisation: the model learns from single answers marked good or bad."""

import copy
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from runtime.contract.errors import StageError
from runtime.contract.training_stages import PlainStage
from runtime.data.examples import require_one_kind
from runtime.data.formats import Row
from runtime.data.preferences import fitting_rows, table_of
from runtime.data.rows import read_sources
from runtime.data.tokens import limit_of
from runtime.model.load import check_model_files, context_length, load_model, load_tokenizer
from runtime.stage.context import StageContext
from runtime.stage.curves import first_and_last
from runtime.stage.report import Outcome

_WEIGHTS = ("desirable_weight", "undesirable_weight")
_MAX_RATIO = 4 / 3  # of the weighted good answers to the weighted bad ones (KTO, arXiv 2402.01306, equation 8)


def run(stage: PlainStage, context: StageContext) -> Outcome:
    """Train on the stage's marked answers and save the adapter (or the whole model)."""
    context.events.emit("phase", name="check data")
    check_batch(stage.trainer)
    sources = read_sources(stage.data, context.volumes)
    require_one_kind(sources)
    balance = balance_of([row for each in sources for row in each.rows], stage.trainer)
    context.events.emit("balance", **balance)
    check_model_files(stage.model, context.volumes)

    # The imports below take seconds, and then a model loads: all early checks come before them.
    from trl.trainer.kto_config import KTOConfig
    from trl.trainer.kto_trainer import KTOTrainer

    from runtime.train.loop import CHECKPOINTS, train_and_save
    from runtime.train.setting_faults import settings_at_fault
    from runtime.train.trainer_args import lora_config, trainer_args

    weights = {name: balance[name] for name in _WEIGHTS}
    weighted = stage.model_copy(update={"trainer": {**stage.trainer, **weights}})
    args = trainer_args(KTOConfig, weighted, context.folder / CHECKPOINTS)
    context.events.emit("phase", name="prepare data")
    tokenizer = load_tokenizer(stage.model, context.volumes)
    limit = limit_of(args.max_length, context_length(stage.model, context.volumes))
    rows, _ = fitting_rows(sources, ("completion",), tokenizer, stage.model.path, limit)
    # The trainer reads rows in order and compares each with the others of its batch, so labels must be mixed.
    random.Random(stage.seed).shuffle(rows)  # noqa: S311  (a repeatable order, not a secret)
    left_over = rows.pop() if len(rows) % args.per_device_train_batch_size == 1 else None  # alone in the last batch
    peft_config = lora_config(stage, context.volumes)
    context.events.emit("phase", name="load model")
    model = load_model(stage.model, context.volumes)
    # With an adapter, the reference is the model without it. Without one, the trainer would reload the base model from
    # its folder and lose the merged adapters of earlier stages; the copy keeps them.
    reference = copy.deepcopy(model) if peft_config is None else None
    with settings_at_fault(stage):
        trainer = KTOTrainer(
            model=model,
            ref_model=reference,
            args=args,
            train_dataset=table_of(rows, ("prompt", "completion", "label")),
            processing_class=tokenizer,
            peft_config=peft_config,
        )
    outcome = train_and_save(trainer, context, has_adapter=peft_config is not None, rows=len(rows))
    curves = first_and_last(trainer.state.log_history, ("rewards/chosen", "rewards/rejected", "rewards/margins", "kl"))
    return replace(outcome, report={"balance": balance, "left_over": int(left_over is not None), "curves": curves})


def check_batch(trainer: dict[str, Any]) -> None:
    """Raise RUN702 for a batch of one.

    KTO estimates its reference point from the other answers of a batch.
    """
    has_reference_point = trainer.get("loss_type", "kto") != "apo_zero_unpaired"
    if has_reference_point and trainer.get("per_device_train_batch_size") == 1:
        message = "`trainer.per_device_train_batch_size` is 1, but KTO's reference point needs several answers at once"
        raise StageError("RUN702", message, "set it to 4 or more, and lower `gradient_accumulation_steps` to match")


def balance_of(rows: Sequence[Row], trainer: dict[str, Any]) -> dict[str, Any]:
    """Return the counts and weights of good and bad answers; RUN727 if only one kind exists.

    `ratio`, weighted good to weighted bad answers, should lie between 1 and 4/3 (arXiv 2402.01306, equation 8): the
    rarer kind gets the smallest weight that achieves this, unless `trainer` sets a weight. `contradicting` counts the
    answers that are marked both good and bad for the same prompt.
    """
    good = sum(row["label"] for row in rows)
    bad = len(rows) - good
    if not good or not bad:
        message = f"all {len(rows)} answers are marked {'good' if good else 'bad'}, but KTO needs both kinds"
        raise StageError("RUN727", message, f"add answers that are marked {'bad' if good else 'good'}")
    is_set = any(name in trainer for name in _WEIGHTS)
    ratio = good / bad
    desirable = max(1.0, 1 / ratio)
    undesirable = max(1.0, ratio / _MAX_RATIO)
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
