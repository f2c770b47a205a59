"""Errors of the libraries that the settings of a stage cause, as a diagnostic instead of an internal fault."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.contract.errors import StageError, as_write_failure
from runtime.contract.training_stages import TrainingStage
from runtime.stage.memory import as_memory_failure

# RuntimeError counts only for a missing requirement: a lost process or a faulty GPU raises it, and a retry may help.
_KINDS = (
    ValueError,
    TypeError,
    ImportError,
    NotImplementedError,
    ArithmeticError,
    LookupError,
    AttributeError,
    NameError,
)
_RUNTIME = str(Path(__file__).resolve().parents[1])


@contextmanager
def settings_at_fault(stage: TrainingStage, before_steps: Callable[[], bool] = lambda: True) -> Iterator[None]:
    """Raise RUN731 for an error of a library while it builds a trainer, or `before_steps` have been made.

    What fails before the first step would fail again: the settings are what differs from stages that train. A failed
    write, missing memory, and errors that come from this package pass through.
    """
    try:
        yield
    except StageError:
        raise
    except Exception as error:
        known = as_write_failure(error) or as_memory_failure(error, stage)
        if known or not before_steps() or _is_ours(error) or not _is_of_settings(error):
            raise
        reason = " ".join(str(error).split())[:500] or "no reason given"
        message = f"the libraries cannot train with these settings: {type(error).__name__}: {reason}"
        hint = f"change `trainer` or `peft` of stage `{stage.stage}` in the spec, as the message says"
        raise StageError("RUN731", message, hint) from error


def _is_of_settings(error: Exception) -> bool:
    return isinstance(error, _KINDS) or (isinstance(error, RuntimeError) and "require" in str(error))


def _is_ours(error: Exception) -> bool:
    """Return whether the code that raised the error is part of this package."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    file = trace.tb_frame.f_code.co_filename if trace is not None else ""
    return file.startswith(_RUNTIME)
