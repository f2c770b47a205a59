"""Training curves: the figures of each logged step, kept in a file next to the metrics."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runtime.stage.files import write_text

STEPS_FILE = "steps.jsonl"
WINDOW = 5  # logged steps at either end: one step's batch is too noisy to compare


def write_steps(history: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Write the entries of the trainer's `log_history` that belong to a step, one per line.

    A resumed run writes the steps of all its runs, because a checkpoint carries the history.
    """
    lines = [json.dumps(entry, ensure_ascii=False) + "\n" for entry in history if "loss" in entry]
    write_text(folder / STEPS_FILE, "".join(lines))


def read_steps(folder: Path) -> list[dict[str, Any]]:
    """Return the entries that `write_steps` wrote; empty for a stage that does not train."""
    path = folder / STEPS_FILE
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def median_of(history: Sequence[Mapping[str, Any]], name: str) -> float | None:
    """Return the median of a figure over the steps that have it; None if no step has it."""
    values = sorted(float(entry[name]) for entry in history if name in entry)
    return values[len(values) // 2] if values else None


def first_and_last(
    history: Sequence[Mapping[str, Any]], names: Sequence[str], window: int = WINDOW
) -> dict[str, dict[str, float]]:
    """Return the mean of each figure over its first and its last `window` logged entries.

    Skips figures that were never logged. With fewer entries than two windows, each half is a window.
    """
    curves = {}
    for name in names:
        values = [float(entry[name]) for entry in history if name in entry and math.isfinite(float(entry[name]))]
        if len(values) > 1:
            size = min(window, len(values) // 2)
            curves[name] = {"first": _mean(values[:size]), "last": _mean(values[-size:])}
    return curves


def _mean(values: Sequence[float]) -> float:
    return round(math.fsum(values) / len(values), 6)
