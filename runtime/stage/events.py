"""The event stream of a stage: one JSON object per line on stdout, and nothing else there."""

import json
import os
import sys
from typing import Any, TextIO

from runtime.contract.events import EventName
from runtime.stage.credentials import masked_fields


class EventStream:
    """Writes events to `stream`, or nowhere if None.

    A reader that closes its end stops the events, not the stage.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def emit(self, event: EventName, **fields: Any) -> None:
        """Write one event as a line of JSON, with credentials masked."""
        if self._stream is None:
            return
        try:
            self._stream.write(json.dumps({"event": event, **masked_fields(fields)}, ensure_ascii=False) + "\n")
            self._stream.flush()
        except BrokenPipeError:
            self._stream = None


def claim_stdout() -> EventStream:
    """Reserve stdout for events; other output to it, from Python or C, goes to stderr."""
    sys.stdout.flush()
    # The error handler keeps a surrogate escape in a library's message from ending the stage.
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace", buffering=1)
    os.dup2(2, 1)
    return EventStream(stream)
