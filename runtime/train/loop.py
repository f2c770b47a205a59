"""The common part of every training stage: resume, train, detect a stop, save."""

import math
from typing import TYPE_CHECKING, Any

from runtime.contract.errors import StageError
from runtime.contract.training_stages import TrainingStage
from runtime.distributed.ranks import any_rank, from_rank_zero
from runtime.model.cpu import attend_short_rows_by_matrices, score_only_labelled_positions
from runtime.stage.context import StageContext
from runtime.stage.curves import first_and_last, median_of, write_steps
from runtime.stage.report import CHECKPOINTS as CHECKPOINTS
from runtime.stage.report import Outcome
from runtime.train.callbacks import StageCallback
from runtime.train.checkpoint import newest_whole
from runtime.train.save import save_weights
from runtime.train.setting_faults import settings_at_fault

if TYPE_CHECKING:
    from transformers import Trainer, TrainerCallback


_SCORES = ("reward", "eval_loss", "loss")  # their curves are the score of a training


def train_and_save(
    trainer: "Trainer",
    context: StageContext,
    *,
    has_adapter: bool,
    rows: int,
    save_every: int = 1,
    watch: "TrainerCallback | None" = None,
) -> Outcome:
    """Train to the end and save the weights; RUN740 if stopped.

    Resumes from the newest whole checkpoint, if one exists. `rows` is the number of rows passed to the trainer, so that
    the report can count dropped ones. Checkpoints fall on multiples of `save_every` steps. `watch` sees each step after
    its event, and may end the training.
    """
    from transformers.trainer_callback import PrinterCallback

    stage = context.stage
    assert isinstance(stage, TrainingStage)  # noqa: S101
    if trainer.args.use_cpu:
        score_only_labelled_positions()
        if trainer.args.bf16:
            attend_short_rows_by_matrices()
    _require_world(trainer, context)
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(StageCallback(context, save_every=save_every))
    if watch is not None:
        trainer.add_callback(watch)
    counts = _count_rows(trainer, rows)
    context.events.emit("data", **counts)
    newest = newest_whole(context.folder / CHECKPOINTS, context.config_sha256) if context.is_main else (None, [])
    checkpoint, discarded = from_rank_zero(newest)
    context.events.emit("phase", name="train", resumed_from=checkpoint and checkpoint.name, discarded=discarded)
    with context.stop.worth_waiting_for():
        start = trainer.state.global_step
        if not any_rank(context.stop.is_set):
            with settings_at_fault(stage, lambda: checkpoint is None and trainer.state.global_step == start):
                trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        state = trainer.state
        # A stopped `train()` returns like a finished one; only the step count differs.
        if state.global_step < state.max_steps or state.max_steps == 0:
            by = context.stop.signal_name or "a signal to another process"
            message = f"stopped by {by} at step {state.global_step} of {state.max_steps}"
            raise StageError("RUN740", message, "run the stage again: it resumes from the last checkpoint")
        context.events.emit("phase", name="save")
        figures = {**_figures(state.log_history), **counts}
        name = "adapter" if has_adapter else "model"
        figures["smoke_test"] = save_weights(trainer, context, context.folder / name, figures)
        if context.is_main:
            write_steps(state.log_history, context.folder)
    path = f"{context.folder.name}/{name}"
    return Outcome(
        steps=state.global_step,
        max_steps=state.max_steps,
        adapter=path if has_adapter else None,
        model=None if has_adapter else path,
        training=figures,
    )


def _require_world(trainer: "Trainer", context: StageContext) -> None:
    """Raise RUN703 if torch or the trainer sees another number of processes than the plan.

    Each process would train a separate model.
    """
    import torch

    several = torch.distributed.is_available() and torch.distributed.is_initialized()
    torch_world = torch.distributed.get_world_size() if several else 1
    worlds = {"the plan": context.world, "torch": torch_world, "the trainer": trainer.args.world_size}
    if len(set(worlds.values())) > 1:
        counts = ", ".join(f"{count} for {name}" for name, count in worlds.items())
        message = f"the numbers of processes that train together differ: {counts}"
        raise StageError("RUN703", message, "start the stage without a launcher: it starts its processes itself")
    if trainer.args.n_gpu > 1:  # the trainer would spread each batch over them, and so change the batch size
        message = f"one process sees {trainer.args.n_gpu} GPUs"
        raise StageError("RUN703", message, "set `CUDA_VISIBLE_DEVICES` to one GPU, or plan one process per GPU")


def _figures(history: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of all logged steps, including those before a resume.

    The trainer's own mean excludes those.
    """
    losses = [float(entry["loss"]) for entry in history if "loss" in entry]
    if not losses:
        return {"mean_loss": None, "final_loss": None}
    mean = sum(losses) / len(losses)
    if not math.isfinite(mean):
        hint = "lower `learning_rate`, or look for faulty rows in the data"
        raise StageError("RUN713", f"the mean loss is {mean}", hint)
    figures: dict[str, Any] = {"mean_loss": mean, "final_loss": losses[-1]}
    if (speed := median_of(history, "tokens_per_second")) is not None:
        trained = sum(int(entry.get("tokens", 0)) for entry in history)
        figures |= {"tokens_per_second": speed, "trained_tokens": trained}
    return {**figures, "curves": first_and_last(history, _SCORES)}


def _count_rows(trainer: "Trainer", rows: int) -> dict[str, int]:
    """Return the counts of kept and dropped rows; RUN712 if no row remains.

    The trainer silently drops rows whose prompt fills `max_length`.
    """
    prepared: Any = trainer.train_dataset
    limit = getattr(trainer.args, "max_length", None)
    lengths = _lengths(prepared)
    if len(prepared) == 0:
        message = f"no row of {rows} remains: each prompt alone fills `max_length` ({limit} tokens)"
        raise StageError("RUN712", message, "raise `trainer.max_length`, or shorten the prompts")
    if lengths is None:  # prompts that the trainer tokenizes during training
        return {"rows": rows, "sequences": len(prepared), "dropped": max(0, rows - len(prepared))}
    counts = {"rows": rows, "sequences": len(lengths), "dropped": max(0, rows - len(lengths)), "tokens": sum(lengths)}
    return {**counts, "at_max_length": 0 if limit is None else sum(length >= limit for length in lengths)}


def _lengths(prepared: Any) -> list[int] | None:
    """Return the number of tokens of each sequence; None if the rows are not tokenized yet.

    A sequence is a row, a pair's prompt with its longer answer, or a row inside a packed one.
    """
    columns = set(prepared.column_names)
    if "seq_lengths" in columns:
        return [length for block in prepared["seq_lengths"] for length in block]
    if "input_ids" in columns:
        return [len(ids) for ids in prepared["input_ids"]]
    answers = [prepared[name] for name in ("completion_ids", "chosen_ids", "rejected_ids") if name in columns]
    if not answers:
        return None
    prompts = prepared["prompt_ids"] if "prompt_ids" in columns else [[]] * len(prepared)
    return [len(prompt) + max(map(len, ids)) for prompt, *ids in zip(prompts, *answers, strict=True)]
