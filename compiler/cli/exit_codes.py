"""Exit codes of the `trainspec` command."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended."""

    OK = 0
    ERRORS = 1
    USAGE = 2
    INTERNAL = 3
    CLUSTER = 4
    DIFFERENCES = 5
    HUNG_UP = 129
    INTERRUPT = 130
    TERMINATED = 143
