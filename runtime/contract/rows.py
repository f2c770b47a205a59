"""Validation of rows by shape: TRL's dataset formats, and a few of our own.

The compiler rejects a row before it renders a plan, the runtime before it loads a model.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from runtime.contract.shapes import COLUMNS, OPTIONAL_TEXTS, TURN_COLUMNS, BadcaseClass, Column, required_columns
from runtime.contract.turns import Fault, text_fault, tools_fault, turns_fault

Row = Mapping[str, Any]
Kind = Literal["missing", "column", "optional", "mixed", "tools"]
CLASSES = frozenset(str(each) for each in BadcaseClass)


@dataclass(frozen=True, kw_only=True, slots=True)
class RowFault:
    """Why a row does not have its shape; `column` is empty if several columns are involved."""

    kind: Kind
    column: str
    message: str


def row_fault(row: Row, shape: str) -> RowFault | None:
    """Return the first fault of the row, or None if it has the shape.

    Missing columns come first, then the columns in order.
    """
    missing = [name for name in required_columns(shape) if name not in row]
    if missing:
        return RowFault(kind="missing", column=missing[0], message=f"lacks {_names(missing)}")
    for name, column in COLUMNS[shape].items():
        if fault := _CHECKS[column](row.get(name)):
            return RowFault(kind="column", column=name, message=f"`{name}{fault[0]}` {fault[1]}")
    for name in OPTIONAL_TEXTS:
        if row.get(name) and (fault := text_fault(row[name])):
            return RowFault(kind="optional", column=name, message=f"`{name}` {fault[1]}")
    return _mixed(row, shape) or _tools(row, shape)


def _mixed(row: Row, shape: str) -> RowFault | None:
    names = TURN_COLUMNS[shape]
    if len({isinstance(row[name], list) for name in names}) < 2:
        return None
    return RowFault(kind="mixed", column="", message=f"mixes plain text and messages in {_names(names)}")


def _tools(row: Row, shape: str) -> RowFault | None:
    names = TURN_COLUMNS[shape]
    if not row.get("tools") or not names:
        return None
    if not isinstance(row[names[0]], list):
        message = "`tools` requires messages, but the row is plain text"
        return RowFault(kind="tools", column="tools", message=message)
    fault = tools_fault(row["tools"])
    return fault and RowFault(kind="tools", column="tools", message=f"`tools{fault[0]}` {fault[1]}")


def _names(columns: list[str] | tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in columns)


def _prompt_fault(value: object) -> Fault | None:
    if not isinstance(value, list):
        return _plain_fault(value)
    if fault := turns_fault(value):
        return fault
    return ("", "ends with the role `assistant`, which is the answer's") if value[-1]["role"] == "assistant" else None


def _answer_fault(value: object) -> Fault | None:
    if not isinstance(value, list):
        return _plain_fault(value)
    if fault := turns_fault(value):
        return fault
    if [turn["role"] for turn in value] != ["assistant"] or "tool_calls" in value[0]:
        return "", "must be one message with the role `assistant` and no tool calls"
    return None


def _conversation_fault(value: object) -> Fault | None:
    if fault := turns_fault(value):
        return fault
    if isinstance(value, list) and all(turn["role"] != "assistant" for turn in value):
        return "", "has no message with the role `assistant`"
    return None


def _plain_fault(value: object) -> Fault | None:
    return text_fault(value) if isinstance(value, str) else ("", "is neither text nor a list of messages")


def _label_fault(value: object) -> Fault | None:
    return None if isinstance(value, bool) else ("", "is not true or false")


def _class_fault(value: object) -> Fault | None:
    if value is None or (isinstance(value, str) and (value == "" or value in CLASSES)):
        return None
    return "", f"must be one of {_names(sorted(CLASSES))}, or omitted"


def _optional_text_fault(value: object) -> Fault | None:
    return None if value is None or value == "" else text_fault(value)


_CHECKS: dict[Column, Callable[[object], Fault | None]] = {
    "text": text_fault,
    "prompt": _prompt_fault,
    "answer": _answer_fault,
    "conversation": _conversation_fault,
    "label": _label_fault,
    "class": _class_fault,
    "optional text": _optional_text_fault,
}
