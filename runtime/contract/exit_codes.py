"""Exit codes of `python -m runtime`, after sysexits, so that a Job's `podFailurePolicy` can tell them apart."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a stage ended with. Only `IO_ERROR`, `TRY_LATER`, `GROUP_ENDED` and `INTERNAL` are worth another try."""

    OK = 0
    BAD_DATA = 65
    NO_INPUT = 66
    UNAVAILABLE = 69  # only `trainspec-runtime fetch`: the package registry cannot be reached
    INTERNAL = 70
    NO_MEMORY = 71
    IO_ERROR = 74
    TRY_LATER = 75
    BAD_CONFIG = 78
    GROUP_ENDED = 79  # another node of the stage ended: no failure of this one, which starts again with it
    GATE_NOT_PASSED = 80


# what another try cannot change
NEVER_RETRY = (
    ExitCode.BAD_DATA,
    ExitCode.NO_INPUT,
    ExitCode.NO_MEMORY,
    ExitCode.BAD_CONFIG,
    ExitCode.GATE_NOT_PASSED,
)
