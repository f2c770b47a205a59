"""The rows of exports, in batches that one process maps at a time."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic_core import from_json

from compiler.spec.data.errors import Problem, SourceError
from compiler.spec.data.files import lines_of, rows_of
from compiler.spec.data.parts import Allowance, Part
from compiler.spec.files import reason
from runtime.contract.data.file_formats import FILE_FORMATS, format_of
from runtime.contract.data.json_rows import json_row
from runtime.contract.data.unreadable import Unreadable

MAX_LINE = 32 << 20  # characters of one line, such as a request of OTLP, or of a JSON file that is read at once
_BATCH_ROWS, _BATCH_CHARACTERS = 2_000, 2 << 20

# a row as text of JSON or decoded, or its problem, with its line (in JSON and Parquet, its number)
Numbered = tuple[int, str | Mapping[str, Any] | Problem]


class Batch(NamedTuple):
    """Rows of one file: the number of the file, and the number of the batch over all files."""

    file: int
    number: int
    rows: list[Numbered]


def numbered_rows(part: Part, allowance: Allowance) -> Iterator[Numbered]:
    """Yield the rows of a file; SourceError if it cannot be read further."""
    name = FILE_FORMATS[format_of(part.file)]
    if name == "JSONL":
        yield from _lines(part, allowance)
    elif name == "JSON" and (whole := _whole(part, allowance)) is not None:
        yield from whole
    else:
        yield from rows_of(part, _nothing, allowance)


def _lines(part: Part, allowance: Allowance) -> Iterator[Numbered]:
    is_first = True
    for number, line in lines_of(part, allowance, MAX_LINE):
        if is_first and isinstance(line, str) and (line == "{" or line.startswith("[")):
            hint = "end its name with `.json`, or write one JSON object per line"
            raise SourceError("CHK223", "the file holds JSON over several lines, not one object per line", hint)
        is_first = False
        yield number, line


def decoded_row(text: str) -> dict[str, Any] | Problem:
    """Return the object that a line holds, or why it holds none."""
    try:
        value = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        found = json_row(text)
        if isinstance(found, Unreadable):
            return Problem(f"the row {found.message}", found.hint, column=found.column)
        reason = "is nested too deeply" if "recursion" in str(error) else f"is not JSON: {error}"
        return Problem(f"the row {reason}", "export the row again")
    if not isinstance(value, dict):
        return Problem("the row is not a JSON object", "write one JSON object per line")
    return value


def _whole(part: Part, allowance: Allowance) -> Iterator[Numbered] | None:
    """Return the rows of a JSON file that fits into memory: of its list, or the one object; None for any other file."""
    size, pieces = 0, []
    try:
        if part.file.stat().st_size > MAX_LINE:
            return None
    except OSError as error:
        raise SourceError("YML001", f"cannot read the file: {reason(error)}") from error
    for _, line in lines_of(part, Allowance(None), MAX_LINE):
        if isinstance(line, Problem):
            return None
        size += len(line)
        if size > MAX_LINE:
            return None
        pieces.append(line)
    try:
        value = from_json("\n".join(pieces), allow_inf_nan=False)
    except ValueError:
        return None  # the reader of `rows_of` names the place
    values = value if isinstance(value, list) else [value]
    return enumerate((each if isinstance(each, dict) else _NO_OBJECT for each in values), start=1)


_NO_OBJECT = Problem("the row is not a JSON object", "export a list of objects")


def _nothing(digest: str, size: int) -> None:
    """Nobody asks for the digest of an export."""


def batches(file: int, rows: Iterable[Numbered], numbers: Iterator[int]) -> Iterator[Batch]:
    """Yield rows in batches of a bounded size."""
    held: list[Numbered] = []
    size = 0
    for row in rows:
        held.append(row)
        size += len(row[1]) if isinstance(row[1], str) else 500
        if len(held) >= _BATCH_ROWS or size >= _BATCH_CHARACTERS:
            yield Batch(file, next(numbers), held)
            held, size = [], 0
    if held:
        yield Batch(file, next(numbers), held)


def is_large(files: Iterable[Path]) -> bool:
    """Return whether the files are worth other processes, which take a third of a second to start."""
    return sum(_size(each) for each in files) > 24 << 20


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # reported when the file is opened
        return 0
