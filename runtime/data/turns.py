"""Turns of a conversation and the tools that they may call: TRL's format, checked before anything reads them."""

from typing import Any

_ROLES = ("system", "user", "assistant", "tool")
# What a turn may hold beside `role` and `content`.
_MORE = {"assistant": {"tool_calls"}, "tool": {"name", "tool_call_id"}}
_CALL = {"id", "type", "function"}


def check_turn(name: str, turn: object) -> None:
    """ValueError if `turn` is no turn; `name` is how it is called there.

    An assistant's turn that calls tools may have no `content`, as OpenAI's logs have it.
    """
    if not isinstance(turn, dict) or "role" not in turn:
        raise ValueError(f"`{name}` must have the keys `role` and `content`, and no others")
    role = turn["role"]
    if role not in _ROLES:
        raise ValueError(f"`{name}.role` must be one of {', '.join(f'`{each}`' for each in _ROLES)}, not `{role}`")
    calls = turn.get("tool_calls") if role == "assistant" else None
    if not set(turn) <= {"role", "content"} | _MORE.get(role, set()) or not ("content" in turn or calls):
        more = "".join(f", perhaps `{each}`" for each in sorted(_MORE.get(role, set())))
        raise ValueError(f"`{name}` must have the keys `role` and `content`{more}, and no others")
    for key in _MORE.get("tool", ()):
        if turn.get(key) is not None:
            check_text(f"{name}.{key}", turn[key])
    if calls is not None:
        _check_calls(f"{name}.tool_calls", calls)
    if not (calls and turn.get("content") in (None, "")):
        check_text(f"{name}.content", turn["content"])


def check_tools(tools: object) -> None:
    """ValueError if `tools` is no list of functions: `{"type": "function", "function": {"name": …, …}}`."""
    if not isinstance(tools, list):
        raise ValueError("`tools` is not a list of functions")
    for position, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict):
            raise ValueError(f"`tools[{position}]` has no `function` with a `name`")
        check_text(f"tools[{position}].function.name", function.get("name"))


def calls_of(turns: list[dict[str, Any]]) -> list[str]:
    """The names of the functions that the turns call, in their order."""
    return [call["function"]["name"] for turn in turns for call in turn.get("tool_calls") or ()]


def check_text(name: str, value: object) -> None:
    """ValueError if `value` is no text that can be written as UTF-8, or only white space."""
    if not isinstance(value, str):
        raise ValueError(f"`{name}` is not a string")
    if not value.strip():
        raise ValueError(f"`{name}` is empty")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"`{name}` holds half of a surrogate pair (character {error.start})") from error


def _check_calls(name: str, calls: object) -> None:
    if not isinstance(calls, list) or not calls:
        raise ValueError(f"`{name}` is not a list of calls")
    for position, call in enumerate(calls):
        at = f"{name}[{position}]"
        if not isinstance(call, dict) or not set(call) <= _CALL or call.get("type", "function") != "function":
            raise ValueError(
                f"`{at}` must have the keys `type` (`function`) and `function`, perhaps `id`, and no others"
            )
        function = call.get("function")
        if not isinstance(function, dict) or set(function) != {"name", "arguments"}:
            raise ValueError(f"`{at}.function` must have the keys `name` and `arguments`, and no others")
        check_text(f"{at}.function.name", function["name"])
        if not isinstance(function["arguments"], dict):
            raise ValueError(f"`{at}.function.arguments` is not an object: text that holds JSON must be read first")
