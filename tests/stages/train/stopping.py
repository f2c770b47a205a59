"""Run stages one after the other in this process, and stop some of them as SIGTERM would.

Reads a JSON list of [folder, config, stop] on stdin, where `stop` is null or the event to stop at, such as
`{"event": "step", "step": 3}`. Writes, for each, the list of its events.
"""

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

from runtime.run import run_stage
from runtime.stage.events import EventStream
from runtime.stage.libraries import prepare_libraries
from runtime.stage.stop import StopRequest


class Watched(EventStream):
    """Requests a stop as soon as an event has all fields of `at`."""

    def __init__(self, log: io.StringIO, stop: StopRequest, at: dict[str, Any] | None) -> None:
        super().__init__(log)
        self._stop, self._at = stop, at

    def emit(self, event: str, **fields: Any) -> None:
        super().emit(event, **fields)
        if self._at and all({"event": event, **fields}.get(name) == value for name, value in self._at.items()):
            self._stop.signal_name = "SIGTERM"


def events(folder: Path, config: str, at: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Run one stage; return its events."""
    volumes = {f"TRAINSPEC_{name.upper()}": str(folder / name) for name in ("models", "data", "outputs")}
    os.environ.update(volumes | {"TRAINSPEC_TERMINATION_LOG": str(folder / "termination.json")})
    log, stop = io.StringIO(), StopRequest()
    run_stage(str(folder / config), Watched(log, stop, at), stop)
    return [json.loads(line) for line in log.getvalue().splitlines()]


if __name__ == "__main__":
    prepare_libraries()
    answers = sys.stdout
    sys.stdout = sys.stderr
    runs = json.load(sys.stdin)
    json.dump([events(Path(folder), config, at) for folder, config, at in runs], answers)
