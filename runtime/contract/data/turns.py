"""Validation of conversation turns and their tools, in TRL's format.

A fault has a place below the checked value, such as `[0].role`.
"""

import json
from collections.abc import Mapping
from typing import Any

from runtime.contract.data.faults import Fault
from runtime.contract.data.json_types import json_fault
from runtime.contract.data.shown import shown, shown_name, what

ROLES = ("system", "user", "assistant", "tool")
THOUGHTS = "reasoning_content"  # the assistant's thoughts before its answer, which chat templates write
_BEGIN_OF_THOUGHTS = "<think>"  # of thoughts that are written in the text
# optional keys of a turn by role, in addition to `role` and `content`
_MORE = {"assistant": frozenset({"tool_calls", THOUGHTS}), "tool": frozenset({"name", "tool_call_id"})}
# keys of the assistant's turns that say which of them a model learns; a chat template never sees them
STEP_KEYS = ("train", "verdict")
VERDICTS = ("right", "wrong")
TURN_HINT = 'write each turn as `{"role": "user", "content": "…"}`'
TOOLS_HINT = 'write each as `{"type": "function", "function": {"name": …, "parameters": …}}`'
CALL_HINT = 'write each as `{"type": "function", "function": {"name": …, "arguments": {…}}}`'
STEP_HINT = "mark turns of the assistant alone, with `train: false`, or with `verdict: right` or `verdict: wrong`"
_ORDER_HINT = "write the results in the order of their calls: most chat templates write no ids"
_THOUGHTS_HINT = "keep one of the two"
_ROLES = ", ".join(f"`{each}`" for each in ROLES)
_NO_MORE: frozenset[str] = frozenset()
_TURN = frozenset({"role", "content"})
_CALL = ("type", "function", "id")
_FUNCTION = ("name", "arguments")
_STEPS = frozenset(STEP_KEYS)


def text_fault(value: object) -> Fault | None:
    """Return the fault of `value` unless it is a string, not blank, that UTF-8 can encode."""
    if not isinstance(value, str):
        found = "" if value is None else f"{what(value)}, {shown(value)}"
        return Fault("", "is missing" if value is None else "is not text", found, "write it as text, in quotes")
    if not value.strip():
        return Fault("", "is empty", hint="write the text, or remove the row")
    try:
        value.isascii() or value.encode("utf-8")
    except UnicodeEncodeError as error:
        return Fault("", f"contains a lone surrogate (character {error.start})", hint="write the character as UTF-8")
    return None


def turns_fault(value: object) -> Fault | None:
    """Return the first fault of `value` unless it is a list of at least one turn."""
    if not isinstance(value, list) or not value:
        return Fault("", "is not a list of turns", f"{what(value)}, {shown(value)}", TURN_HINT)
    for position, turn in enumerate(value):
        if fault := _turn_fault(turn):
            return fault.below(f"[{position}]")
        if "tool_call_id" in turn and (fault := _order_fault(value, position)):
            return fault.below(f"[{position}].tool_call_id")
    return None


def tools_fault(tools: object) -> Fault | None:
    """Return the first fault of `tools` unless it is a list of functions.

    A function is written as `{"type": "function", "function": {"name": …, …}}`.
    """
    if not isinstance(tools, list):
        return Fault("", "is not a list of functions", f"{what(tools)}, {shown(tools)}", TOOLS_HINT)
    for position, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict):
            return Fault(f"[{position}]", "has no `function` with a `name`", shown(tool), TOOLS_HINT)
        if fault := text_fault(function.get("name")):
            return fault.below(f"[{position}].function.name")
        if fault := json_fault(tool):
            return fault.below(f"[{position}]")
    return None


def calls_of(turns: list[dict[str, Any]]) -> list[str]:
    """Return the names of the functions that the turns call, in order."""
    return [call["function"]["name"] for turn in turns for call in turn.get("tool_calls") or ()]


