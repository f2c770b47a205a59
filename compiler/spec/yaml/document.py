"""What the load phase gives: a file's text, its data, and where each value stands in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from compiler.diagnostics import Location
from compiler.diagnostics.credentials import masked

MAX_SHOWN_LINE = 1_000  # longer lines are not kept with what is told of them

FieldPath = tuple[str | int, ...]


class Mark(Protocol):
    """A position in a text, as the parser gives it: lines and columns count from 0."""

    @property
    def line(self) -> int: ...  # noqa: D102

    @property
    def column(self) -> int: ...  # noqa: D102


# A range in a text, from its first mark up to, not including, its last; and of a field, where its key stands (None for
# a list item and for the whole document) and where its value does. Plain pairs, since there is one for every value of
# every spec, and only those that something is told of are ever looked at.
Span = tuple[Mark, Mark]
FieldSpans = tuple[Span | None, Span]


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceDocument:
    """One YAML document: `path` as shown to people, `data` as plain Python, `spans` by field path.

    `sha256` is that of the whole text, comments included: what people reviewed.
    """

    path: str
    sha256: str
    lines: tuple[str, ...]
    data: object
    spans: Mapping[FieldPath, FieldSpans]

    def at(self, field: FieldPath, *, key: bool = False) -> Location:
        """The place of a field's value, or with `key` of its key; of its nearest parent where the field is not there.

        For a missing field the parent's key is meant, since that is where people add it.
        """
        known = field
        while known not in self.spans:
            known = known[:-1]
        of_key, of_value = self.spans[known]
        wants_key = key or known != field
        return place(self.path, self.lines, of_key if wants_key and of_key else of_value)

    def where(self, text: str) -> Iterator[Location]:
        """The places of the values that hold a text."""
        for field in self.spans:
            value = self.data
            for step in field:
                value = value[step]  # type: ignore[index]
            if isinstance(value, str) and text in value:
                yield self.at(field)


def place(path: str, lines: tuple[str, ...], span: Span) -> Location:
    """The location of a span in a file of these lines, always inside of it."""
    start, end = span
    return place_of(path, lines, start.line, start.column, end.line, end.column)


def place_of(path: str, lines: tuple[str, ...], line: int, column: int, end_line: int, end_column: int) -> Location:
    """The location of a range, counted from 0, in a file of these lines, always inside of it."""
    if line >= len(lines):
        # an empty value at the end of a file: its place is behind the last character
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
