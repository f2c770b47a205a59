"""Signals that end a command: as PID 1 of a pod, a process without a handler never receives SIGTERM."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from compiler.cli.exit_codes import ExitCode

_ENDS = {signal.SIGTERM: ExitCode.TERMINATED, signal.SIGHUP: ExitCode.HUNG_UP}


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the stack as Ctrl-C does, and exit with 143 and 129.

    A signal that the caller ignores (`nohup`) stays ignored.
    """

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(_ENDS[signal.Signals(number)])

    before = {each: signal.getsignal(each) for each in _ENDS}
    caught = {each: handler for each, handler in before.items() if handler is not signal.SIG_IGN}
    for each in caught:
        signal.signal(each, end)
    try:
        yield
    finally:
        for each, handler in caught.items():
            signal.signal(each, handler)
