"""Problems of a row, and errors of a whole file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row is not usable; `column` counts from 1, `text` is the line if it can be shown.

    Of problems of many rows with the same `common` words, only the first is reported, with the number of rows; without
    them, the whole message counts. `turn` is the number of the turn, from 1.
    """

    message: str
    hint: str
    column: int = 1
    text: str = ""
    code: str = "CHK203"
    common: str = ""
    turn: int | None = None


class SourceError(Exception):
    """A file of a source cannot be read further."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.where = ""
