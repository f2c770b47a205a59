"""Readers of JSONL, CSV and Parquet, which yield each row with its place in the file.

The compiler reads the same files in the same way; a contract test compares the two.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

from runtime.contract.data.file_formats import ending_of

Row = dict[str, Any]
Record = tuple[str, Row | ValueError]

MAX_CELL_CHARACTERS = 4 << 20


def json_lines(content: bytes) -> Iterator[Record]:
    """Yield the rows of JSONL, one JSON object per line; blank lines are skipped."""
    # Only \n ends a line of JSONL: `splitlines` on text would also split at U+2028 inside a string.
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            yield f":{number}", _row_of_line(line)


def csv_rows(content: bytes) -> Iterator[Record]:
    """Yield the rows of CSV with a header; an empty cell is null."""
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="\n"), strict=True)
    except UnicodeDecodeError as error:
        yield "", ValueError(f"is not UTF-8 (byte {error.start})")
        return
    header: list[str] = []
    line = 1
    try:
        for cells in reader:
            if cells and not header:
                header = cells
                if len(set(header)) != len(header):
                    yield f":{line}", ValueError("repeats the name of a column")
            elif cells:
                yield f":{line}", _row_of_cells(header, cells)
            line = reader.line_num + 1
    except csv.Error as error:
        yield f":{line}", ValueError(f"is not CSV: {error}")


def parquet_rows(content: bytes) -> Iterator[Record]:
    """Yield the rows of Parquet; inside lists and objects, a null is a missing field."""
    import pyarrow
    from pyarrow import parquet

    number = 0
    try:
        for batch in parquet.ParquetFile(pyarrow.BufferReader(content)).iter_batches(batch_size=1024):
            for row in batch.to_pylist():
                number += 1
                yield f" row {number}", {name: _without_nulls(value) for name, value in row.items()}
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        yield "", ValueError(f"is not Parquet: {' '.join(str(error).split())[:200]}")


READERS: dict[str, Callable[[bytes], Iterator[Record]]] = {
    ".jsonl": json_lines,
    ".csv": csv_rows,
    ".parquet": parquet_rows,
}


def reader_of(path: str) -> Callable[[bytes], Iterator[Record]] | None:
    """Return the reader for the ending of `path`, or None if the format is unknown."""
    return READERS.get(ending_of(path))


def _row_of_line(line: bytes) -> Row | ValueError:
    try:
        row = json.loads(line.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        return ValueError(f"is not UTF-8 (byte {error.start})")
    except json.JSONDecodeError as error:
        return ValueError(f"is not JSON: {error.msg.lower()} (column {error.colno})")
    except RecursionError:
        return ValueError("is nested too deeply")
    except ValueError as error:
        return error
    return row if isinstance(row, dict) else ValueError("is not a JSON object")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"`{name}` is not a JSON number")


def _row_of_cells(header: list[str], cells: list[str]) -> Row | ValueError:
    if len(cells) != len(header):
        return ValueError(f"has {len(cells)} cells, but the header has {len(header)}")
    return {name: cell or None for name, cell in zip(header, cells, strict=True)}


def _without_nulls(value: object) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    return value
