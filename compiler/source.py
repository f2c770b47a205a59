"""What the load phase gives: a file's text, its data, and where each value stands in it."""

from collections.abc import Mapping
from dataclasses import dataclass

from compiler.diagnostics import Location

FieldPath = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A range in a text. Lines and columns count from 0; the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldSpans:
    """Where a field's key stands (None for a list item and for the whole document) and where its value does."""

    key: Span | None
    value: Span


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
        spans = self.spans[known]
        wants_key = key or known != field
        return place(self.path, self.lines, spans.key if wants_key and spans.key else spans.value)


def place(path: str, lines: tuple[str, ...], span: Span) -> Location:
    """The location of a span in a file of these lines, always inside of it."""
    if span.line >= len(lines):
        # an empty value at the end of a file: its place is behind the last character
        last = lines[-1] if lines else ""
        line, column = max(len(lines), 1), len(last) + 1
        return Location(path=path, line=line, column=column, end_column=column + 1, text=last)
    text = lines[span.line]
    end = span.end_column if span.end_line == span.line else len(text.rstrip())
    return Location(
        path=path,
        line=span.line + 1,
        column=span.column + 1,
        end_column=max(end, span.column + 1) + 1,
        text=text,
    )
