"""The texts of a conversation, each with its place: what a model must read or learn."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Literal

Turn = dict[str, Any]
Tool = dict[str, Any]
_ENDED = "</think>"
_SWITCH = re.compile(r"/(no_)?think\b")  # a mode of SmolLM3's template, which removes it from the system turn


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """One text of a conversation; `turn` is the index of its turn, None for the text of a tool's description.

    `number` counts the texts of the same kind and turn, whatever their values.
    """

    kind: Literal["content", "thoughts", "call", "tool"]
    place: str
    value: str
    turn: int | None
    number: int = 0

    @property
    def key(self) -> tuple[str, int | None, int]:
        """The position of the text, which is the same in the conversation with marks."""
        return self.kind, self.turn, self.number


def texts_of(turns: Sequence[Turn], tools: Sequence[Tool] | None) -> Iterator[Text]:
    """Yield the texts of turns, thoughts and calls, and of the descriptions of tools, without empty ones."""
    numbers: Counter[tuple[str, int | None]] = Counter()
    for text in _all(turns, tools):
        if text.value.strip():
            yield replace(text, number=numbers[text.kind, text.turn])
        numbers[text.kind, text.turn] += 1


def with_marks(turns: Sequence[Turn], tools: Sequence[Tool] | None) -> tuple[list[Turn], list[Tool] | None]:
    """Return the same conversation with a word of its own for each text, and with the same roles and keys."""
    words = (f"zq{number}qz" for number in count(1))
    marked = [_marked_turn(turn, words) for turn in turns]
    return marked, None if tools is None else [_marked_tool(tool, words) for tool in tools]


def forms_of(value: str) -> Iterator[str]:
    """Yield how a template may write a text, without white space.

    It is written as it is, without a switch of thoughts, or escaped as in JSON, once or twice.
    """
    once = json.dumps(value, ensure_ascii=False)[1:-1]
    plain = _SWITCH.sub("", value)
    for form in (
        value,
        plain,
        once,
        json.dumps(value)[1:-1],
        json.dumps(once, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
    ):
        yield squeezed(form)


def squeezed(text: str) -> str:
    """Return the text without white space, which templates add and remove."""
    return "".join(text.split())


def _all(turns: Sequence[Turn], tools: Sequence[Tool] | None) -> Iterator[Text]:
    for at, turn in enumerate(turns):
        place = f"turn {at + 1} (`{turn['role']}`)"
        content = turn.get("content")
        thoughts = turn.get("reasoning_content")
        if isinstance(content, str) and turn["role"] == "assistant" and _ENDED in content:
            before, _, content = content.rpartition(_ENDED)
            yield Text(kind="thoughts", place=f"the thoughts of {place}", value=_opened(before), turn=at)
        if isinstance(content, str):
            yield Text(kind="content", place=place, value=content, turn=at)
        if isinstance(thoughts, str):
            yield Text(kind="thoughts", place=f"the thoughts of {place}", value=thoughts, turn=at)
        for call in turn.get("tool_calls") or ():
            function = call.get("function", call)
            yield Text(kind="call", place=place, value=function["name"], turn=at)
            for value in _leaves(function["arguments"]):
                yield Text(kind="call", place=place, value=value, turn=at)
    for tool in tools or ():
        function = tool.get("function", tool)
        parameters = (function.get("parameters") or {}).get("properties") or {}
        for value in (function["name"], function.get("description"), *parameters):
            if isinstance(value, str):
                yield Text(kind="tool", place=f"tool `{function['name']}`", value=value, turn=None)


def _opened(thoughts: str) -> str:
    return thoughts.lstrip().removeprefix("<think>")


def _leaves(value: Any) -> Iterator[str]:
    """Yield the keys and values of arguments as text."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield str(name)
            yield from _leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    elif isinstance(value, bool) or value is None:
        yield ""  # templates write `true`, `True` or `yes`
    else:
        yield str(value)


def _marked_turn(turn: Turn, words: Iterator[str]) -> Turn:
    marked = dict(turn)
    for key in ("content", "reasoning_content"):
        if isinstance(turn.get(key), str) and turn[key].strip():
            marked[key] = next(words)
    if turn.get("tool_calls"):
        marked["tool_calls"] = [_marked_call(call, words) for call in turn["tool_calls"]]
    return marked


def _marked_call(call: Turn, words: Iterator[str]) -> Turn:
    function = {"name": next(words), "arguments": _marked_value(call["function"]["arguments"], words)}
    return {**call, "function": function}


def _marked_value(value: Any, words: Iterator[str]) -> Any:
    if isinstance(value, dict):
        return {next(words): _marked_value(each, words) for each in value.values()}
    if isinstance(value, list):
        return [_marked_value(each, words) for each in value]
    return next(words)


def _marked_tool(tool: Tool, words: Iterator[str]) -> Tool:
    function = tool.get("function", tool)
    marked = {**function, "name": next(words)}
    if isinstance(function.get("description"), str):
        marked["description"] = next(words)
    properties = (function.get("parameters") or {}).get("properties")
    if isinstance(properties, dict):
        marked["parameters"] = {
            **function["parameters"],
            "properties": {next(words): each for each in properties.values()},
        }
    return {**tool, "function": marked}
