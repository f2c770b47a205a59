"""Out-of-memory errors of all libraries, as one diagnostic with settings to change."""

import errno

from runtime.contract.errors import StageError, chain_of
from runtime.contract.stage import Stage
from runtime.contract.training_stages import TrainingStage

_TEXTS = (
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "not enough memory",
    "std::bad_alloc",
    "cublas_status_alloc_failed",
)


def as_memory_failure(error: BaseException, stage: Stage) -> StageError | None:
    """Return RUN742 if `error`, or an error inside it, reports a lack of memory, else None."""
    for each in chain_of(error):
        is_memory = isinstance(each, MemoryError) or (isinstance(each, OSError) and each.errno == errno.ENOMEM)
        if is_memory or any(text in str(each).lower() for text in _TEXTS):
            reason = (str(each).strip().splitlines() or ["no memory is left"])[0]
            return StageError("RUN742", f"`{stage.stage}` needs more memory than is available: {reason}", _hint(stage))
    return None


def _hint(stage: Stage) -> str:
    if not isinstance(stage, TrainingStage):
        return "lower the batch size of the stage, or use a machine with more memory"
    batch = stage.trainer.get("per_device_train_batch_size", 8)
    steps = stage.trainer.get("gradient_accumulation_steps", 1)
    changes = []
    if batch > 1:
        half = f"`per_device_train_batch_size` {batch // 2} with `gradient_accumulation_steps` {steps * 2}"
        changes.append(f"{half} (the same training)")
    if not stage.trainer.get("gradient_checkpointing", False):
        changes.append("`gradient_checkpointing: true` (slower by a third)")
    changes += [
        f"a lower `{name}` than {stage.trainer[name]}"
        for name in ("max_length", "max_completion_length")
        if stage.trainer.get(name)
    ]
    return "set " + ", or ".join([*changes, "a profile with more memory"])
