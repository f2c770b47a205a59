"""Files of a data source, and their limits."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from compiler.spec.data.errors import Problem, SourceError
from compiler.spec.data.texts import Row

MAX_SOURCE_BYTES = 1 << 30
MAX_ROW_BYTES = 4 << 20
MAX_FILES = 10_000
MAX_RATIO = 100  # between unpacked and packed bytes of a large file: text rarely packs better than 20 to 1

Numbered = tuple[int, Row | Problem]


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A file of a source: its location, its path in the spec's folder, and its path for people.

    `encoding` is that of its text, as the spec names it.
    """

    file: Path
    path: str
    shown: str
    encoding: str | None = None


ELSEWHERE = "move the rows elsewhere, name them with `uri`, and commit their card: trainspec data"


class Allowance:
    """The bytes that the compressed files of a source may still unpack to; None for no limit but that of a bomb."""

    def __init__(self, limit: int | None) -> None:
        self._left = limit

    def meter(self, packed: int) -> Callable[[int], None]:
        """Return a function that takes the size of each piece of a file of `packed` bytes; SourceError beyond."""
        unpacked = 0

        def spend(size: int) -> None:
            nonlocal unpacked
            unpacked += size
            if self._left is not None:
                self._left -= size
            is_bomb = unpacked > max(MAX_SOURCE_BYTES, packed * MAX_RATIO)
            if is_bomb or (self._left is not None and self._left < 0):
                raise SourceError("YML005", f"the file is larger than {unpacked - 1:,} bytes when unpacked", ELSEWHERE)

        return spend
