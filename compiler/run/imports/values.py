"""Values of exports: times, numbers, JSON inside text, and messages in one form."""

import ast
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic_core import from_json

_SECONDS, _MILLISECONDS, _MICROSECONDS = 1e11, 1e14, 1e17  # epochs below these are in that unit, else nanoseconds
_LARGEST = 9e18  # nanoseconds that fit into 64 bits: the year 2255
_PYTHON_STARTS = ("{'", "[{'", "['")
_MAX_LITERAL = 1 << 20
_JSON_STARTS = ("{", "[", '"')
_TEXT_PARTS = ("text", "output_text", "input_text", "refusal")


def nanoseconds(value: Any) -> int | None:
    """Return a time as nanoseconds since 1970: from ISO 8601 (UTC without a zone), or a number of a unit by its size.

    None if it is no time, or 0.
    """
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
            if at.tzinfo is None:
                at = at.replace(tzinfo=UTC)
            return _bounded(round(at.timestamp() * 1e6) * 1000)
        except (ValueError, OverflowError):
            return nanoseconds(int(value)) if value.isdecimal() and len(value) < 20 else None
    if isinstance(value, datetime):
        return nanoseconds(value.isoformat())
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LARGEST:
        return None
    if value < _SECONDS:
        return round(value * 1e6) * 1000
    if value < _MILLISECONDS:
        return round(value * 1e3) * 1000
    return int(value * 1e3) if value < _MICROSECONDS else int(value)


def _bounded(value: int) -> int | None:
    return value if abs(value) < _LARGEST else None


def decoded(value: Any) -> Any:
    """Return what a text of JSON holds if it is an object, a list or a text in quotes; any other value as it is.

    A cell of CSV from pandas holds an object as Python writes it, which is read as well.
    """
    if isinstance(value, str) and value.startswith(_JSON_STARTS):
        try:
            return from_json(value, allow_inf_nan=False)
        except ValueError:
            return _literal(value) if value.startswith(_PYTHON_STARTS) and len(value) < _MAX_LITERAL else value
    return value


def _literal(value: str) -> Any:
    """Return a literal of Python, which `ast` parses without running anything; the text itself if it is none."""
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return value


def mapping(value: Any) -> dict[str, Any]:
    """Return an object, also one written as text of JSON; empty if the value is something else."""
    if isinstance(value, str):
        value = decoded(value)
    return value if isinstance(value, dict) else {}


def rows_in(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list, also one written as text of JSON."""
    if isinstance(value, str):
        value = decoded(value)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text(value: Any) -> str | None:
    """Return a text or number as text; None if it is empty or something else."""
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def count(value: Any) -> int | None:
    """Return a number of tokens, also from text, where pandas writes `5.0` for 5; None if it is none."""
    if isinstance(value, str):
        whole = value.removesuffix(".0")
        value = int(whole) if whole.isdecimal() and len(whole) < 16 else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e15:
        return None
    return int(value)


def number(value: Any) -> float | None:
    """Return a finite number, also from text; None if it is none."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
        return None
    return float(value)


def is_empty(value: Any) -> bool:
    """Return whether a value holds nothing: null, white space, an empty list or object, or turns that say nothing."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value or value.isspace()
    if isinstance(value, list):
        return not value or (value[-1].__class__ is dict and all(map(_is_silent, value)))
    return isinstance(value, dict) and (not value or _is_silent(value))


def _is_silent(value: Any) -> bool:
    """Return whether a value is a message, in our form, without content and calls."""
    return isinstance(value, dict) and value.keys() == {"role", "content"} and is_empty(value["content"])


def message(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message with `role` and `content`, from the forms of OpenAI, LangChain and the GenAI conventions."""
    held = value.get("data") if isinstance(value.get("data"), dict) else value.get("kwargs")
    if isinstance(held, dict):  # LangChain: {"type": "human", "data": {…}}, or {"id": […, "HumanMessage"], "kwargs"}
        path = value.get("id")
        name = value.get("type") if "data" in value else path[-1] if isinstance(path, list) and path else None
        return message({"role": held.get("type") or name, **held})
    role = str(value.get("role") or value.get("type") or "user")
    made: dict[str, Any] = {"role": _ROLES.get(role, role)}
    parts = value.get("parts")
    if isinstance(parts, list):
        return made | _from_parts(parts)
    made["content"] = _content(value.get("content"))
    if made["content"] is None and (refused := text(value.get("refusal"))):
        made["content"] = refused
    calls = value.get("tool_calls")
    called = value.get("function_call")  # the form before `tool_calls`
    if calls or isinstance(called, dict):
        made["tool_calls"] = calls or [{"type": "function", "function": called}]
    return made


_ROLES = {
    "human": "user",
    "HumanMessage": "user",
    "ai": "assistant",
    "AIMessage": "assistant",
    "AIMessageChunk": "assistant",
    "SystemMessage": "system",
    "ToolMessage": "tool",
    "model": "assistant",
}


def _content(value: Any) -> Any:
    """Return the text of a message that holds text only; any other content as it is."""
    if isinstance(value, list) and value:
        parts = [each.get("text") for each in value if isinstance(each, dict) and each.get("type") in _TEXT_PARTS]
        texts = [each for each in parts if isinstance(each, str)]
        if len(texts) == len(value):
            return "\n".join(texts)
    return value


def _from_parts(parts: list[Any]) -> dict[str, Any]:
    """Return content and tool calls of a message of `gen_ai.input.messages`."""
    texts: list[Any] = []
    calls = []
    for part in parts:
        if not isinstance(part, dict):
            continue
        kind = part.get("type")
        if kind == "tool_call":
            function = {"name": part.get("name"), "arguments": part.get("arguments")}
            calls.append({"id": part.get("id"), "type": "function", "function": function})
        elif kind == "tool_call_response":
            texts.append(part.get("response", part.get("result")))
        elif kind != "reasoning":
            texts.append(part.get("content", part))
    if texts and all(isinstance(each, str) for each in texts):
        content: Any = "\n".join(texts)
    else:
        content = texts[0] if len(texts) == 1 else texts or None
    return {"content": content} | ({"tool_calls": calls} if calls else {})


def is_message(value: Any) -> bool:
    """Return whether a value is a message of a chat, in any form that `message` reads."""
    if not isinstance(value, dict):
        return False
    if "role" in value:
        return "content" in value or "parts" in value or "tool_calls" in value
    return ("data" in value or "kwargs" in value) and ("type" in value or "id" in value)


def messages(value: Any) -> Any:
    """Return a list of messages in one form; any other value as it is."""
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]  # LangChain: a batch of one
    if isinstance(value, list) and value and all(map(is_message, value)):
        return [message(each) for each in value]
    return value
