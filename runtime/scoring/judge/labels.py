"""Answers that people labelled: JSON lines with `id`, `prompt`, `answer`, `reference` and `label`."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.contract.errors import StageError
from runtime.scoring.judge.panel import Case
from runtime.scoring.judge.prompt import question_text

_LABELS = {"pass": True, "fail": False, True: True, False: False}
_SHOWN = 5  # faults in one message


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """One labelled answer: its id, and whether people pass it."""

    id: str
    case: Case
    passed: bool


def read_labels(content: bytes, name: str) -> list[Label]:
    """Return the labels of a file's content; RUN736 with its faults by line if it has any, or no row."""
    labels: list[Label] = []
    faults: list[str] = []
    try:
        lines = content.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise StageError("RUN736", f"`{name}` is not UTF-8", "save it as UTF-8") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                labels.append(_label(json.loads(line)))
            except ValueError as error:
                faults.append(f"{name}:{number}: {error}")
    counts = Counter(each.id for each in labels)
    faults += [f"`id` `{each}` is used {count} times" for each, count in counts.items() if count > 1]
    first: dict[Case, str] = {}
    for each in labels:
        if (other := first.setdefault(each.case, each.id)) != each.id:
            faults.append(f"`{each.id}` repeats the question and the answer of `{other}`: keep one of them")
    if faults or not labels:
        more = f"; and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        message = "; ".join(faults[:_SHOWN]) + more if faults else f"`{name}` has no row"
        hint = "write one JSON object a line with `id`, `prompt`, `answer`, `reference`, and `label`: `pass` or `fail`"
        raise StageError("RUN736", message, hint)
    return labels


def _label(row: Any) -> Label:
    if not isinstance(row, dict):
        raise ValueError("the line is no JSON object")
    texts = {}
    for name in ("answer", "reference"):
        if not isinstance(row.get(name), str):
            raise ValueError(f"`{name}` is missing or not text")
        texts[name] = row[name]
    if not isinstance(row.get("id"), str | int) or isinstance(row["id"], bool):
        raise ValueError("`id` is missing or neither text nor a number")
    prompt = row.get("prompt")
    if not (isinstance(prompt, str) or (isinstance(prompt, list) and prompt and all(map(_is_turn, prompt)))):
        raise ValueError("`prompt` is missing or neither text nor a list of turns")
    label = row.get("label")
    if not isinstance(label, str | bool) or label not in _LABELS:
        raise ValueError("`label` is neither `pass` nor `fail`")
    return Label(id=str(row["id"]), case=Case(question=question_text(prompt), **texts), passed=_LABELS[label])


def _is_turn(turn: Any) -> bool:
    return isinstance(turn, dict) and isinstance(turn.get("role"), str)


def file_content(path: Path) -> bytes:
    """Return the content of a file; RUN736 if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"`{path}` cannot be read: {(error.strerror or str(error)).lower()}"
        raise StageError("RUN736", message, "give the path of a readable file") from error