def text_with_calls(turn: Mapping[str, Any]) -> str:
    """Return the text of an assistant's turn, with its tool calls as JSON."""
    calls = [call.get("function", call) for call in turn.get("tool_calls") or []]
    return "\n".join([turn.get("content") or "", *(json.dumps(call, ensure_ascii=False) for call in calls)]).strip()


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
    if not isinstance(turn, dict):
        return Fault("", "is not a turn", f"{what(turn)}, {shown(turn)}", TURN_HINT)
    role = turn.get("role")
    if not isinstance(role, str) or role not in ROLES:
        if "role" not in turn:
            return Fault("", "has no `role`", shown(turn), TURN_HINT)
        return Fault(".role", f"must be one of {_ROLES}", shown(role), "correct the role of the turn")
    if len(turn) > 2 and (fault := _extras_fault(turn, role)):
        return fault
    calls = turn.get("tool_calls") if role == "assistant" else None
    if calls is not None and (fault := _calls_fault(calls)):
        return fault.below(".tool_calls")
    if "content" not in turn and not calls:
        return Fault("", "has no `content`", shown(turn), TURN_HINT)
    if calls and turn.get("content") in (None, ""):
        return None
    if fault := text_fault(turn["content"]):
        return fault.below(".content")
    if turn.get(THOUGHTS) and turn["content"].lstrip().startswith(_BEGIN_OF_THOUGHTS):
        problem = f"begins with thoughts, and `{THOUGHTS}` holds some too"
        return Fault(".content", problem, shown(turn["content"]), _THOUGHTS_HINT)
    return None


def _extras_fault(turn: dict[str, Any], role: str) -> Fault | None:
    """Return the fault of the keys beside `role` and `content`."""
    if fault := _step_fault(turn, role):
        return fault
    more = _MORE.get(role, _NO_MORE)
    for key in turn:
        if key not in _TURN and key not in more and key not in _STEPS:
            keys = ", ".join(f"`{each}`" for each in ("role", "content", *sorted(more)))
            hint = f"remove it, or write what it says in another key: such a turn has {keys}"
            return Fault(f".{shown_name(key)}", f"is no key of a turn of the `{role}`", shown(turn[key]), hint)
    for key in more:
        if key != "tool_calls" and turn.get(key) is not None and (fault := text_fault(turn[key])):
            return fault.below(f".{key}")
    return None


def _order_fault(turns: list[dict[str, Any]], position: int) -> Fault | None:
    """Return the fault of a result that follows the result of a later call: most chat templates write no ids."""
    start = position
    while start and turns[start - 1]["role"] == "tool":
        start -= 1
    calls = turns[start - 1].get("tool_calls") or () if start else ()
    order = [call.get("id") for call in calls]
    before, this = (turn.get("tool_call_id") for turn in (turns[position - 1], turns[position]))
    if (
        start == position
        or order.count(this) != 1
        or order.count(before) != 1
        or order.index(before) < order.index(this)
    ):
        return None
    return Fault("", f"answers a call before that of `{shown_name(before)}`", shown(this), _ORDER_HINT)


def _step_fault(turn: dict[str, Any], role: str) -> Fault | None:
    """Return the fault of the keys that say whether a turn is learnt."""
    for key in STEP_KEYS:
        if key in turn and role != "assistant":
            problem = f"belongs only to turns of the `assistant`, not of the `{role}`"
            return Fault(f".{key}", problem, shown(turn[key]), STEP_HINT)
    if turn.get("train") is not None and not isinstance(turn["train"], bool):
        return Fault(".train", "must be true or false", shown(turn["train"]), STEP_HINT)
    if turn.get("verdict") is not None and turn["verdict"] not in VERDICTS:
        either = " or ".join(f"`{each}`" for each in VERDICTS)
        return Fault(".verdict", f"must be {either}", shown(turn["verdict"]), STEP_HINT)
    return None


def _calls_fault(calls: object) -> Fault | None:
    if not isinstance(calls, list) or not calls:
        return Fault("", "is not a list of calls", shown(calls), CALL_HINT)
    for position, call in enumerate(calls):
        if fault := _call_fault(call):
            return fault.below(f"[{position}]")
    return None


def _call_fault(call: object) -> Fault | None:
    if not isinstance(call, dict) or not isinstance(call.get("function"), dict):
        return Fault("", "is not a call of a function", shown(call), CALL_HINT)
    function = call["function"]
    for place, keys, known in (("", call, _CALL), (".function", function, _FUNCTION)):
        for key in keys:
            if key not in known:
                return Fault(f"{place}.{shown_name(key)}", "is no key of a call", shown(keys[key]), CALL_HINT)
    if call.get("type", "function") != "function":
        return Fault(".type", "must be `function`", shown(call["type"]), CALL_HINT)
    if fault := text_fault(function.get("name")):
        return fault.below(".function.name")
    arguments = function.get("arguments")
    if not isinstance(arguments, dict):
        return Fault(".function.arguments", f"is {what(arguments)}, not an object", shown(arguments), CALL_HINT)
    fault = json_fault(arguments)
    return fault and fault.below(".function.arguments")
