"""Stop requests: on SIGTERM or SIGINT, a stage ends at its next safe point.

SIGTERM means an eviction, SIGINT a person.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

from runtime.contract.exit_codes import ExitCode

# The pod's grace (`terminationGracePeriodSeconds`, 120) less the time to report the end.
STEP_SECONDS = 105.0
# Work outside a step (loading a model or data, a batch of answers) is lost anyway, so it gets less time.
PATIENCE_SECONDS = 20.0


@dataclass(kw_only=True, slots=True)
class StopRequest:
    """The flag that the signal handler sets and the training and generation loops read.

    `signal_name` names the received signal, empty if none. The stage has `patience` seconds from the signal to its next
    safe point; then `overdue` is called and the process ends. Files on the disk are whole at any time.
    """

    signal_name: str = ""
    patience: float = PATIENCE_SECONDS
    overdue: Callable[[], None] | None = None

    @property
    def is_set(self) -> bool:
        """Whether a stop is requested."""
        return bool(self.signal_name)

    @contextmanager
    def worth_waiting_for(self, seconds: float = STEP_SECONDS) -> Iterator[None]:
        """Extend the patience for the code inside: a training step, and the checkpoint after it."""
        before, self.patience = self.patience, seconds
        try:
            yield
        finally:
            self.patience = before


def catch_signals(request: StopRequest | None = None) -> StopRequest:
    """Install the handlers and return the request that they set.

    A second SIGINT ends the process at once.
    """
    request = request or StopRequest()

    def on_signal(number: int, frame: FrameType | None) -> None:
        request.signal_name = signal.Signals(number).name
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            with suppress(OSError):  # stderr may be gone
                os.write(2, b"stopping at the next safe point; Ctrl-C again ends the stage at once\n")

    # A Python handler runs only once the main thread returns from C code; this pipe gets a byte at once.
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(request, reading), daemon=True).start()
    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    os.register_at_fork(after_in_child=_forget_signals)
    return request


def _forget_signals() -> None:
    """Let a forked worker end on a signal, without writing to the stage's pipe."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _watch(request: StopRequest, reading: int) -> None:
    """Wait for one of the two signals; end the process when the patience is over."""
    while (number := os.read(reading, 1)[0]) not in (signal.SIGTERM, signal.SIGINT):
        pass
    received = time.monotonic()
    while time.monotonic() - received < request.patience:
        time.sleep(0.1)
    request.signal_name = signal.Signals(number).name
    if request.overdue is not None:
        report = threading.Thread(target=request.overdue, daemon=True)  # it blocks forever if its pipe is full
        report.start()
        report.join(timeout=3)
    os._exit(ExitCode.TRY_LATER)
