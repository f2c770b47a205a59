"""Makes an optimiser forget at given steps: its moments belong to rows that are no longer trained on."""

from collections.abc import Collection
from typing import Any

from transformers.trainer_callback import TrainerCallback, TrainerControl, TrainerState
from transformers.training_args import TrainingArguments


class ResetOptimizer(TrainerCallback):  # type: ignore[misc]
    """Empties the optimiser's state before the step that follows each of `steps` (counts of finished steps).

    Before the step, not after the one before it: a checkpoint between the two keeps the state, and a resumed run drops
    it here as an undisturbed one does.
    """

    def __init__(self, steps: Collection[int]) -> None:
        self._steps = frozenset(steps)

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Empty the state if a stage begins with this step."""
        if state.global_step in self._steps:
            kwargs["optimizer"].state.clear()
