"""Rows of Parquet files. Few bytes can unpack to very many, so that size is checked first."""

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import pyarrow
import pyarrow.compute
import pyarrow.parquet

from compiler.spec.data.errors import SourceError
from compiler.spec.data.parts import ELSEWHERE, MAX_ROW_BYTES, MAX_SOURCE_BYTES
from runtime.contract.data.delimited import names_fault
from runtime.contract.data.unreadable import Rows

MAX_VALUES = 1 << 26  # of one column of a row group, including the items of lists
MAX_BATCH_VALUES = 1 << 20
_BATCH_ROWS, _BATCH_BYTES = 256, 64 << 20


def rows(stream: BinaryIO, *, bounded: bool) -> Rows:
    """Yield the rows of a file with their numbers; `bounded` limits its unpacked size.

    SourceError if the file cannot be read further.
    """
    try:
        yield from _rows(stream, bounded=bounded)
    except (pyarrow.ArrowException, ValueError, OverflowError, LookupError, RecursionError, OSError) as error:
        # the library also raises errors of Python: text that is not UTF-8, dates after the year 9999, unknown
        # time zones
        first = next(iter(str(error).splitlines()), type(error).__name__)
        hint = "write the file again, with text as UTF-8 and plain values"
        raise SourceError("CHK223", f"cannot read the file as Parquet: {first[:120].lower()}", hint) from error


def _rows(stream: BinaryIO, *, bounded: bool) -> Rows:
    table = pyarrow.parquet.ParquetFile(stream)
    if fault := names_fault(table.schema_arrow.names):
        yield 0, fault
        return
    largest = _check_unpacked(stream, table, bounded=bounded)
    number = 0
    for batch in table.iter_batches(batch_size=max(1, min(_BATCH_ROWS, _BATCH_BYTES // max(largest, 1)))):
        values = sum(len(leaf) for column in batch.columns for leaf in _leaves(column))
        if values > MAX_BATCH_VALUES:
            raise SourceError("YML005", f"row {number + 1} or a later one contains a list that is too long", ELSEWHERE)
        for row in batch.to_pylist():
            number += 1
            yield number, {name: _without_nulls(value) for name, value in row.items()}


def _check_unpacked(stream: BinaryIO, table: Any, *, bounded: bool) -> int:
    """Check the unpacked size; return the bytes of the longest value that many rows may share.

    A text of a dictionary is stored once and may be used in every row, so dictionaries are checked before rows.
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
            raise SourceError("YML005", f"row group {index + 1} has more than {MAX_VALUES:,} values", ELSEWHERE)
        size += sum(count * length for count, length in zip(counts, lengths, strict=True))
        for path in shared:
            for leaf in _dictionaries(stored.read_row_group(index, columns=[path], use_threads=False)):
                longest, spread = _spread(leaf)
                largest, size = max(largest, longest), size + spread
        if bounded and size > MAX_SOURCE_BYTES:
            raise SourceError("YML005", f"the file is {size:,} bytes or more when unpacked", ELSEWHERE)
    if largest > MAX_ROW_BYTES:
        raise SourceError("YML005", f"a value is larger than {MAX_ROW_BYTES:,} bytes", ELSEWHERE)
    return largest


def _dictionaries(table: Any) -> Iterable[Any]:
    return [leaf for column in table.columns for chunk in column.chunks for leaf in _leaves(chunk)]


def _leaves(array: Any) -> Iterator[Any]:
    """Yield the arrays of plain values inside an array of lists, maps and structs."""
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
    """Return the bytes of a column's longest value, and of all its values beyond the dictionary."""
    if not pyarrow.types.is_dictionary(leaf.type):
        return 0, 0
    sizes = pyarrow.compute.binary_length(leaf.dictionary)
    longest = pyarrow.compute.max(sizes).as_py() or 0
    total = pyarrow.compute.sum(sizes.cast("int64").take(leaf.indices.cast("int64"))).as_py() or 0
    return longest, max(total - (pyarrow.compute.sum(sizes).as_py() or 0), 0)


def _without_nulls(value: Any) -> Any:
    """Return lists and objects without null fields: Parquet gives every object the fields of all objects."""
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return value
