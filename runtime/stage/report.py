"""The results of a stage: metrics.json and the termination message of its pod.

metrics.json is written last and atomically.
"""

import json
import os
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from runtime.contract.outputs import METRICS_FILE, TERMINATION_LOG
from runtime.stage.credentials import masked_fields
from runtime.stage.gate import Decision
from runtime.stage.statistics import Interval

SCHEMA = "trainspec.dev/metrics/v1"
CONFIG_FILE = "stage.yaml"  # a copy of the config, so that the output folder explains itself without the plan
CHECKPOINTS = "checkpoints"
TERMINATION_BYTES = 4096
DIGITS = 6  # decimals of a figure in the termination message, as many as evidence keeps
_DEFAULT_TERMINATION_LOG = "/dev/termination-log"
_MESSAGE_FIELDS = ("method", "config_sha256", "ended", "steps", "score", "metrics", "gate", "report")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The result of a method: steps, weights, metrics, training figures, and gate.

    `steps` counts optimiser steps, 0 for an evaluation. `report` holds further findings as JSON: how many pairs each
    rule made, which answers are newly wrong.
    """

    steps: int = 0
    max_steps: int = 0
    adapter: str | None = None
    model: str | None = None
    metrics: dict[str, Interval] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    gate: Decision | None = None

    def as_fields(self) -> dict[str, Any]:
        """Return the fields of metrics.json that a method decides."""
        return {
            "steps": self.steps,
            "max_steps": self.max_steps,
            "adapter": self.adapter,
            "model": self.model,
            "metrics": {name: asdict(interval) for name, interval in self.metrics.items()},
            "training": self.training,
            "report": self.report,
            "gate": _gate_fields(self.gate),
        }


def read_complete(folder: Path, config_sha256: str) -> dict[str, Any] | None:
    """Return the metrics.json of `folder` if complete for exactly this config, else None."""
    try:
        document = json.loads((folder / METRICS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    is_same = isinstance(document, dict) and document.get("config_sha256") == config_sha256
    return document if is_same and document.get("status") == "complete" else None


def write_termination_message(message: dict[str, Any]) -> None:
    """Write `message` as JSON of at most 4096 bytes for the pod's status. Never fails the stage."""
    named = os.environ.get(TERMINATION_LOG)
    path = Path(named or _DEFAULT_TERMINATION_LOG)
    if not named and not path.exists():  # not in a pod: the kubelet creates this file before the start
        return
    try:
        path.write_text(fit_message(masked_fields(message)), encoding="utf-8")
    except OSError as error:
        print(f"cannot write the termination message to `{path}`: {error.strerror}", file=sys.stderr)


def result_message(document: dict[str, Any], digest: str, ending: str, exit_code: int) -> dict[str, Any]:
    """Return the message of a complete stage: the results, and metrics.json's `digest`.

    A message over the limit loses first the ids of newly wrong answers, from the end (their `count` stays), and the
    races of prompts, then the classes of badcases, the rarest first.
    """
    fields = {name: document[name] for name in _MESSAGE_FIELDS if document.get(name) is not None}
    message: dict[str, Any] = {"status": ending, "exit_code": exit_code, "digest": digest, **_rounded(fields)}
    broken = message.get("report", {}).get("broken")
    if isinstance(broken, dict):
        broken.pop("first", None)  # whole answers: the outputs volume has them
        while broken.get("ids") and _size(message) > TERMINATION_BYTES:
            broken["ids"] = broken["ids"][: len(broken["ids"]) * 3 // 4]
    prompt = message.get("report", {}).get("prompt", {})
    if _size(message) > TERMINATION_BYTES:
        prompt.pop("races", None)
    classes = message.get("report", {}).get("badcases", {}).get("classes", {})
    while classes and _size(message) > TERMINATION_BYTES:
        del classes[min(classes, key=lambda name: (classes[name]["n"], name))]
    return message


def fit_message(message: dict[str, Any]) -> str:
    """Return `message` as one line of JSON of at most 4096 bytes, with long strings cut."""
    fields = dict(message)
    while len(text := json.dumps(fields, ensure_ascii=False)) and len(text.encode("utf-8")) > TERMINATION_BYTES:
        name = max(fields, key=lambda key: len(json.dumps(fields[key], ensure_ascii=False)))
        value = fields[name]
        if isinstance(value, str) and len(value) > 64:
            fields[name] = value[: len(value) // 2] + "…"
        else:  # not a long text: drop the whole field
            del fields[name]
    return text


def _gate_fields(gate: Decision | None) -> dict[str, Any] | None:
    if gate is None:
        return None
    gain = gate.gain
    return {
        "verdict": gate.verdict,
        "reason": gate.reason,
        "gain": gain and gain.value,
        "gain_low": gain and gain.low,
        "gain_high": gain and gain.high,
    }


def _size(message: dict[str, Any]) -> int:
    return len(json.dumps(message, ensure_ascii=False).encode("utf-8"))


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list) else value
