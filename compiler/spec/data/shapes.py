"""What a row of each shape must hold: TRL's dataset formats, and a few of ours. The runtime refuses the same rows."""

from collections.abc import Callable, Mapping
from typing import Any

from compiler.spec.data.errors import Problem
from compiler.spec.data.texts import Row

ROLES = frozenset({"system", "user", "assistant", "tool"})
CLASSES = frozenset({"critical", "high-frequency", "sporadic", "systemic", "flow-control", "undetermined"})
# what a turn may hold beside `role` and `content`: TRL's format of calls to tools
_MORE = {"assistant": {"tool_calls"}, "tool": {"name", "tool_call_id"}}

Check = tuple[Callable[[Any], bool], str]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def is_turns(value: object) -> bool:
    """Whether the value is a list of turns."""
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(turn, dict) and _is_turn(turn) for turn in value)


def _is_turn(turn: Mapping[str, object]) -> bool:
    role = turn.get("role")
    if not isinstance(role, str) or role not in ROLES:
        return False
    calls = turn.get("tool_calls") if role == "assistant" else None
    if not turn.keys() <= {"role", "content"} | _MORE.get(role, set()) or not ("content" in turn or calls):
        return False
    named = all(turn.get(key) is None or _is_text(turn[key]) for key in _MORE["tool"])
    called = calls is None or _are_calls(calls)
    return named and called and (bool(calls and turn.get("content") in (None, "")) or _is_text(turn["content"]))


def _are_calls(calls: object) -> bool:
    return isinstance(calls, list) and bool(calls) and all(_is_call(call) for call in calls)


def _is_call(call: object) -> bool:
    if not isinstance(call, dict) or not call.keys() <= {"id", "type", "function"}:
        return False
    function = call.get("function")
    return (
        call.get("type", "function") == "function"
        and isinstance(function, dict)
        and function.keys() == {"name", "arguments"}
        and _is_text(function["name"])
        and isinstance(function["arguments"], dict)
    )


def _are_tools(tools: object) -> bool:
    return isinstance(tools, list) and all(
        isinstance(tool, dict) and isinstance(tool.get("function"), dict) and _is_text(tool["function"].get("name"))
        for tool in tools
    )


def _is_prompt(value: object) -> bool:
    return _is_text(value) or (is_turns(value) and value[-1]["role"] != "assistant")  # type: ignore[index]


def _is_answer(value: object) -> bool:
    if not is_turns(value):
        return _is_text(value)
    return [turn["role"] for turn in value] == ["assistant"] and "tool_calls" not in value[0]  # type: ignore[attr-defined,index]


def _is_conversation(value: object) -> bool:
    return is_turns(value) and any(turn["role"] == "assistant" for turn in value)  # type: ignore[attr-defined]


_TEXT: Check = (_is_text, "text that is not empty")
_PROMPT: Check = (
    _is_prompt,
    "text, or a list of turns with just `role` and `content` (or `tool_calls`) that ends before the answer",
)
_ANSWER: Check = (_is_answer, "text, or a list of one `assistant` turn with just `role` and `content`")
_TURNS: Check = (
    _is_conversation,
    "a list of turns with just `role` and `content` (or `tool_calls`), one of them the assistant's",
)
_LABEL: Check = (lambda value: isinstance(value, bool), "true or false")
_CLASS: Check = (
    lambda value: value is None or value == "" or (isinstance(value, str) and value in CLASSES),
    f"one of {', '.join(f'`{name}`' for name in sorted(CLASSES))}, or left out",
)
_OPTIONAL_TEXT: Check = (
    lambda value: value is None or value == "" or _is_text(value),
    "text, or nothing where no answer was logged",
)

