"""What the runtime adds to a trainer's loop: events, sealed checkpoints, a stop between steps, a guard against NaN."""

import math
from pathlib import Path
from typing import Any

from transformers.trainer_callback import TrainerCallback, TrainerControl, TrainerState
from transformers.training_args import TrainingArguments

from runtime.checkpoint import seal
from runtime.context import StageContext
from runtime.errors import StageError


class StageCallback(TrainerCallback):  # type: ignore[misc]
    """Reports each logged step, stops on request, and seals each checkpoint after the trainer has written it."""

    def __init__(self, context: StageContext) -> None:
        self._context = context

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Emit a `step` event; RUN713 if the loss or the gradient is no finite number."""
        logs = logs or {}
        if "loss" not in logs:  # the summary at the end of training
            return
        lost = [name for name in ("loss", "grad_norm") if not math.isfinite(float(logs.get(name, 0.0)))]
        if lost:
            message = f"`{lost[0]}` is {float(logs[lost[0]])} at step {state.global_step}"
            raise StageError("RUN713", message, "lower `learning_rate`, or look for faulty rows in the data")
        names = (
            "loss",
            "learning_rate",
            "grad_norm",
            "epoch",
            "mean_token_accuracy",
            "rewards/accuracies",
            "rewards/margins",
        )
        shown = {name: round(float(logs[name]), 8) for name in names if name in logs}
        self._context.events.emit("step", step=state.global_step, max_steps=state.max_steps, **shown)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Save and leave the loop if a stop was asked for: a run resumed from here is bit-identical."""
        if self._context.stop.is_set:
            control.should_save = True
            control.should_training_stop = True

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Seal the checkpoint that was just written."""
        seal(Path(str(args.output_dir)) / f"checkpoint-{state.global_step}", self._context.config_sha256)
        self._context.events.emit("checkpoint", step=state.global_step)
