"""Train stages undisturbed, then stopped at a step and run again, all in this process, so that torch is imported once.

Reads a JSON list of [folder, method, undisturbed config, interrupted config, step] on stdin; writes the result of each.
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


class Log(io.StringIO):
    """Requests a stop at the event of a step, as a signal between two steps does."""

    def __init__(self, stop: StopRequest, step: int | None) -> None:
        super().__init__()
        self.stop, self.step = stop, step

    def write(self, text: str) -> int:
        event = json.loads(text)
        if event["event"] == "step" and event["step"] == self.step:
            self.stop.signal_name = "SIGTERM"
        return super().write(text)


def run(config: str, step: int | None = None) -> dict[str, Any]:
    stop = StopRequest()
    log = Log(stop, step)
    code = run_stage(config, EventStream(log), stop)
    events = [json.loads(line) for line in log.getvalue().splitlines()]
    begun = [event for event in events if event.get("name") == "train"]
    return {
        "code": int(code),
        "errors": [event["message"] for event in events if event["event"] == "error"],
        "steps": [event["step"] for event in events if event["event"] == "step"],
        "resumed_from": begun[-1]["resumed_from"] if begun else None,
    }


def difference(left: Path, right: Path) -> float:
    """Return the largest difference between two sets of weights; infinite if their shapes differ."""
    from safetensors.torch import load_file

    one, other = load_file(left), load_file(right)
    if {name: tensor.shape for name, tensor in one.items()} != {name: tensor.shape for name, tensor in other.items()}:
        return float("inf")
    # LoRA's second matrices begin as zeros: if they still are, nothing was trained
    moved = max(float(tensor.abs().max()) for name, tensor in one.items() if "lora_B" in name)
    assert moved > 0, f"{left} was not trained"
    return max(float((one[name].double() - other[name].double()).abs().max()) for name in one)


def interrupted(folder: Path, method: str, whole: str, stopped: str, step: int) -> dict[str, Any]:
    volumes = {f"TRAINSPEC_{name.upper()}": str(folder / name) for name in ("models", "data", "outputs")}
    os.environ.update(volumes | {"TRAINSPEC_TERMINATION_LOG": str(folder / "termination.json")})
    found: dict[str, Any] = {
        "method": method,
        "whole": run(whole),
        "stopped": run(stopped, step),
        "resumed": run(stopped),
    }
    weights = [folder / "outputs" / f"{method}-{name}" / "adapter" / "adapter_model.safetensors" for name in "ab"]
    try:
        found["difference"] = difference(*weights) if all(path.is_file() for path in weights) else None
    except AssertionError as error:
        found["difference"] = str(error)
    return found


if __name__ == "__main__":
    prepare_libraries()
    answers = sys.stdout
    sys.stdout = sys.stderr
    runs = json.load(sys.stdin)
    json.dump([interrupted(Path(folder), *rest) for folder, *rest in runs], answers)
