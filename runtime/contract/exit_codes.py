"""Exit codes of `python -m runtime`, modelled on sysexits, for a Job's `podFailurePolicy`."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit code of a stage; `NEVER_RETRY` lists those that another try cannot change."""

    OK = 0
    BAD_DATA = 65
    NO_INPUT = 66
    UNAVAILABLE = 69  # only `trainspec-runtime fetch`: the package registry cannot be reached
    INTERNAL = 70
    NO_MEMORY = 71
    IO_ERROR = 74
    TRY_LATER = 75
    BAD_CONFIG = 78
    GROUP_ENDED = 79  # another node of the stage ended: not a failure of this one, which restarts with it
    GATE_NOT_PASSED = 80


NEVER_RETRY = (
    ExitCode.BAD_DATA,
    ExitCode.NO_INPUT,
    ExitCode.NO_MEMORY,
    ExitCode.BAD_CONFIG,
    ExitCode.GATE_NOT_PASSED,
)
