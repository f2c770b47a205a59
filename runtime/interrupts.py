"""A polite stop: SIGTERM (an eviction) and SIGINT (a person) ask the stage to save and end at its next safe point."""

import signal
from dataclasses import dataclass
from types import FrameType


@dataclass(kw_only=True, slots=True)
class StopRequest:
    """Set by the signal handler, read by the training and generation loops. `signal_name` says which signal came."""

    signal_name: str = ""

    @property
    def is_set(self) -> bool:
        """Whether a stop was asked for."""
        return bool(self.signal_name)


def catch_signals() -> StopRequest:
    """Install the handlers and return the flag that they set. A second SIGINT ends the process at once."""
    request = StopRequest()

    def on_signal(number: int, frame: FrameType | None) -> None:
        request.signal_name = signal.Signals(number).name
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    return request
