"""The field `columns` of a source: unknown native columns, and columns that no row of the file has."""

from collections.abc import Iterator, Mapping
from typing import Any

from compiler.diagnostics import Diagnostic, Location, diagnostic
from compiler.spec.schema.training_spec import DataSource
from runtime.contract.data.dialects import native_row
from runtime.contract.data.faults import RowFault
from runtime.contract.data.mapping import mappable, names_found
from runtime.contract.data.rows import columns_of

Row = dict[str, Any]


class Mapped:
    """Reads the rows of a source by its `columns`, and notes which of them some row has."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        self._columns = columns
        self._unseen = set(columns)
        self._last: Row = {}

    def native_row(self, record: Row, shape: str) -> Row | RowFault:
        """Return a row of the file as a native row, or its fault."""
        if self._unseen:
            self._unseen -= names_found(record, self._columns)
            self._last = record
        return native_row(record, shape, self._columns)

    def diagnostics(self, shown: str) -> Iterator[Diagnostic]:
        """Yield a diagnostic for each column that no row of the source `shown` has, if it has rows."""
        for name in sorted(self._unseen) if self._last else ():
            message = f"`columns.{name}` names `{self._columns[name]}`, which no row has"
            hint = f"correct the name, or remove it; the last row has {columns_of(self._last)}"
            yield diagnostic("CHK217", message, Location(path=shown), hint=hint)


def unknown_columns(source: DataSource, where: Location) -> Diagnostic | None:
    """Return the diagnostic of names in `columns` that are no native columns of the source's shape."""
    known = mappable(source.shape)
    unknown = [name for name in source.columns if name not in known]
    if not unknown:
        return None
    message = (
        f"`columns` of data source `{source.name}` names `{unknown[0]}`, which is no column of shape `{source.shape}`"
    )
    hint = f"write native columns on the left: {', '.join(f'`{name}`' for name in known)}"
    return diagnostic("CHK215", message, where, hint=hint)
