"""Being told to end: as PID 1 of a pod, a process that does not ask for SIGTERM never gets it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from compiler.cli.exit_codes import ExitCode


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM unwind as Ctrl-C does, and end the command with its own exit code."""

    def end(*_: object) -> None:
        raise SystemExit(ExitCode.TERMINATED)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
