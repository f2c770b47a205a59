"""Turns as OpenAI's interface and Arrow tables write them, in the native form that chat templates read.

Arguments that are JSON text become objects, parts of text one text, old function calls tool calls, and other names of
thoughts `reasoning_content`. Keys without a value are dropped. Whatever remains is judged by the check of turns.
"""

from typing import Any

from runtime.contract.data.calls import native_call, native_calls
from runtime.contract.data.faults import Fault, RefusedError
from runtime.contract.data.sharegpt import CALL_ROLE, Turn, calls_of_text, key_in_file, role_of, with_native_keys
from runtime.contract.data.shown import shown, what
from runtime.contract.data.structures import json_in
from runtime.contract.data.turns import STEP_HINT, STEP_KEYS, THOUGHTS, TURN_HINT, turns_fault

# kinds of parts of a content
_PARTS = {
    **dict.fromkeys(("text", "input_text", "output_text"), "text"),
    **dict.fromkeys(("thinking", "reasoning"), "thoughts"),
    "tool_call": "call",
}
_THOUGHTS = (THOUGHTS, "reasoning", "thinking")
# whether a turn is learnt: of Axolotl, OpenAI, ms-swift and LLaMA-Factory
_FLAGS = ("train", "weight", "loss", "loss_weight")
# keys that say nothing about what a model reads or writes
_HARMLESS = frozenset(
    ("id", "message_id", "index", "timestamp", "created", "created_at", "model", "finish_reason", "logprobs", "usage")
)
_KEPT = frozenset(("role", "content", "from", "value"))  # keys that are faults if they are empty


def native_turns(value: Any, place: str) -> list[Turn]:
    """Return the turns of the column `place` in the native form. RefusedError with the first fault of a turn."""
    turns = _listed(value, place)
    padded = any(isinstance(turn, dict) and _is_padded(turn) for turn in turns)
    natives = [_native_turn(turn, f"{place}[{at}]", padded=padded) for at, turn in enumerate(turns)]
    if fault := turns_fault(natives):
        position, _, below = fault.place.partition("]")
        turn = turns[int(position[1:])] if position else None
        raise RefusedError(fault._replace(place=f"{place}{position}{']' * bool(position)}{key_in_file(below, turn)}"))
    return natives


def _listed(value: Any, place: str) -> list[Any]:
    """Return the turns as a list of objects: a table may hold each as JSON text, or one list for each key."""
    if isinstance(value, dict):
        lists = [each for each in value.values() if isinstance(each, list)]
        if len(lists) == len(value) and len({len(each) for each in lists}) == 1:
            return [dict(zip(value, each, strict=True)) for each in zip(*lists, strict=True)]
        return [value]
    if not isinstance(value, list):
        raise RefusedError(Fault(place, "is not a list of turns", f"{what(value)}, {shown(value)}", TURN_HINT))
    problem = "is text that is not a turn in JSON"
    return [
        json_in(each, f"{place}[{at}]", problem, TURN_HINT) if isinstance(each, str) else each
        for at, each in enumerate(value)
    ]


def _is_padded(turn: Turn) -> bool:
    """Return whether a table has given the turn the keys of others."""
    return "tool_calls" in turn and turn["tool_calls"] is None and role_of(turn.get("role")) != "assistant"


def _native_turn(value: Any, place: str, *, padded: bool) -> Any:
    if not isinstance(value, dict):
        return value
    turn = {key: each for key, each in value.items() if not _is_empty(each) or (each == "" and key in _KEPT)}
    turn = with_native_keys(turn, place)
    if "role" not in turn:
        return turn
    turn = turn | {"role": role_of(turn["role"])}
    if turn["role"] == CALL_ROLE:
        turn = _calling(turn, place, value)
    if isinstance(turn.get("content"), list):
        turn = _joined(turn, f"{place}.content")
    turn = _with_thoughts(turn, place)
    if "function_call" in turn:
        turn = _with_old_call(turn, place)
    if "tool_calls" in turn:
        turn["tool_calls"] = native_calls(turn["tool_calls"], f"{place}.tool_calls", padded=padded)
        if turn.get("content") is None:
            turn.pop("content", None)
    turn = _with_steps(turn, place)
    unread = _HARMLESS if turn["role"] == "tool" else _HARMLESS | {"name"}
    return {key: each for key, each in turn.items() if key not in unread}


