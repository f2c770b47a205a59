"""Turns as ShareGPT, LLaMA-Factory, Axolotl and FastChat write them: `from` and `value`, and their names of roles."""

from typing import Any

from runtime.contract.data.faults import Fault, RefusedError
from runtime.contract.data.shown import shown
from runtime.contract.data.structures import json_in

Turn = dict[str, Any]

CALL_ROLE = "function_call"  # a turn whose text is a call, or a list of calls, in JSON
_ROLES = {
    "system": ("system", "developer"),
    "user": ("user", "human", "prompter"),
    "assistant": ("assistant", "gpt", "chatgpt", "model", "bot", "ai", "bing", "bard"),
    "tool": ("tool", "observation", "function", "function_response", "function_result", "tool_response", "ipython"),
    CALL_ROLE: (CALL_ROLE, "tool_call"),
}
_ROLE_OF = {name: role for role, names in _ROLES.items() for name in names}
_KEYS = {"from": "role", "value": "content"}  # keys of ShareGPT, and of a native turn


def role_of(name: object) -> object:
    """Return the native role of a name such as `human`; an unknown one as it is."""
    return (
        _ROLE_OF.get(name.strip().lower().replace("-", "_").replace(" ", "_"), name) if isinstance(name, str) else name
    )


def with_native_keys(turn: Turn, place: str) -> Turn:
    """Return the turn with `role` and `content`. RefusedError if it has two names or two texts that differ."""
    if turn.keys().isdisjoint(_KEYS):
        return turn
    named = dict(turn)
    for key, native in _KEYS.items():
        if key not in named:
            continue
        value = named.pop(key)
        if native in named and named[native] != value:
            hint = f"keep `{key}` or `{native}`"
            raise RefusedError(Fault(f"{place}.{key}", f"differs from `{native}`", shown(value), hint))
        named[native] = value
    return named


def key_in_file(place: str, turn: object) -> str:
    """Return the place of a fault below a turn with the turn's own names of keys."""
    for key, native in _KEYS.items():
        if isinstance(turn, dict) and key in turn and native not in turn and place == f".{native}":
            return f".{key}"
    return place


def calls_of_text(text: object, place: str) -> list[Any]:
    """Return the calls in the text of a `function_call` turn. RefusedError if it is not JSON of calls."""
    problem, hint = "is not a call in JSON", 'write `{"name": …, "arguments": {…}}` as JSON, or a list of them'
    value = json_in(text, place, problem, hint) if isinstance(text, str) else text
    calls = value if isinstance(value, list) else [value]
    if calls and all(isinstance(call, dict) and ("name" in call or "function" in call) for call in calls):
        return calls
    raise RefusedError(Fault(place, problem, shown(text), hint))
