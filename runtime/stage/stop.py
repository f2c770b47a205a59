"""A polite stop: SIGTERM (an eviction) and SIGINT (a person) ask the stage to save and end at its next safe point."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from runtime.contract.exit_codes import ExitCode

# What a pod is given (`terminationGracePeriodSeconds`, 120), less the time to say how it ended.
STEP_SECONDS = 105.0
# What is being done outside of a step (a model that loads, data, a batch of answers) would be done again anyway.
PATIENCE_SECONDS = 20.0


@dataclass(kw_only=True, slots=True)
class StopRequest:
    """Set by the signal handler, read by the training and generation loops. `signal_name` says which signal came.

    `patience` is how many seconds the stage has from the signal to its next safe point; then `overdue` is called and
    the process ends: all that is on the disk is whole at any time.
    """

    signal_name: str = ""
    patience: float = PATIENCE_SECONDS
    overdue: Callable[[], None] | None = None

    @property
    def is_set(self) -> bool:
        """Whether a stop was asked for."""
        return bool(self.signal_name)

    @contextmanager
    def worth_waiting_for(self, seconds: float = STEP_SECONDS) -> Iterator[None]:
        """Give what runs inside more time to end by itself: a training step, and the checkpoint after it."""
        before, self.patience = self.patience, seconds
        try:
            yield
        finally:
            self.patience = before


def catch_signals(request: StopRequest | None = None) -> StopRequest:
    """Install the handlers and return the flag that they set. A second SIGINT ends the process at once."""
    request = request or StopRequest()

    def on_signal(number: int, frame: FrameType | None) -> None:
        request.signal_name = signal.Signals(number).name
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    # A handler in Python waits until the main thread is back from C; a byte is written to this pipe at once.
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(request, reading), daemon=True).start()
    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    os.register_at_fork(after_in_child=_forget_signals)
    return request


def _forget_signals() -> None:
    """Let a forked worker end on a signal of its own, and not write to the pipe that it shares with the stage."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _watch(request: StopRequest, reading: int) -> None:
    """Wait for one of the two signals; end the process when its patience is over."""
    while (number := os.read(reading, 1)[0]) not in (signal.SIGTERM, signal.SIGINT):
        pass
    came = time.monotonic()
    while time.monotonic() - came < request.patience:
        time.sleep(0.1)
    request.signal_name = signal.Signals(number).name
    if request.overdue is not None:
        report = threading.Thread(target=request.overdue, daemon=True)  # its pipe may be full: it may not come back
        report.start()
        report.join(timeout=3)
    os._exit(ExitCode.TRY_LATER)