def _calling(turn: Turn, place: str, original: Turn) -> Turn:
    """Return a turn of ShareGPT that is a call as one of the assistant."""
    key = "value" if "value" in original else "content"
    calls = calls_of_text(turn.get("content"), f"{place}.{key}")
    rest = {name: each for name, each in turn.items() if name not in ("role", "content")}
    return {"role": "assistant", "tool_calls": native_calls(calls, f"{place}.{key}", padded=False)} | rest


def _joined(turn: Turn, place: str) -> Turn:
    """Return the turn with the parts of its content as one text, and thoughts and calls among them apart."""
    found: dict[str, list[Any]] = {"text": [], "thoughts": [], "call": []}
    for at, part in enumerate(turn["content"]):
        kind = part.get("type", "text") if isinstance(part, dict) else "text"
        sort = _PARTS.get(kind) if isinstance(kind, str) else None
        value = part if isinstance(part, str) else _value_of(part, kind)
        if sort == "call":
            found[sort] += calls_of_text(value, f"{place}[{at}].value")
        elif sort and isinstance(value, str):
            found[sort].append(value)
        else:
            hint = 'write its text: `{"type": "text", "text": "…"}`; write calls as `tool_calls`'
            raise RefusedError(Fault(f"{place}[{at}]", "is not a part of text", shown(part), hint))
    joined = turn | {"content": "".join(found["text"])}
    if found["call"]:
        joined["tool_calls"] = [*(turn.get("tool_calls") or ()), *found["call"]]
    return joined | {"thinking": "".join(found["thoughts"])} if found["thoughts"] else joined


def _value_of(part: Any, kind: str) -> Any:
    """Return what a part says: under the name of its kind, or, in the format of LLaMA-Factory's v1, under `value`."""
    if not isinstance(part, dict):
        return None
    return part.get("value", part.get("thinking" if kind == "thinking" else "text"))


def _with_thoughts(turn: Turn, place: str) -> Turn:
    """Return the turn with its thoughts as `reasoning_content`."""
    named = [key for key in _THOUGHTS if key in turn]
    if not named or turn["role"] != "assistant":
        return turn
    for key in named[1:]:
        if turn[key] != turn[named[0]]:
            problem = f"differs from `{named[0]}`"
            raise RefusedError(Fault(f"{place}.{key}", problem, shown(turn[key]), f"keep `{named[0]}` or `{key}`"))
    rest = {key: each for key, each in turn.items() if key not in _THOUGHTS and key != "reasoning_details"}
    return rest | {THOUGHTS: turn[named[0]]}


def _with_old_call(turn: Turn, place: str) -> Turn:
    """Return the turn with its `function_call` as the only tool call."""
    if turn["role"] != "assistant" or "tool_calls" in turn:
        return turn
    call = native_call(turn["function_call"], f"{place}.function_call", padded=False)
    return {key: each for key, each in turn.items() if key != "function_call"} | {"tool_calls": [call]}


def _with_steps(turn: Turn, place: str) -> Turn:
    """Return the turn with whether it is learnt as `train`; of other turns than the assistant's, "no" says nothing."""
    flags = {key: turn[key] for key in _FLAGS if key in turn}
    for key, value in flags.items():
        if value not in (0, 1):
            if key == "train":  # the check of turns names it
                return turn
            raise RefusedError(Fault(f"{place}.{key}", "must be 0 or 1", shown(value), STEP_HINT))
    learnt = {bool(value) for value in flags.values()}
    if len(learnt) > 1:
        names = " and ".join(f"`{key}`" for key in flags)
        raise RefusedError(Fault(place, f"is to be learnt and not to be learnt, by {names}", hint="keep one of them"))
    rest = {key: each for key, each in turn.items() if key not in _FLAGS}
    if not flags or (turn["role"] != "assistant" and learnt == {False}):
        return rest
    if turn["role"] != "assistant":
        problem = f"belongs only to turns of the `assistant`, not of the `{turn['role']}`"
        raise RefusedError(Fault(f"{place}.{next(iter(flags))}", problem, hint=STEP_HINT))
    return rest | {STEP_KEYS[0]: learnt.pop()}


def _is_empty(value: object) -> bool:
    """Return whether a key without this value would say the same; NaN is what pandas writes for none."""
    return value is None or value in ("", [], {}) or value != value
