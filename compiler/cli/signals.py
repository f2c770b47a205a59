"""SIGTERM handling: as PID 1 of a pod, a process without a handler never receives the signal."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from compiler.cli.exit_codes import ExitCode


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM unwind the stack as Ctrl-C does, and exit with 143."""

    def end(*_: object) -> None:
        raise SystemExit(ExitCode.TERMINATED)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
