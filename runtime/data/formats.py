"""Rows of data files, each with its place. The contract reads text; this module opens the files, and reads Parquet."""

import io
from collections.abc import Iterator
from typing import Any

from runtime.contract.data.file_formats import BINARY, USE_A_FORMAT, ending_of, format_of, row_place
from runtime.contract.data.text_encoding import Stream
from runtime.contract.data.text_files import check_head, text_rows
from runtime.contract.data.unreadable import FileError, Kind, Rows, Unreadable
from runtime.contract.data.unreadable import Row as Row
from runtime.contract.errors import StageError

Record = tuple[str, Row | ValueError]

_CODES: dict[Kind, str] = {"foreign": "RUN706", "damaged": "RUN706", "empty": "RUN712"}  # of other kinds: RUN710


def records(path: str, content: bytes, encoding: str | None = None) -> Iterator[Record]:
    """Yield the rows of a file with their places; what cannot be read is a ValueError.

    RUN715 if the format is unknown, RUN706 if the file is not what its name says or is damaged, RUN712 if it is empty.
    """
    if not ending_of(path):
        raise StageError("RUN715", f"the format of `{path}` is unknown", USE_A_FORMAT)
    read = _parquet(content) if format_of(path) in BINARY else _text(path, content, encoding)
    try:
        for number, row in read:
            place = row_place(path, number) if number else path
            yield place, ValueError(f"{row.message} ({row.hint})") if isinstance(row, Unreadable) else row
    except FileError as fault:
        if fault.kind not in _CODES:
            yield path, ValueError(f"{fault.message} ({fault.hint})")
            return
        raise StageError(_CODES[fault.kind], f"`{path}` {fault.message}", fault.hint) from fault


def _text(path: str, content: bytes, encoding: str | None) -> Rows:
    return text_rows(io.BytesIO(content), path, open_zstd=_zstd, encoding=encoding)


def _zstd(stream: io.RawIOBase) -> Stream:
    import pyarrow

    opened: Stream = pyarrow.CompressedInputStream(stream, "zstd")
    return opened


def _parquet(content: bytes) -> Rows:
    """Yield the rows of Parquet; inside lists and objects, a null is a missing field."""
    check_head(io.BytesIO(content), ".parquet")
    import pyarrow
    from pyarrow import parquet

    number = 0
    try:
        for batch in parquet.ParquetFile(pyarrow.BufferReader(content)).iter_batches(batch_size=1024):
            for row in batch.to_pylist():
                number += 1
                yield number, {name: _without_nulls(value) for name, value in row.items()}
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        message = f"is not Parquet: {' '.join(str(error).split())[:200]}"
        raise FileError("format", message, "write the file again") from error


def _without_nulls(value: object) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    return value
