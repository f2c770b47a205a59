"""Validation of native rows by shape: TRL's dataset formats, and a few of our own.

The compiler rejects a row before it renders a plan, the runtime before it loads a model.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from runtime.contract.data.faults import Fault, RowFault
from runtime.contract.data.media import REMEDY, media_fault
from runtime.contract.data.shapes import OPTIONAL_TEXTS, SHAPES, TURN_COLUMNS, required_columns
from runtime.contract.data.shown import shown_name
from runtime.contract.data.thoughts import thoughts_fault
from runtime.contract.data.turns import text_fault, tools_fault

Row = Mapping[str, Any]
# names of columns that people give to native ones; a hint suggests them, and nothing is guessed
_OTHER_NAMES = {
    "prompt": ("question", "query", "input", "instruction", "user", "问题", "提问", "输入"),
    "completion": ("answer", "response", "output", "reply", "回答", "答案", "答复", "输出"),
    "chosen": ("chosen_messages", "chosen_response", "preferred", "preferred_output", "response_j", "better"),
    "rejected": ("rejected_messages", "rejected_response", "non_preferred_output", "response_k", "worse"),
    "reference": ("answer", "expected", "gold", "target", "solution", "答案", "参考答案"),
    "messages": ("dialog", "dialogue", "chat", "turns", "对话"),
    "text": ("content", "document", "body", "正文", "内容"),
    "fix": ("correct", "correction", "ideal", "expected", "正确答案"),
    "chain": ("reasoning", "rationale", "thought", "cot", "推理"),
    "label": ("feedback", "thumbs", "rating", "标签"),
    "id": ("uid", "uuid", "key", "编号"),
}
MAX_NAMES = 12  # columns of a row that a message lists


def row_fault(row: Row, shape: str) -> RowFault | None:
    """Return the first fault of the row, or None if it has the shape.

    Images, audio and the like come first, then missing columns, then the columns in order.
    """
    return media_row_fault(row) or shape_fault(row, shape)


def media_row_fault(row: Row) -> RowFault | None:
    """Return the fault of the first image, audio, video or file in the row; None without any."""
    media = media_fault(row)
    return RowFault(place="", problem=f"`{media[0]}`: {media[1]}", hint=REMEDY, kind="media") if media else None


def shape_fault(row: Row, shape: str) -> RowFault | None:
    """Return the first fault of a row without media, or None if it has the shape."""
    required = required_columns(shape)
    for name in required:  # a loop, as this is done for every row of a source
        if row.get(name) is None:
            return _missing(row, shape, [each for each in required if row.get(each) is None])
    for name, column in SHAPES[shape].columns.items():
        if fault := column.fault(row.get(name)):
            return _of_column(name, fault, shape)
    for name in OPTIONAL_TEXTS:
        if row.get(name) and (fault := text_fault(row[name])):
            return _of_column(name, fault, shape)
    if fault := thoughts_fault(row, shape):
        return RowFault(place=fault.place, problem=fault.problem, found=fault.found, hint=fault.hint)
    return _mixed(row, shape) or _tools(row, shape)


def shape_hint(shape: str) -> str:
    """Return the columns of the shape, as a hint."""
    article = "an" if shape[0] in "aeiou" else "a"
    return f"{article} `{shape}` row has the columns {_names(SHAPES[shape].columns)}"


def columns_of(row: Row) -> str:
    """Return the names of the row's columns, for messages."""
    names = [shown_name(name) for name in row]
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return (_names(names[:MAX_NAMES]) + more) if names else "no column"


def _missing(row: Row, shape: str, missing: list[str]) -> RowFault:
    """Return the fault of missing columns; a column with a similar name may be the one that is meant."""
    expected = SHAPES[shape].columns[missing[0]].expected
    is_are = "is" if len(missing) == 1 else "are"
    what = f" (it must be {expected})" if len(missing) == 1 else ""
    others = {str(name).lower(): str(name) for name in row if name not in SHAPES[shape].columns}
    pairs = ", ".join(f"{name}: {shown_name(_other_name(name, others))}" for name in missing)
    hint = f"{shape_hint(shape)}; name other columns in the source: `columns: {{{pairs}}}`"
    problem = f"{_names(missing)} {is_are} missing{what}; the row has {columns_of(row)}"
    return RowFault(place="", problem=problem, hint=hint, kind="missing")


def _other_name(name: str, others: Mapping[str, str]) -> str:
    """Return the column that may be meant by a native name; `others` are columns by their name in lower case."""
    known = [others[each] for each in _OTHER_NAMES.get(name, ()) if each in others]
    near = get_close_matches(name, list(others), 1, 0.6)
    return known[0] if known else others[near[0]] if near else "…"


def _of_column(name: str, fault: Fault, shape: str) -> RowFault:
    place, problem, found, hint = fault.below(name)
    return RowFault(place=place, problem=problem, found=found, hint=hint or shape_hint(shape))


def _mixed(row: Row, shape: str) -> RowFault | None:
    names = TURN_COLUMNS[shape]
    if len({isinstance(row[name], list) for name in names}) < 2:
        return None
    hint = "write all columns of a row as text, or all as turns"
    return RowFault(place="", problem=f"{_names(names)} mix plain text and turns", hint=hint)


def _tools(row: Row, shape: str) -> RowFault | None:
    names = TURN_COLUMNS[shape]
    if not row.get("tools") or not names:
        return None
    if not isinstance(row[names[0]], list):
        hint = "write the row as turns, or omit `tools`"
        return RowFault(place="tools", problem="requires turns, but the row is plain text", hint=hint)
    fault = tools_fault(row["tools"])
    return fault and _of_column("tools", fault, shape)


def _names(columns: Mapping[str, object] | list[str] | tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in columns)
