"""Rows of JSONL, checked before a model is loaded: every fault is named with its file and line."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runtime.config import DataBlock
from runtime.errors import StageError

Row = dict[str, Any]

MAX_REPORTED_FAULTS = 10
_ROLES = ("system", "user", "assistant", "tool")
# For each shape: fields that hold a conversation (text or messages), fields that hold plain text.
_CONVERSATIONS = {
    "prompt-completion": ("prompt", "completion"),
    "messages": ("messages",),
    "preference": ("prompt", "chosen", "rejected"),
    "badcase": ("prompt",),
    "evaluation": ("prompt",),
}
_TEXTS = {"badcase": ("id", "fix"), "evaluation": ("id", "reference")}
_ANSWERS = ("completion", "chosen", "rejected")


def read_rows(data: Path, block: DataBlock) -> list[Row]:
    """Return the rows of the file that `block` names under the folder `data`.

    RUN721 if the file is not there, RUN711 if it is not the planned one, RUN710 with up to ten faults if rows are
    malformed, RUN712 if there are none.
    """
    path = data / block.path
    content = _read_planned(path, block)
    faults: list[str] = []
    rows: list[Row] = []
    seen: dict[str, int] = {}
    for number, line in _lines(content):
        try:
            row = _parse(line)
            _check_row(row, block.shape)
            if block.shape == "evaluation" and (first := seen.setdefault(row["id"], number)) != number:
                raise ValueError(f"`id` is the same as in line {first}: `{row['id']}`")
            rows.append(row)
        except ValueError as error:
            faults.append(f"{block.path}:{number}: {error}")
    faults += _mixed_kinds(rows, block)
    if faults:
        raise StageError("RUN710", _summary(faults), "correct these rows, then compile the plan again")
    if not rows:
        raise StageError("RUN712", f"`{block.path}` holds no rows", "give the stage a file with at least one row")
    if len(rows) != block.rows:
        message = f"`{block.path}` holds {len(rows)} rows, the plan counts {block.rows}"
        raise StageError("RUN711", message, "compile the plan again")
    return rows


def _read_planned(path: Path, block: DataBlock) -> bytes:
    if not path.is_file():
        raise StageError(
            "RUN721", f"data file `{block.path}` is not under `TRAINSPEC_DATA`", "copy the file to the data volume"
        )
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != block.sha256:
        message = f"`{block.path}` has sha256 `{digest}`, the plan was made for `{block.sha256}`"
        raise StageError("RUN711", message, "compile the plan again for the changed file, or restore the file")
    return content


def _lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    # Only \n ends a line of JSONL: `splitlines` on text would also cut at U+2028 inside a string.
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            yield number, line


def _parse(line: bytes) -> Row:
    try:
        row = json.loads(line.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 (byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg.lower()} (column {error.colno})") from error
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error
    if not isinstance(row, dict):
        raise ValueError("is not a JSON object")
    return row


def _refuse_constant(name: str) -> None:
    raise ValueError(f"`{name}` is not a JSON number")


def _check_row(row: Row, shape: str) -> None:
    conversations, texts = _CONVERSATIONS[shape], _TEXTS.get(shape, ())
    missing = [name for name in (*conversations, *texts) if name not in row]
    if missing:
        raise ValueError(f"lacks {', '.join(f'`{name}`' for name in missing)}")
    for name in texts:
        _check_text(name, row[name])
    for name in conversations:
        _check_conversation(name, row[name])
    for name in ("answer", "cluster", "database"):
        if row.get(name):  # may be left out
            _check_text(name, row[name])
    kinds = {isinstance(row[name], str) for name in conversations}
    if len(kinds) > 1:
        raise ValueError(f"mixes plain text and messages in {', '.join(f'`{name}`' for name in conversations)}")


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise ValueError(f"`{name}` is not a string")
    if not value.strip():
        raise ValueError(f"`{name}` is empty")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"`{name}` holds half of a surrogate pair (character {error.start})") from error


def _check_conversation(name: str, value: object) -> None:
    if isinstance(value, str):
        if name == "messages":
            raise ValueError("`messages` is not a list of messages")
        _check_text(name, value)
        return
    if not isinstance(value, list) or not value:
        raise ValueError(f"`{name}` is neither text nor a list of messages")
    for position, message in enumerate(value):
        _check_message(f"{name}[{position}]", message)
    roles = [message["role"] for message in value]
    if name in _ANSWERS and roles != ["assistant"]:
        raise ValueError(f"`{name}` must be one message with role `assistant`")
    if name == "prompt" and roles[-1] == "assistant":
        raise ValueError("`prompt` ends with the role `assistant`, which is the answer's")
    if name == "messages" and "assistant" not in roles:
        raise ValueError("`messages` has no message with role `assistant`")


def _check_message(name: str, message: object) -> None:
    if not isinstance(message, dict) or set(message) != {"role", "content"}:
        raise ValueError(f"`{name}` must have the keys `role` and `content`, and no others")
    if message["role"] not in _ROLES:
        raise ValueError(
            f"`{name}.role` must be one of {', '.join(f'`{role}`' for role in _ROLES)}, not `{message['role']}`"
        )
    _check_text(f"{name}.content", message["content"])


def _mixed_kinds(rows: list[Row], block: DataBlock) -> list[str]:
    # The trainers decide by the first row how all rows are to be read.
    field = _CONVERSATIONS[block.shape][0]
    if len({isinstance(row[field], str) for row in rows}) > 1:
        return [f"{block.path}: `{field}` is plain text in some rows and messages in others"]
    return []


def _summary(faults: list[str]) -> str:
    shown = faults[:MAX_REPORTED_FAULTS]
    more = len(faults) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more else "")
