"""Tool calls in a model's answer, compared with the expected calls by structure, not by spelling."""

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

MAX_CHARACTERS = 100_000

_TAGGED = re.compile(r"<tool_call>(.*?)(?:</tool_call>|\Z)", re.DOTALL)
_FENCED = re.compile(r"```[ \t]*(?:json)?[ \t]*\n?(.*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE)
_BETWEEN = re.compile(r"[\s,;]*")
_DECODER = json.JSONDecoder(
    parse_constant=lambda name: _refuse(f"`{name}` is not a JSON number"),
    object_pairs_hook=lambda pairs: _object(pairs),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolCall:
    """A tool's name, and its arguments as JSON values."""

    name: str
    arguments: dict[str, Any]


def read_tool_calls(text: str) -> list[ToolCall]:
    """Return the calls in `text`, in order; ValueError with the reason if there are none.

    They are between `<tool_call>` tags, else in the first fenced block, else the whole text: a call, a list of calls,
    or a sequence of calls. A call is `{"name": …, "arguments": {…}}`; Llama's `parameters`, OpenAI's `{"function": …}`
    around it, and arguments as JSON text are accepted as well.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"is longer than {MAX_CHARACTERS} characters")
    calls = [_call(value) for value in _calls_in(text)]
    if not calls:
        raise ValueError("contains no call")
    return calls


def same_calls(reference: str, answer: str) -> str:
    """Return why the calls in `answer` differ from those in `reference`, or an empty string if they are equal.

    Calls must be complete and in the same order, without extra calls or arguments. The order of arguments does not
    matter, nor whether a whole number is written as 1 or 1.0. ValueError if `reference` contains no call.
    """
    wanted = read_tool_calls(reference)
    try:
        found = read_tool_calls(answer)
    except ValueError as error:
        return f"error: the answer {error}"
    if len(found) != len(wanted):
        return f"{len(found)} calls instead of {len(wanted)}"
    for one, other in zip(wanted, found, strict=True):
        if one.name != other.name:
            return f"a call of another tool instead of `{one.name}`"
        if not _same(one.arguments, other.arguments):
            return f"different arguments for `{one.name}`"
    return ""


def _calls_in(text: str) -> list[Any]:
    """Return the values of the calls in `text`. Text that is JSON counts whole, whatever its strings contain."""
    if text.lstrip().startswith(("{", "[")):
        with suppress(ValueError):
            return _values(text)
    fenced = _FENCED.search(text)
    parts = _TAGGED.findall(text) or [fenced.group(1) if fenced else text]
    return [value for part in parts for value in _values(part)]


def _values(text: str) -> list[Any]:
    values: list[Any] = []
    at = _skip(text, 0)
    while at < len(text):
        try:
            value, at = _DECODER.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise ValueError(f"is not JSON: {error.msg.lower()} (character {error.pos + 1})") from error
        except RecursionError as error:
            raise ValueError("is nested too deeply") from error
        values += value if isinstance(value, list) else [value]
        at = _skip(text, at)
    return values


def _skip(text: str, at: int) -> int:
    between = _BETWEEN.match(text, at)
    return between.end() if between else at


def _call(value: Any) -> ToolCall:
    if isinstance(value, dict) and isinstance(value.get("function"), dict):
        value = value["function"]
    if not isinstance(value, dict) or not isinstance(value.get("name"), str) or not value["name"]:
        raise ValueError("contains a call without a `name`")
    arguments = value.get("arguments", value.get("parameters", {}))
    if isinstance(arguments, str):
        decoded = _values(arguments)
        arguments = decoded[0] if len(decoded) == 1 else None
    if not isinstance(arguments, dict):
        raise ValueError(f"calls `{value['name']}` with arguments that are not a JSON object")
    return ToolCall(name=value["name"], arguments=arguments)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):  # in Python, True == 1
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("repeats the name of an argument")
    return dict(pairs)


def _refuse(message: str) -> None:
    raise ValueError(message)
