"""Signals that end a command: as PID 1 of a pod, a process without a handler never receives SIGTERM."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from compiler.cli.exit_codes import ExitCode

_ENDS = {signal.SIGTERM: ExitCode.TERMINATED, signal.SIGHUP: ExitCode.HUNG_UP}
_MOMENT = 0.01  # seconds, for the callback that swallowed an exception to return


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the stack as Ctrl-C does, and exit with 143 and 129.

    A signal that the caller ignores (`nohup`) stays ignored. No signal is lost, Ctrl-C included.
    """

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(_ENDS[signal.Signals(number)])

    before = {each: signal.getsignal(each) for each in _ENDS}
    caught = {each: handler for each, handler in before.items() if handler is not signal.SIG_IGN}
    for each in caught:
        signal.signal(each, end)
    try:
        with _unswallowed():
            yield
    finally:
        for each, handler in caught.items():
            signal.signal(each, handler)


@contextmanager
def _unswallowed() -> Iterator[None]:
    """Raise the exception of a signal again where it came inside a finalizer or a weak reference's callback.

    Python prints such an exception and goes on (`sys.unraisablehook`), so the command would never end.
    """
    lost: list[BaseException] = []

    def again(number: int, _: FrameType | None) -> None:
        if lost:
            raise lost.pop()

    def report(found: "sys.UnraisableHookArgs") -> None:
        if isinstance(found.exc_value, KeyboardInterrupt):
            lost.append(KeyboardInterrupt())
        elif isinstance(found.exc_value, SystemExit) and found.exc_value.code in _ENDS.values():
            lost.append(SystemExit(found.exc_value.code))
        else:
            hook(found)
            return
        signal.setitimer(signal.ITIMER_REAL, _MOMENT)

    hook, alarm = sys.unraisablehook, signal.signal(signal.SIGALRM, again)
    sys.unraisablehook = report
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, alarm)
        sys.unraisablehook = hook
