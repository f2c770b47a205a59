"""Waiting in tests: for events, never for a time, so a busy machine may take as long as it needs."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

HUNG_SECONDS = 600.0  # only a test that hangs reaches this limit


def wait_until(happened: Callable[[], object], what: str) -> None:
    """Return once `happened()` is true; fails with the name `what` if that never happens."""
    hung = time.monotonic() + HUNG_SECONDS
    while not happened():
        assert time.monotonic() < hung, f"never happened: {what}"
        time.sleep(0.02)


@contextmanager
def ends_by_itself(what: str) -> Iterator[None]:
    """Fail, naming `what`, where the block does not end; for calls that take no timeout. Main thread only."""

    def hung(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"never ended: {what}")

    before = signal.signal(signal.SIGALRM, hung)
    signal.setitimer(signal.ITIMER_REAL, HUNG_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Clock:
    """A clock that moves only when somebody sleeps: give it to a module in place of `time`."""

    def __init__(self) -> None:
        self.passed = 0.0

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self.passed

    def sleep(self, seconds: float) -> None:
        """Return at once, that much later."""
        self.passed += seconds
