"""Which of several processes or nodes is the cause of the others' ends, by exit codes."""

from collections.abc import Mapping

from runtime.contract.exit_codes import ExitCode

# A process that ends with one of these has met the fault itself; a lost peer makes the others fail inside (70).
FIRST_HAND: tuple[int, ...] = (
    ExitCode.BAD_CONFIG,
    ExitCode.NO_INPUT,
    ExitCode.BAD_DATA,
    ExitCode.NO_MEMORY,
    ExitCode.IO_ERROR,
    ExitCode.UNAVAILABLE,
)
_THEN: dict[int, int] = {ExitCode.INTERNAL: 91, ExitCode.TRY_LATER: 97, ExitCode.OK: 100}


def worst(codes: Mapping[int, int]) -> int:
    """Return the rank whose exit code is the cause of the others'; a negative code is the signal that killed it."""

    def order(rank: int) -> tuple[int, int]:
        code = codes[rank]
        if code in FIRST_HAND:
            return FIRST_HAND.index(code), rank
        if code < 0:  # killed by somebody else: the kernel, for memory
            return 90, rank
        return _THEN.get(code, 99), rank

    return min(codes, key=order)
