"""Tables that pandas writes to JSON by column: `DataFrame.to_json()` without `orient="records"`."""

from typing import Any

from runtime.contract.data.unreadable import FileError

_RECORDS = 'write it by row: `frame.to_json(path, orient="records", lines=True)`'
_SPLIT = {"columns", "index", "data"}


def rows_by_column(table: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Return the rows of an object of columns, each an object by index; None if it is no such table.

    FileError for columns with different indices, and for a table of `orient="split"`.
    """
    if table.keys() == _SPLIT:
        raise FileError("format", 'is a table of pandas with `orient="split"`', _RECORDS)
    columns = list(table.values())
    if not columns or not all(
        isinstance(each, dict) and each and all(key.isdigit() for key in each) for each in columns
    ):
        return None
    if any(each.keys() != columns[0].keys() for each in columns):
        raise FileError("format", "is a table by column, whose columns have different indices", _RECORDS)
    return [{name: column[index] for name, column in table.items()} for index in columns[0]]
