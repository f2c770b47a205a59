"""Files of a source and their rows, one at a time: JSONL, CSV or Parquet, by file extension."""

import csv
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from compiler.spec.data.errors import Problem, SourceError
from compiler.spec.data.parts import ELSEWHERE, MAX_FILES, MAX_ROW_BYTES, Numbered, Part, header_problem
from compiler.spec.data.texts import Row
from compiler.spec.files import can_be_shown, lies_in, open_file, reason
from runtime.contract.data.file_formats import FILE_FORMATS, PACKAGES, ending_of
from runtime.contract.digests import folder_digest

SET_ASIDE = (".", "_")  # first characters of files and folders that hold no rows


def parts_of(file: Path, path: str, shown: str, *, inside: Path) -> tuple[Part, ...]:
    """Return the file itself, or the data files of the folder at any depth, in name order.

    SourceError if there are none. A link that leaves the folder `inside` is an error: the result would depend on files
    outside it.
    """
    if not file.is_dir():
        if not ending_of(file):
            raise SourceError("CHK223", f"`{shown}` has an unknown format", _FORMATS)
        return (Part(file=file, path=path, shown=shown),)
    parts = []
    for folder, inner, names in os.walk(file):
        inner[:] = [name for name in inner if not name.startswith(SET_ASIDE)]
        for name in names:
            each = Path(folder) / name
            if ending_of(name) and not name.startswith(SET_ASIDE):
                below = each.relative_to(file).as_posix()
                if not can_be_shown(name):
                    raise SourceError(
                        "YML001", "a file name contains characters that cannot be shown", "rename the file"
                    )
                if not lies_in(each, inside):
                    message = f"`{path}/{below}` is a link that leaves the spec's folder"
                    raise SourceError("CHK202", message, "replace the link with the file itself")
                parts.append(Part(file=each, path=f"{path.rstrip('/')}/{below}", shown=f"{shown.rstrip('/')}/{below}"))
        if len(parts) > MAX_FILES:
            raise SourceError("YML005", f"`{shown}` has more than {MAX_FILES:,} data files", ELSEWHERE)
    if not parts:
        raise SourceError("CHK223", f"folder `{shown}` has no data file", _FORMATS)
    return tuple(sorted(parts, key=lambda part: part.path))


def source_digest(path: str, digests: tuple[tuple[str, str], ...], *, folder: bool) -> str:
    """Return the SHA-256 of a source from those of its files: a file's own, or that of the folder."""
    if not folder:
        return digests[0][1]
    prefix = f"{path.rstrip('/')}/"
    return folder_digest({name.removeprefix(prefix): sha256 for name, sha256 in digests})


def rows_of(part: Part, need: list[str], done: Callable[[str], None]) -> Iterator[Numbered]:
    """Yield the rows of a file, or their problems, with their line (in Parquet, their number).

    `need` names the columns that a table must have; `done` is called with the file's SHA-256 after the last row.
    """
    try:
        yield from READERS[ending_of(part.file)](part, need, done)
    except OSError as error:
        raise SourceError("YML001", f"cannot read the file: {reason(error)}") from error


def _jsonl(part: Part, _: list[str], done: Callable[[str], None]) -> Iterator[Numbered]:
    digest = hashlib.sha256()
    for number, raw in _lines(part, digest):
        yield number, parse(raw)
    done(digest.hexdigest())


def _csv(part: Part, need: list[str], done: Callable[[str], None]) -> Iterator[Numbered]:
    csv.field_size_limit(MAX_ROW_BYTES)
    digest = hashlib.sha256()
    size = _RowSize()
    reader = csv.reader((_text(number, size.add(number, raw)) for number, raw in _lines(part, digest)), strict=True)
    try:
        header = next((cells for cells in reader if cells), [])
        size.bytes = 0
        problem = header_problem(header, need)
        if problem:
            yield 1, problem
            return
        before = reader.line_num
        for cells in reader:
            size.bytes = 0
            if cells:  # an empty line holds no row
                yield before + 1, _cells(header, cells)
            before = reader.line_num
    except csv.Error as error:
        yield max(reader.line_num, 1), Problem(f"the row is not CSV: {str(error).lower()}", "check its quotes")
        return
    except _UndecodedError as error:
        yield error.line, Problem(f"the row is not UTF-8 text (byte {error.byte})", "save the file as UTF-8")
        return
    done(digest.hexdigest())


