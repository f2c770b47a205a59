"""Why a row or a file cannot be read, as both sides report it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Row = dict[str, Any]
Kind = Literal["foreign", "damaged", "empty", "large", "format"]

MAX_ROW_CHARACTERS = 4 << 20
_SMALLER = "make the row smaller, or check its quotes"


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreadable:
    """Why a row cannot be read, or the table that it belongs to: a verb with its rest (`is not JSON: …`), and a hint.

    `column` counts from 1; `text` is the line if it can be shown.
    """

    message: str
    hint: str
    subject: Literal["row", "table"] = "row"
    column: int = 1
    text: str = ""


# a row or its fault, with its line; in a file without lines, with its number
Numbered = tuple[int, Row | Unreadable]
Rows = Iterator[Numbered]


class FileError(Exception):
    """A file cannot be read any further. The message begins with a verb: `is a Git LFS pointer`."""

    def __init__(self, kind: Kind, message: str, hint: str) -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.message = message
        self.hint = hint


class LineError(Exception):
    """The text of a file cannot be read beyond a line."""

    def __init__(self, line: int, fault: Unreadable) -> None:
        super().__init__(line, fault.message)
        self.line = line
        self.fault = fault


def too_large(where: str) -> FileError:
    """Return the fault of a row that exceeds the limit; `where` names it, as in `row 7`."""
    return FileError(
        "large", f"holds a row that is too large: {where} exceeds {MAX_ROW_CHARACTERS:,} characters", _SMALLER
    )
