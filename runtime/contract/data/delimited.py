"""Rows of CSV and TSV. The header decides the separator: `,`, tab, `;` or `|`."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runtime.contract.data.text_encoding import text_lines
from runtime.contract.data.unreadable import MAX_ROW_CHARACTERS, Row, Rows, Unreadable, too_large

SEPARATORS = {",": "`,`", "\t": "a tab", ";": "`;`", "|": "`|`"}
MAX_COLUMNS = 1_000
_INVISIBLE = "\ufeff\u200b\u00a0 \t\n"
_QUOTES = "check its quotes"


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """The columns of a table, and the separator of its cells. A column without a name is empty text."""

    names: tuple[str, ...]
    separator: str

    @property
    def shown(self) -> str:
        """The separator, for messages."""
        return SEPARATORS.get(self.separator, f"`{self.separator}`")


def delimited(pieces: Iterator[str]) -> Rows:
    """Yield the rows of a table with their first lines; an empty cell is null.

    Rows without any text are skipped, columns without a name are not read.
    """
    lines = _Lines(pieces)
    header = _header(lines)
    if fault := names_fault(header.names):
        yield lines.started, fault
        return
    csv.field_size_limit(MAX_ROW_CHARACTERS)
    reader = csv.reader(lines, delimiter=header.separator, strict=True)
    lines.begin()
    try:
        for cells in reader:
            if any(map(str.strip, cells)):
                yield lines.started, _row(header, cells)
            lines.begin()
    except csv.Error as error:
        yield lines.started, Unreadable(message=f"is not {_name(header)}: {str(error).lower()}", hint=_QUOTES)


class _Lines(Iterator[str]):
    """Lines of a text for a reader of CSV, whose rows may span many lines.

    `started` is the first line of the current row.
    """

    def __init__(self, pieces: Iterator[str]) -> None:
        self._lines = text_lines(pieces, MAX_ROW_CHARACTERS)
        self.number = 0
        self.started = 1
        self._size = 0

    def __next__(self) -> str:
        try:
            self.number, line = next(self._lines)
        except OverflowError as error:
            raise too_large(str(error)) from None
        self._size += len(line) + 1
        if self._size > MAX_ROW_CHARACTERS:
            raise too_large(f"the row that begins on line {self.started}")
        return f"{line}\n"

    def begin(self) -> None:
        """Begin a row on the next line."""
        self.started = self.number + 1
        self._size = 0


def _header(lines: _Lines) -> Header:
    """Read the header: the first line with text, after the line `sep=;` that Excel may write."""
    given = ""
    record = ""
    for line in lines:
        if not given and len(text := line.strip()) == 5 and text.lower().startswith("sep="):
            given = text[4]
        elif line.lower() == "sep=\t\n":
            given = "\t"
        elif line.strip(_INVISIBLE + ',;|"'):
            record = line
            break
        lines.begin()
    while record.count('"') % 2:
        more = next(lines, None)
        if more is None:
            break
        record += more
    separators = [given] if given else list(SEPARATORS)
    headers = [Header(names=_names(record, each), separator=each) for each in separators]
    return max(headers, key=lambda header: len([name for name in header.names if name]))


def _names(record: str, separator: str) -> tuple[str, ...]:
    try:
        cells = next(csv.reader([record], delimiter=separator, strict=True), [])
    except csv.Error:
        cells = record.split(separator)
    return tuple(cell.strip(_INVISIBLE) for cell in cells)


def names_fault(names: Sequence[str]) -> Unreadable | None:
    """Return the fault of the names of a table's columns, or None: too many, or one of them twice."""
    if len(names) > MAX_COLUMNS:
        return Unreadable(
            subject="table", message=f"has more than {MAX_COLUMNS:,} columns", hint="remove columns that are not needed"
        )
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        return Unreadable(subject="table", message=f"has two columns `{twice[0][:80]}`", hint="rename one of the two")
    return None


def _name(header: Header) -> str:
    return "TSV" if header.separator == "\t" else "CSV"


def _row(header: Header, cells: list[str]) -> Row | Unreadable:
    names = header.names
    if len(cells) != len(names):
        message = f"has {len(cells)} cells, but the header has {len(names)}, separated by {header.shown}"
        return Unreadable(message=message, hint="check its separators and quotes")
    return {name: cell or None for name, cell in zip(names, cells, strict=True) if name}
