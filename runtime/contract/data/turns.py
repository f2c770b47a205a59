"""Validation of conversation turns and their tools, in TRL's format.

A fault consists of a place below the checked value, such as `[0].role`, and a message.
"""

from collections.abc import Mapping
from typing import Any

Fault = tuple[str, str]

ROLES = ("system", "user", "assistant", "tool")
# optional keys of a turn by role, in addition to `role` and `content`
_MORE = {"assistant": frozenset({"tool_calls"}), "tool": frozenset({"name", "tool_call_id"})}
# keys of the assistant's turns that say which of them a model learns; a chat template never sees them
STEP_KEYS = ("train", "verdict")
VERDICTS = ("right", "wrong")
_NO_MORE: frozenset[str] = frozenset()
_TURN = frozenset({"role", "content"})
_CALL = frozenset({"id", "type", "function"})
_STEPS = frozenset(STEP_KEYS)


def text_fault(value: object) -> Fault | None:
    """Return the fault of `value` unless it is a string, not blank, that UTF-8 can encode."""
    if not isinstance(value, str):
        return "", "is not a string"
    if not value.strip():
        return "", "is empty"
    try:
        value.isascii() or value.encode("utf-8")
    except UnicodeEncodeError as error:
        return "", f"contains a lone surrogate (character {error.start})"
    return None


def turns_fault(value: object) -> Fault | None:
    """Return the first fault of `value` unless it is a list of at least one turn."""
    if not isinstance(value, list) or not value:
        return "", "is not a list of messages"
    for position, turn in enumerate(value):
        if fault := _turn_fault(turn):
            return f"[{position}]{fault[0]}", fault[1]
    return None


def tools_fault(tools: object) -> Fault | None:
    """Return the first fault of `tools` unless it is a list of functions.

    A function is written as `{"type": "function", "function": {"name": …, …}}`.
    """
    if not isinstance(tools, list):
        return "", "is not a list of functions"
    for position, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict):
            return f"[{position}]", "has no `function` with a `name`"
        if fault := text_fault(function.get("name")):
            return f"[{position}].function.name", fault[1]
    return None


def calls_of(turns: list[dict[str, Any]]) -> list[str]:
    """Return the names of the functions that the turns call, in order."""
    return [call["function"]["name"] for turn in turns for call in turn.get("tool_calls") or ()]


def is_learnt(turn: Mapping[str, Any]) -> bool:
    """Return whether a model learns this turn: the assistant's, unless `train` is false or its `verdict` is wrong."""
    return turn["role"] == "assistant" and turn.get("train") is not False and turn.get("verdict") != "wrong"


def is_judged(turn: Mapping[str, Any]) -> bool:
    """Return whether the turn says if it is learnt."""
    return any(turn.get(key) is not None for key in STEP_KEYS)


def without_steps(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the turns without `STEP_KEYS`: what a chat template or another model may read."""
    if not any(key in turn for turn in turns for key in STEP_KEYS):
        return turns
    return [{name: value for name, value in turn.items() if name not in STEP_KEYS} for turn in turns]


def _turn_fault(turn: object) -> Fault | None:
    """Return the first fault of a turn; one that calls tools may lack `content`, as in OpenAI's logs."""
    if not isinstance(turn, dict) or "role" not in turn:
        return "", "must have the keys `role` and `content`, and no others"
    role = turn["role"]
    if role not in ROLES:
        return ".role", f"must be one of {', '.join(f'`{each}`' for each in ROLES)}, not `{role}`"
    if len(turn) > 2 and (fault := _step_fault(turn, role)):
        return fault
    more = _MORE.get(role, _NO_MORE)
    calls = turn.get("tool_calls") if role == "assistant" else None
    if not turn.keys() <= _TURN | more | _STEPS or not ("content" in turn or calls):
        optional = "".join(f", optionally `{each}`" for each in sorted(more))
        return "", f"must have the keys `role` and `content`{optional}, and no others"
    for key in more if role == "tool" else ():
        if turn.get(key) is not None and (fault := text_fault(turn[key])):
            return f".{key}", fault[1]
    if calls is not None and (fault := _calls_fault(calls)):
        return f".tool_calls{fault[0]}", fault[1]
    if calls and turn.get("content") in (None, ""):
        return None
    fault = text_fault(turn["content"])
    return fault and (".content", fault[1])


def _step_fault(turn: dict[str, Any], role: str) -> Fault | None:
    """Return the fault of the keys that say whether a turn is learnt."""
    for key in STEP_KEYS:
        if key in turn and role != "assistant":
            return f".{key}", f"belongs only to turns of the `assistant`, not of the `{role}`"
    if turn.get("train") is not None and not isinstance(turn["train"], bool):
        return ".train", "must be true or false"
    if turn.get("verdict") is not None and turn["verdict"] not in VERDICTS:
        return ".verdict", f"must be {' or '.join(f'`{each}`' for each in VERDICTS)}"
    return None


def _calls_fault(calls: object) -> Fault | None:
    if not isinstance(calls, list) or not calls:
        return "", "is not a list of calls"
    for position, call in enumerate(calls):
        if fault := _call_fault(call):
            return f"[{position}]{fault[0]}", fault[1]
    return None


def _call_fault(call: object) -> Fault | None:
    if not isinstance(call, dict) or not call.keys() <= _CALL or call.get("type", "function") != "function":
        return "", "must have the keys `type` (`function`) and `function`, optionally `id`, and no others"
    function = call.get("function")
    if not isinstance(function, dict) or function.keys() != {"name", "arguments"}:
        return ".function", "must have the keys `name` and `arguments`, and no others"
    if fault := text_fault(function["name"]):
        return ".function.name", fault[1]
    if not isinstance(function["arguments"], dict):
        return ".function.arguments", "is not an object; JSON text must be parsed first"
    return None