SHAPES: dict[str, dict[str, Check]] = {
    "prompt-completion": {"prompt": _PROMPT, "completion": _ANSWER},
    "messages": {"messages": _TURNS},
    "preference": {"prompt": _PROMPT, "chosen": _ANSWER, "rejected": _ANSWER},
    "unpaired-preference": {"prompt": _PROMPT, "completion": _ANSWER, "label": _LABEL},
    "badcase": {"id": _TEXT, "prompt": _PROMPT, "fix": _TEXT, "answer": _OPTIONAL_TEXT, "class": _CLASS},
    "evaluation": {"id": _TEXT, "prompt": _PROMPT, "reference": _TEXT},
    "text": {"text": _TEXT},
    "chain": {"prompt": _PROMPT, "chain": _TEXT, "completion": _ANSWER},
    "prompt": {"prompt": _PROMPT},
}
# columns that hold a prompt or an answer, in the one form or the other
FORMED = ("prompt", "completion", "chosen", "rejected", "messages")
_FORMED_OF = {shape: [name for name in columns if name in FORMED] for shape, columns in SHAPES.items()}
# columns whose cells of CSV hold JSON
PARSED = (*FORMED, "tools")
# columns that a row of any shape may have
OPTIONAL_TEXTS = ("cluster", "database")


def required(shape: str) -> list[str]:
    """The columns without which no row of the shape can be used."""
    return [column for column, (fits, _) in SHAPES[shape].items() if not fits(None)]


def shape_problem(row: Row, shape: str) -> Problem | None:
    """Why the row is not of the shape, if it is not."""
    if shape == "preference":
        problem = _carried_prompt(row)
        if problem:
            return problem
    for column, (fits, expected) in SHAPES[shape].items():
        if not fits(row.get(column)):
            state = "should be" if row.get(column) is not None else "is missing: it should be"
            return Problem(f"`{column}` {state} {expected}", hint_of(shape))
    for column in OPTIONAL_TEXTS:
        if row.get(column) and not _is_text(row[column]):
            return Problem(f"`{column}` should be text, or left out", "write it in quotes, or leave it out")
    return _mixed(row, shape) or _tools_problem(row, shape)


def hint_of(shape: str) -> str:
    """What a row of the shape holds, as a hint."""
    article = "an" if shape[0] in "aeiou" else "a"
    return f"{article} `{shape}` row holds {', '.join(f'`{name}`' for name in SHAPES[shape])}"


def is_conversational(row: Row) -> bool:
    """Whether the row's prompt, or the whole of it, is written as turns."""
    return isinstance(row.get("prompt"), list) or "messages" in row


def _mixed(row: Row, shape: str) -> Problem | None:
    formed = _FORMED_OF[shape]
    if len(formed) < 2 or len({isinstance(row[name], list) for name in formed}) < 2:
        return None
    names = ", ".join(f"`{name}`" for name in SHAPES[shape] if name in FORMED)
    return Problem(f"{names} mix text and turns", "write all of a row's fields as text, or all as turns")


def _tools_problem(row: Row, shape: str) -> Problem | None:
    if not row.get("tools") or not _FORMED_OF[shape]:
        return None
    if _are_tools(row["tools"]) and isinstance(row[_FORMED_OF[shape][0]], list):
        return None
    return Problem(
        "`tools` should be a list of functions, beside a conversation written as turns",
        'write each as `{"type": "function", "function": {"name": …, "parameters": …}}`, or leave `tools` out',
    )


def _carried_prompt(row: Row) -> Problem | None:
    """Pairs whose answers repeat the prompt (TRL's implicit prompts), which may even differ between the two."""
    chosen, rejected = row.get("chosen"), row.get("rejected")
    if not is_turns(chosen) or not is_turns(rejected):
        return None
    before, other = chosen[:-1], rejected[:-1]  # type: ignore[index]
    if not before and not other:
        return None
    hint = "keep the shared turns in `prompt`, and one `assistant` turn each in `chosen` and `rejected`"
    if before != other:
        return Problem("`chosen` and `rejected` answer different prompts", hint, code="CHK226")
    return Problem("`chosen` and `rejected` hold the prompt's turns too", hint, code="CHK226")
