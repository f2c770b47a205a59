"""The part of a training stage that is the same for every trainer: resume, train, tell done from stopped, save."""

import math
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.callbacks import StageCallback
from runtime.checkpoint import newest_whole
from runtime.context import StageContext
from runtime.cpu import score_only_labelled_positions
from runtime.errors import StageError
from runtime.files import finish_folder
from runtime.report import Outcome

if TYPE_CHECKING:
    from transformers import Trainer

CHECKPOINTS = "checkpoints"


def train_and_save(trainer: "Trainer", context: StageContext, *, has_adapter: bool, rows: int) -> Outcome:
    """Train to the end, from the newest whole checkpoint if there is one, and save the weights; RUN740 if stopped.

    `rows` counts the rows that the trainer was given, so that those which it dropped can be told.
    """
    from transformers.trainer_callback import PrinterCallback

    if trainer.args.use_cpu:
        score_only_labelled_positions()
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(StageCallback(context))
    counts = _count_rows(trainer, rows)
    context.events.emit("data", **counts)
    checkpoint, discarded = newest_whole(context.folder / CHECKPOINTS, context.config_sha256)
    context.events.emit("phase", name="train", resumed_from=checkpoint and checkpoint.name, discarded=discarded)
    if not context.stop.is_set:
        result = trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    state = trainer.state
    # A stopped `train()` returns like a finished one: only the step count tells them apart.
    if state.global_step < state.max_steps or state.max_steps == 0:
        message = f"stopped by {context.stop.signal_name} at step {state.global_step} of {state.max_steps}"
        raise StageError("RUN740", message, "run the stage again: it goes on from the last checkpoint")
    if not math.isfinite(result.training_loss):
        raise StageError(
            "RUN713", f"the mean loss is {result.training_loss}", "lower `learning_rate`, or look for faulty rows"
        )

    context.events.emit("phase", name="save")
    name = "adapter" if has_adapter else "model"
    _save(trainer, context.folder / name)
    shutil.rmtree(context.folder / CHECKPOINTS, ignore_errors=True)
    path = f"{context.folder.name}/{name}"
    return Outcome(
        steps=state.global_step,
        max_steps=state.max_steps,
        adapter=path if has_adapter else None,
        model=None if has_adapter else path,
        training={"mean_loss": result.training_loss, "final_loss": _final_loss(state.log_history), **counts},
    )


def _count_rows(trainer: "Trainer", rows: int) -> dict[str, int]:
    """Count what the trainer kept: it drops rows whose prompt fills `max_length` silently. RUN712 if none is left."""
    prepared: Any = trainer.train_dataset
    limit = getattr(trainer.args, "max_length", None)
    lengths = _lengths(prepared)
    if len(prepared) == 0:
        message = f"none of the {rows} rows is left: each prompt alone fills `max_length` ({limit} tokens)"
        raise StageError("RUN712", message, "raise `trainer.max_length`, or shorten the prompts")
    if lengths is None:  # prompts that the trainer turns into tokens as it goes
        return {"rows": rows, "sequences": len(prepared), "dropped": max(0, rows - len(prepared))}
    counts = {"rows": rows, "sequences": len(lengths), "dropped": max(0, rows - len(lengths)), "tokens": sum(lengths)}
    return {**counts, "at_max_length": 0 if limit is None else sum(length >= limit for length in lengths)}


def _lengths(prepared: Any) -> list[int] | None:
    """Return the number of tokens of each sequence: of a row, of a pair with its longer answer, of a packed row; None
    where rows are not tokens yet.
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


def _save(trainer: "Trainer", folder: Path) -> None:
    temporary = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    trainer.save_model(str(temporary))
    (temporary / "training_args.bin").unlink(missing_ok=True)  # a pickle that names folders of this machine
    shutil.rmtree(folder, ignore_errors=True)
    finish_folder(temporary, folder)


def _final_loss(history: list[dict[str, Any]]) -> float | None:
    losses = [entry["loss"] for entry in history if "loss" in entry]
    return losses[-1] if losses else None
