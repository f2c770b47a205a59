"""Rows of Parquet files, whose few bytes may stand for very many: what they unpack to is bounded before that."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

import pyarrow
import pyarrow.compute
import pyarrow.parquet

from compiler.spec.data.errors import SourceError
from compiler.spec.data.parts import ELSEWHERE, MAX_ROW_BYTES, MAX_SOURCE_BYTES, Numbered, Part, header_problem
from compiler.spec.files import open_file

MAX_VALUES = 1 << 26  # of one column of a row group, lists counted out
MAX_BATCH_VALUES = 1 << 20
_BATCH_ROWS, _BATCH_BYTES = 256, 64 << 20


def rows(part: Part, need: list[str], done: Callable[[str], None]) -> Iterator[Numbered]:
    """The rows of a file with their numbers; `need` and `done` as `files.rows_of` has them."""
    with open_file(part.file) as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
        stream.seek(0)
        try:
            yield from _rows(stream, need, bounded=part.file.stat().st_size <= MAX_SOURCE_BYTES)
        except (pyarrow.ArrowException, ValueError, OverflowError, LookupError, RecursionError, OSError) as error:
            # besides its own errors the library lets those of Python through: text that is not UTF-8, days after the
            # year 9999, time zones that nobody knows
            first = next(iter(str(error).splitlines()), type(error).__name__)
            hint = "write it again, with text as UTF-8 and plain values"
            raise SourceError(
                "CHK223", f"the file is not Parquet that can be read: {first[:120].lower()}", hint
            ) from error
    done(sha256)


def _rows(stream: BinaryIO, need: list[str], *, bounded: bool) -> Iterator[Numbered]:
    table = pyarrow.parquet.ParquetFile(stream)
    problem = header_problem(table.schema_arrow.names, need)
    if problem:
        yield 0, problem
        return
    largest = _check_unpacked(stream, table, bounded=bounded)
    number = 0
    for batch in table.iter_batches(batch_size=max(1, min(_BATCH_ROWS, _BATCH_BYTES // max(largest, 1)))):
        values = sum(len(leaf) for column in batch.columns for leaf in _leaves(column))
        if values > MAX_BATCH_VALUES:
            raise SourceError("YML005", f"a row from {number + 1} on holds a list that is too long", ELSEWHERE)
        for row in batch.to_pylist():
            number += 1
            yield number, {name: _without_nulls(value) for name, value in row.items()}


def _check_unpacked(stream: BinaryIO, table: Any, *, bounded: bool) -> int:
    """Refuse what unpacks to too much, and give back the bytes of the longest value that many rows may share.

    Each text of a dictionary is stored once and may stand in every row, so dictionaries are looked at before rows are.
    """
    metadata = table.metadata
    size = sum(metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups))
    shared = [metadata.schema.column(index).path for index in range(metadata.num_columns)]
    shared = [path for index, path in enumerate(shared) if metadata.schema.column(index).physical_type == "BYTE_ARRAY"]
    lengths = [max(metadata.schema.column(index).length, 0) for index in range(metadata.num_columns)]
    largest = max(lengths, default=0)
    stored = pyarrow.parquet.ParquetFile(stream, read_dictionary=shared)
    for index in range(metadata.num_row_groups):
        group = metadata.row_group(index)
        counts = [group.column(at).num_values for at in range(metadata.num_columns)]
        if max(counts, default=0) > MAX_VALUES:
            raise SourceError("YML005", f"row group {index + 1} holds more than {MAX_VALUES:,} values", ELSEWHERE)
        size += sum(count * length for count, length in zip(counts, lengths, strict=True))
        for path in shared:
            for leaf in _dictionaries(stored.read_row_group(index, columns=[path], use_threads=False)):
                longest, spread = _spread(leaf)
                largest, size = max(largest, longest), size + spread
        if bounded and size > MAX_SOURCE_BYTES:
            raise SourceError("YML005", f"the file holds {size:,} bytes or more when it is unpacked", ELSEWHERE)
    if largest > MAX_ROW_BYTES:
        raise SourceError("YML005", f"a value is larger than {MAX_ROW_BYTES:,} bytes", ELSEWHERE)
    return largest


def _dictionaries(table: Any) -> Iterable[Any]:
    return [leaf for column in table.columns for chunk in column.chunks for leaf in _leaves(chunk)]


def _leaves(array: Any) -> Iterator[Any]:
    """The arrays of plain values that an array of lists, maps and structs is made of."""
    kind = array.type
    if pyarrow.types.is_struct(kind):
        for inner in array.flatten():
            yield from _leaves(inner)
    elif pyarrow.types.is_map(kind):
        yield from _leaves(array.keys)
        yield from _leaves(array.items)
    elif pyarrow.types.is_nested(kind):
        yield from _leaves(array.flatten())
    else:
        yield array


def _spread(leaf: Any) -> tuple[int, int]:
    """The bytes of a column's longest value, and those of all its values beyond what the dictionary itself holds."""
    if not pyarrow.types.is_dictionary(leaf.type):
        return 0, 0
    sizes = pyarrow.compute.binary_length(leaf.dictionary)
    longest = pyarrow.compute.max(sizes).as_py() or 0
    total = pyarrow.compute.sum(sizes.cast("int64").take(leaf.indices.cast("int64"))).as_py() or 0
    return longest, max(total - (pyarrow.compute.sum(sizes).as_py() or 0), 0)


def _without_nulls(value: Any) -> Any:
    """Turns without the fields that are null: Parquet gives every turn all fields that any turn has."""
    if isinstance(value, list):
        return [{k: v for k, v in item.items() if v is not None} if isinstance(item, dict) else item for item in value]
    return value
