"""What the trainer logged at each step, as a file: a resumed run holds the steps of all its runs."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runtime.stage.files import write_text

STEPS_FILE = "steps.jsonl"


def write_steps(history: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Write the entries of the trainer's `log_history` that belong to a step, one a line."""
    lines = [json.dumps(entry, ensure_ascii=False) + "\n" for entry in history if "loss" in entry]
    write_text(folder / STEPS_FILE, "".join(lines))


def read_steps(folder: Path) -> list[dict[str, Any]]:
    """Return what `write_steps` wrote; nothing for a stage that does not train."""
    path = folder / STEPS_FILE
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def usual(history: Sequence[Mapping[str, Any]], name: str) -> float | None:
    """Return the median of a figure over the steps that have it; None if none has."""
    values = sorted(float(entry[name]) for entry in history if name in entry)
    return values[len(values) // 2] if values else None
