"""The form of a trace: `trainspec.dev/trace/v1`, one JSON object a line."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from json import JSONEncoder
from typing import Any

from .snapshot import Lost, snapshot

SCHEMA = "trainspec.dev/trace/v1"
SOURCE = "trainspec-trace/1"
KINDS = ("intent", "retrieval", "tool", "model", "agent", "chain", "other")
NAME_CHARACTERS = 1000
_encode = JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")).encode


def line_of(record: dict[str, Any]) -> bytes:
    """Return a record as a line of JSON; halves of surrogate pairs, which UTF-8 cannot hold, become U+FFFD."""
    text = _encode(record)
    try:
        return f"{text}\n".encode()
    except UnicodeEncodeError:
        known = loss("encoding", "", "lone surrogates")
        if known not in record["losses"]:
            record["losses"].append(known)
        return f"{_encode(record)}\n".encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def loss(kind: str, step: str, detail: str = "") -> dict[str, str]:
    """Return what a trace or its step lacks."""
    return {"kind": kind, "step": step, "detail": detail}


def name_of(value: object) -> str | None:
    """Return a name or version as a text, whatever the application gave."""
    if value is None:
        return None
    copy = snapshot(value, NAME_CHARACTERS)[0]
    return copy if isinstance(copy, str) else str(copy)[:NAME_CHARACTERS]


def time_of(nanoseconds: int) -> str:
    """Return a time since the epoch in ISO 8601."""
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).isoformat(timespec="microseconds")


def present(**fields: Any) -> dict[str, Any]:
    """Return the fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def tokens_of(value: Any) -> dict[str, int] | None:
    """Return the token counts that are known, given as (input, output) or by name; None for anything else."""
    if isinstance(value, dict):
        value = (value.get("input"), value.get("output"))
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        return None
    counts = dict(zip(("input", "output"), value, strict=True))
    if not all(count is None or (type(count) is int and count >= 0) for count in counts.values()):
        return None
    return {name: count for name, count in counts.items() if count is not None}


def step_losses(step: dict[str, Any], lost: Iterable[Lost]) -> Iterator[dict[str, str]]:
    """Yield what the record of a step lacks."""
    name = step["id"]
    yield from (loss(kind, name, detail) for kind, detail in lost)
    if step.get("milliseconds") is None:
        yield loss("no-latency", name, "still running when the trace ended")
    if step["kind"] == "model":
        if not step.get("model"):
            yield loss("no-model", name)
        if "tokens" not in step and "error" not in step:
            yield loss("no-tokens", name)
