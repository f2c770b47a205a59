"""The callback of every trainer: events, sealed checkpoints, stops, and a NaN guard."""

import math
import time
from pathlib import Path
from typing import Any

from transformers.trainer_callback import TrainerCallback, TrainerControl, TrainerState
from transformers.training_args import TrainingArguments

from runtime.contract.errors import StageError
from runtime.distributed.ranks import any_rank, wait_for_all
from runtime.stage.context import StageContext
from runtime.train.checkpoint import seal
from runtime.train.order import set_epoch_order

_EVENT_FIGURES = (
    "loss",
    "learning_rate",
    "grad_norm",
    "epoch",
    "mean_token_accuracy",
    "accuracy",
    "margin",
    "reward",
    "reward_std",
    "frac_reward_zero_std",
    "kl",
    "objective/kl",
    "completions/mean_length",
    "completions/clipped_ratio",
    "entropy",
    "policy_loss",
    "value_loss",
    "clip_fraction",
    "explained_variance",
)


class StageCallback(TrainerCallback):  # type: ignore[misc]
    """Emits an event for each logged step, stops on request, and seals each written checkpoint."""

    def __init__(self, context: StageContext, *, save_every: int = 1) -> None:
        """Save only at multiples of `save_every` steps; the trainer holds unsaved state in between."""
        self._context = context
        self._save_every = save_every
        self._due = False
        self._since = time.monotonic()
        self._tokens = 0.0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the clock and the token count.

        Some trainers resume the count of a checkpoint (in `state`), others start from 0.
        """
        self._since = time.monotonic()
        self._tokens = float(state.num_input_tokens_seen)

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Set the epoch's order of rows, also after a resume within the epoch."""
        set_epoch_order(kwargs["train_dataloader"], int((state.epoch or 0.0) + 1e-6))

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Emit a `step` event; RUN713 if the loss or the gradient norm is not finite."""
        logs = logs or {}
        if "loss" not in logs:  # the summary at the end of training
            return
        not_finite = [name for name in ("loss", "grad_norm") if not math.isfinite(float(logs.get(name, 0.0)))]
        if not_finite:
            message = f"`{not_finite[0]}` is {float(logs[not_finite[0]])} at step {state.global_step}"
            raise StageError("RUN713", message, "lower `learning_rate`, or look for faulty rows in the data")
        shown = {
            name: round(float(value), 8)
            for name, value in logs.items()
            if value is not None and (name in _EVENT_FIGURES or name.startswith("rewards/"))
        }
        speed = self._speed(logs)
        state.log_history[-1] |= speed  # the checkpoint then has it, so that a resumed run can plot all steps
        self._context.events.emit("step", step=state.global_step, max_steps=state.max_steps, **shown, **speed)

    def _speed(self, logs: dict[str, Any]) -> dict[str, float]:
        """Return the seconds since the last log, and the non-padding tokens per second in them."""
        seconds = time.monotonic() - self._since
        self._since = time.monotonic()
        speed = {"seconds": round(seconds, 4)}
        if "num_tokens" in logs:
            tokens, self._tokens = float(logs["num_tokens"]) - self._tokens, float(logs["num_tokens"])
            speed |= {"tokens": tokens, "tokens_per_second": round(tokens / max(seconds, 1e-9), 1)}
        return speed

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Save and leave the loop if a stop is requested; a run resumed from here is bit-identical.

        All processes agree on the step, because the signal reaches each of them at a different moment.
        """
        stopping = any_rank(self._context.stop.is_set)
        self._due = self._due or control.should_save or stopping
        can_save = state.global_step % self._save_every == 0 or state.global_step >= state.max_steps
        control.should_save = self._due and can_save
        self._due = self._due and not can_save
        # An interrupted run resumes from here, and a log afterwards would miss the steps since the last one.
        control.should_log = control.should_log or control.should_save
        if stopping and can_save:
            control.should_training_stop = True

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Seal the new checkpoint once all processes have written their parts of it."""
        wait_for_all()
        if self._context.is_main:
            seal(Path(str(args.output_dir)) / f"checkpoint-{state.global_step}", self._context.config_sha256)
            self._context.events.emit("checkpoint", step=state.global_step)
        wait_for_all()
        self._since = time.monotonic()  # exclude the time of writing from the next step
