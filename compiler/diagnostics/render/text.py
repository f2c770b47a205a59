"""Diagnostics for a terminal: the source line, carets under the place, and a hint."""

import unicodedata
from collections.abc import Sequence

from compiler.diagnostics.model import Diagnostic, Location


def display_width(text: str) -> int:
    """Return a text's terminal columns: two per wide (CJK) character, none per combining one."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def printable(text: str) -> str:
    """Return the text with control characters replaced, so that it is safe for a terminal."""
    return "".join(
        char if char.isprintable() else " " if char == "\t" else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def _snippet(location: Location) -> list[str]:
    gutter = " " * len(str(location.line))
    text = printable(location.text)
    before = display_width(text[: location.column - 1])
    width = max(1, display_width(text[location.column - 1 : location.end_column - 1]))
    return [f"{gutter} |", f"{location.line} | {text}", f"{gutter} | {' ' * before}{'^' * width}"]


def format_text(found: Diagnostic) -> str:
    """Return one diagnostic as a block of lines, without a trailing newline."""
    where = found.location
    place = f"{where.path}:{where.line}:{where.column}" if where.line else where.path
    gutter = " " * len(str(where.line))
    lines = [f"{found.severity}[{found.code}]: {printable(found.message)}", f"{gutter}--> {printable(place)}"]
    if where.line and where.text:
        lines += _snippet(where)
    if found.hint:
        lines.append(f"{gutter} = hint: {printable(found.hint)}")
    lines.append(f"{gutter} = help: trainspec explain {found.code}")
    return "\n".join(lines)


def format_all(diagnostics: Sequence[Diagnostic]) -> str:
    """Return all diagnostics, separated by blank lines."""
    return "\n\n".join(format_text(found) for found in diagnostics)
