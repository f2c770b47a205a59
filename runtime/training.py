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
    kept: Any = trainer.train_dataset
    limit = getattr(trainer.args, "max_length", None)
    if len(kept) == 0:
        message = f"none of the {rows} rows is left: each prompt alone fills `max_length` ({limit} tokens)"
        raise StageError("RUN712", message, "raise `trainer.max_length`, or shorten the prompts")
    return {
        "rows": rows,
        "kept": len(kept),
        "dropped": max(0, rows - len(kept)),
        "at_max_length": _at_limit(kept, limit),
    }


def _at_limit(kept: Any, limit: int | None) -> int:
    if limit is None:
        return 0
    if "input_ids" in kept.column_names:
        return sum(len(ids) >= limit for ids in kept["input_ids"])
    lengths = zip(kept["prompt_ids"], kept["chosen_ids"], kept["rejected_ids"], strict=True)
    return sum(len(prompt) + max(len(chosen), len(rejected)) >= limit for prompt, chosen, rejected in lengths)


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
