"""Run stages one after the other in this process, so that torch is imported once.

Reads a JSON list of [folder, config, environment] on stdin; writes, for each, the codes of its errors.
"""

import io
import json
import os
import sys
import traceback
from pathlib import Path

from runtime.run import run_stage
from runtime.stage.events import EventStream
from runtime.stage.libraries import prepare_libraries
from runtime.stage.stop import StopRequest


def codes(folder: Path, config: str, environment: dict[str, str]) -> list[str]:
    """Return the error codes of the stage; its tracebacks stay visible for the caller."""
    volumes = {f"TRAINSPEC_{name.upper()}": str(folder / name) for name in ("models", "data", "outputs")}
    os.environ.update(volumes | {"TRAINSPEC_TERMINATION_LOG": str(folder / "termination.json"), **environment})
    log = io.StringIO()
    try:
        run_stage(str(folder / config), EventStream(log), StopRequest())
    except Exception:
        traceback.print_exc()
        raise
    finally:
        for name in environment:
            os.environ.pop(name)
    events = [json.loads(line) for line in log.getvalue().splitlines()]
    return [event["code"] for event in events if event["event"] == "error"]


if __name__ == "__main__":
    prepare_libraries()
    answers = sys.stdout
    sys.stdout = sys.stderr
    runs = json.load(sys.stdin)
    json.dump([codes(Path(folder), config, environment) for folder, config, environment in runs], answers)
