"""The callback of GRPO and PPO that warns if the reward teaches nothing, and ends the training at a limit."""

from typing import Any

from transformers.trainer_callback import TrainerCallback, TrainerControl, TrainerState
from transformers.training_args import TrainingArguments

from runtime.contract.errors import StageError
from runtime.stage.context import StageContext
from runtime.train.reward_signals import (
    NO_SPREAD,
    SIGNALS,
    begins_to_warn,
    limit_of,
    share_without_spread,
    span_at_end,
    warning_of,
)


class RewardWatch(TrainerCallback):  # type: ignore[misc]
    """Emits a `warning` event once for each span of a signal."""

    def __init__(self, context: StageContext, zero_spread_steps: int) -> None:
        """End the training after `zero_spread_steps` steps in a row in which no group's rewards differ."""
        self._context = context
        self._zero_spread_steps = zero_spread_steps

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Warn, or raise RUN759 at the limit; all processes log the same figures, so they end together."""
        history = state.log_history
        if "loss" not in (logs or {}):  # the summary at the end of training
            return
        for signal in SIGNALS:
            span = begins_to_warn(history, signal)
            if span is not None:
                fields = {"signal": signal.name, "first": span.first, "last": span.last}
                share = {"share_without_spread": share_without_spread(history)} if signal is NO_SPREAD else {}
                self._context.events.emit("warning", message=warning_of(signal, span), **fields, **share)
        dead = span_at_end(history, NO_SPREAD)
        if dead is not None and dead.steps >= limit_of(self._zero_spread_steps, state.max_steps):
            last = float(next(entry["reward"] for entry in reversed(history) if "reward" in entry))
            message = (
                f"{NO_SPREAD.sentence}: steps {dead.first} to {dead.last} of {state.max_steps}; "
                f"the mean reward of the last one is {last:g}"
            )
            raise StageError("RUN759", message, NO_SPREAD.hint)
