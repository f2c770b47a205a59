"""The query and the answer of a trace, as plain as they can be without a loss."""

from typing import Any

from compiler.run.imports.values import is_empty, is_message, message, messages


def query_of(value: Any) -> Any:
    """Return the text of the only user turn, or of the only text field; the turns of a longer chat; else the value."""
    value = _unwrapped(value, ("messages", "input_messages"))
    if isinstance(value, list) and value and all(map(is_message, value)):
        turns = messages(value)
        asked = [each for each in turns if each["role"] not in ("system", "developer")]
        if len(asked) == 1 and isinstance(asked[0]["content"], str):
            return asked[0]["content"]
        return turns
    return _only_text(value)


def answer_of(value: Any) -> Any:
    """Return the text of the only (or last) turn of the assistant, or of the only text field; else the value."""
    value = _unwrapped(value, ("choices", "generations", "messages", "output_messages"))
    while isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    if isinstance(value, list) and value:
        last = value[-1] if is_message(value[-1]) else value[0]
        if isinstance(last, dict) and isinstance(last.get("message"), dict):
            last = last["message"]
        if is_message(last):
            return answer_of(last)
        if isinstance(last, dict) and len(value) == 1 and isinstance(last.get("text"), str):
            return last["text"]
    if is_message(value):
        made = message(value)
        return made if made.get("tool_calls") or not isinstance(made.get("content"), str) else made["content"]
    return _only_text(value)


def _unwrapped(value: Any, names: tuple[str, ...]) -> Any:
    """Return the list that an object holds under one of the names; else the value."""
    if isinstance(value, dict):
        held = next((value[name] for name in names if isinstance(value.get(name), list) and value[name]), None)
        return value if held is None else held
    return value


def _only_text(value: Any) -> Any:
    if isinstance(value, dict):
        held = [each for each in value.values() if not is_empty(each)]
        if len(held) == 1 and isinstance(held[0], str):
            return held[0]
    return value
