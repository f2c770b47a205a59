"""Validation of rows by shape: TRL's dataset formats, and a few of our own.

The compiler rejects a row before it renders a plan, the runtime before it loads a model.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from runtime.contract.data.columns import NOTHING_LEARNT
from runtime.contract.data.media import media_fault
from runtime.contract.data.shapes import OPTIONAL_TEXTS, SHAPES, TURN_COLUMNS, required_columns
from runtime.contract.data.turns import STEP_KEYS, text_fault, tools_fault

Row = Mapping[str, Any]
_STEP_PLACES = tuple(f".{key}" for key in STEP_KEYS)
Kind = Literal["media", "missing", "column", "step", "optional", "mixed", "tools"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RowFault:
    """Why a row does not have its shape; `column` is empty if several columns are involved."""

    kind: Kind
    column: str
    message: str


def row_fault(row: Row, shape: str) -> RowFault | None:
    """Return the first fault of the row, or None if it has the shape.

    Images, audio and the like come first, then missing columns, then the columns in order.
    """
    if media := media_fault(row):
        return RowFault(kind="media", column=media[0], message=f"`{media[0]}`: {media[1]}")
    missing = [name for name in required_columns(shape) if name not in row]
    if missing:
        return RowFault(kind="missing", column=missing[0], message=f"lacks {_names(missing)}")
    for name, column in SHAPES[shape].columns.items():
        if fault := column.fault(row.get(name)):
            step = fault[0].endswith(_STEP_PLACES) or fault[1] == NOTHING_LEARNT
            kind: Kind = "step" if step else "column"
            return RowFault(kind=kind, column=name, message=f"`{name}{fault[0]}` {fault[1]}")
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