def _parquet(part: Part, need: list[str], done: Callable[[str], None]) -> Iterator[Numbered]:
    try:
        import pyarrow.parquet  # noqa: F401

        from compiler.spec.data.parquet import rows
    except ImportError:
        raise _missing_package(".parquet") from None
    yield from rows(part, need, done)


def _missing_package(ending: str) -> SourceError:
    message = f"reading {FILE_FORMATS[ending]} needs the package `{PACKAGES[ending]}`"
    return SourceError("CHK224", message, "install it: pip install 'trainspec[data]'")


READERS: dict[str, Callable[[Part, list[str], Callable[[str], None]], Iterator[Numbered]]] = {
    ".jsonl": _jsonl,
    ".csv": _csv,
    ".parquet": _parquet,
}
_FORMATS = f"use a {', '.join(f'`{ending}`' for ending in FILE_FORMATS)} file, or a folder of such files"
_SURROGATE = Problem("the row contains a lone surrogate", "write the character as UTF-8, or as a pair of escapes")


def _lines(part: Part, digest: Any) -> Iterator[tuple[int, bytes]]:
    with open_file(part.file) as stream:
        for number, raw in enumerate(iter(lambda: stream.readline(MAX_ROW_BYTES + 1), b""), start=1):
            if len(raw) > MAX_ROW_BYTES:
                raise SourceError("YML005", f"row {number} is larger than {MAX_ROW_BYTES:,} bytes", "make it smaller")
            digest.update(raw)
            yield number, raw


class _RowSize:
    """Size of the current row: a quoted cell of CSV can span any number of lines."""

    def __init__(self) -> None:
        self.bytes = 0

    def add(self, number: int, raw: bytes) -> bytes:
        self.bytes += len(raw)
        if self.bytes > MAX_ROW_BYTES:
            message = f"the row that ends on line {number} or later is larger than {MAX_ROW_BYTES:,} bytes"
            raise SourceError("YML005", message, "check its quotes, or make it smaller")
        return raw


class _UndecodedError(Exception):
    def __init__(self, line: int, byte: int) -> None:
        super().__init__(line, byte)
        self.line = line
        self.byte = byte


def _text(number: int, raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise _UndecodedError(number, error.start) from None


def _cells(header: list[str], cells: list[str]) -> Row | Problem:
    if len(cells) != len(header):
        return Problem(
            f"the row has {len(cells)} cells, but the header has {len(header)}", "check its commas and quotes"
        )
    return {name: cell or None for name, cell in zip(header, cells, strict=True)}


_BOM = "\N{BYTE ORDER MARK}".encode()


def parse(raw: bytes) -> Row | Problem:
    """Return one line of JSONL as a row, or its problem."""
    try:
        text = raw.removeprefix(_BOM).decode().strip()  # three times as fast as the codec `utf-8-sig`
        if not text:
            return Problem("the row is empty", "remove the empty line")
        row = _DECODER.decode(text)
        if "\\u" in text and "\\ud" in text.lower():
            json.dumps(row, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        return Problem(f"the row is not UTF-8 text (byte {error.start})", "save the file as UTF-8")
    except UnicodeEncodeError:
        return _SURROGATE
    except json.JSONDecodeError as error:
        shown = text if len(text) < 500 else ""
        hint = "write one JSON object per line"
        return Problem(f"the row is not JSON: {error.msg.lower()}", hint, column=error.colno, text=shown)
    except (RecursionError, ValueError) as error:
        return Problem(f"the row cannot be read as JSON: {type(error).__name__}", "write one flat JSON object per line")
    return row if isinstance(row, dict) else Problem("the row is not a JSON object", "write one JSON object per line")


def _no_constant(name: str) -> None:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_constant=_no_constant)  # made once: `json.loads` makes a decoder per row
