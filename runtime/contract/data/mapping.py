"""The field `columns` of a data source: native columns, and the columns of the file that hold them."""

from collections.abc import Mapping
from typing import Any

from runtime.contract.data.faults import Fault, RefusedError
from runtime.contract.data.rows import columns_of
from runtime.contract.data.shapes import OPTIONAL_TEXTS, SHAPES, TURN_COLUMNS, Shape
from runtime.contract.data.shown import shown_name

Row = dict[str, Any]
_NOTED = ("model", "prompt_version")  # columns of badcases that only reports read
_DIALECTS = ("messages", "instruction", "input", "output", "history", "system")  # columns of turns in any shape
_MISSING = object()


def mappable(shape: str) -> tuple[str, ...]:
    """Return the native columns that `columns` may name for a shape."""
    names = [*SHAPES[shape].columns, *OPTIONAL_TEXTS]
    if TURN_COLUMNS[shape]:
        names += ["tools", *_DIALECTS]
    if shape == Shape.BADCASE:
        names += _NOTED
    return tuple(dict.fromkeys(names))


def mapped(row: Mapping[str, Any], columns: Mapping[str, str], shape: str) -> Row:
    """Return the row with its columns under their native names.

    A path such as `data.turns` leads into objects, unless the row has a column of that very name. A row may lack a
    column that its shape does not require. RefusedError if it lacks another.
    """
    found = {name: _value_at(row, path) for name, path in columns.items()}
    for name, value in found.items():
        column = SHAPES[shape].columns.get(name)
        if value is _MISSING and column is not None and column.required:
            problem = (
                f"`columns.{name}` names `{shown_name(columns[name])}`, which is missing; the row has {columns_of(row)}"
            )
            raise RefusedError(Fault("", problem, hint=f"correct `columns.{name}` of the source, or the row"))
    moved = set(columns.values())
    kept = {name: value for name, value in row.items() if name not in moved and name not in columns}
    return kept | {name: value for name, value in found.items() if value is not _MISSING}


def names_found(row: Mapping[str, Any], columns: Mapping[str, str]) -> set[str]:
    """Return the native columns whose columns the row has."""
    return {name for name, path in columns.items() if _value_at(row, path) is not _MISSING}


def _value_at(row: Mapping[str, Any], path: str) -> Any:
    if path in row:
        return row[path]
    value: Any = row
    for key in path.split("."):
        if not isinstance(value, Mapping) or key not in value:
            return _MISSING
        value = value[key]
    return value
