"""Result of the load phase: a file's text, its data, and the place of each value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from compiler.diagnostics import Location
from compiler.diagnostics.credentials import masked

MAX_SHOWN_LINE = 1_000  # longer lines are not shown with a diagnostic

FieldPath = tuple[str | int, ...]


class Mark(Protocol):
    """A position in a text, as the parser reports it: lines and columns count from 0."""

    @property
    def line(self) -> int: ...  # noqa: D102

    @property
    def column(self) -> int: ...  # noqa: D102


# A range in a text; its end is exclusive. A field has two: that of its key (None for a list item and for the whole
# document) and that of its value. They are plain pairs because every value of every spec has one, and only
# diagnostics read them.
Span = tuple[Mark, Mark]
FieldSpans = tuple[Span | None, Span]


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceDocument:
    """One YAML document.

    `path` is shown to people, `data` is plain Python, and `spans` are by field path. `sha256` covers the whole text
    that people reviewed, including comments.
    """

    path: str
    sha256: str
    lines: tuple[str, ...]
    data: object
    spans: Mapping[FieldPath, FieldSpans]

    def at(self, field: FieldPath, *, key: bool = False) -> Location:
        """Return the place of a field's value, or with `key` that of its key.

        For a missing field it is the key of its nearest parent, where people add the field.
        """
        known = field
        while known not in self.spans:
            known = known[:-1]
        of_key, of_value = self.spans[known]
        wants_key = key or known != field
        return place(self.path, self.lines, of_key if wants_key and of_key else of_value)

    def where(self, text: str) -> Iterator[Location]:
        """Yield the places of the values that contain a text."""
        for field in self.spans:
            value = self.data
            for step in field:
                value = value[step]  # type: ignore[index]
            if isinstance(value, str) and text in value:
                yield self.at(field)


def place(path: str, lines: tuple[str, ...], span: Span) -> Location:
    """Return the location of a span in a file with these lines, always inside the file."""
    start, end = span
    return place_of(path, lines, start.line, start.column, end.line, end.column)


def place_of(path: str, lines: tuple[str, ...], line: int, column: int, end_line: int, end_column: int) -> Location:
    """Return the location of a range, counted from 0, in a file with these lines, always inside."""
    if line >= len(lines):
        # an empty value at the end of a file is after the last character
        last = lines[-1] if lines else ""
        behind = len(last) + 1
        shown = _shown(last)
        return Location(path=path, line=max(len(lines), 1), column=behind, end_column=behind + 1, text=shown)
    text = lines[line]
    end = end_column if end_line == line else len(text.rstrip())
    shown = _shown(text)
    return Location(path=path, line=line + 1, column=column + 1, end_column=max(end, column + 1) + 1, text=shown)


def _shown(line: str) -> str:
    return masked(line) if len(line) <= MAX_SHOWN_LINE else ""
