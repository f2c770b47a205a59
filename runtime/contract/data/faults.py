"""Faults of rows, in one form for both sides: the place in the row, the problem, what was found, and what to do.

Equal faults of many rows are one message: `300 rows: … is text, first in row 4, turn 2`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, Literal, NamedTuple, TypeVar

T = TypeVar("T")
Kind = Literal["row", "media", "pair", "missing"]

_NUMBER = re.compile(r"\[(\d+)\]")


class Fault(NamedTuple):
    """The fault of a value: its place below the value, such as `[0].role`, the problem, what was found, the remedy."""

    place: str
    problem: str
    found: str = ""
    hint: str = ""

    def below(self, place: str) -> "Fault":
        """Return the fault of the value that holds this one at `place`."""
        return self._replace(place=place + self.place)


@dataclass(frozen=True, kw_only=True, slots=True)
class RowFault:
    """Why a row does not have its shape.

    `place` is empty if the whole row is meant. `found` is shown for one row only. Of kind `media` are images and the
    like; of kind `pair` are two answers without a common prompt, of kind `missing` columns that a row lacks.
    """

    place: str
    problem: str
    hint: str
    found: str = ""
    kind: Kind = "row"

    @property
    def message(self) -> str:
        """The fault of this one row."""
        found = f": found {self.found}" if self.found else ""
        return f"{_named(self.place)}{self.problem}{found}"

    @property
    def common(self) -> str:
        """The fault without positions and values, by which faults of several rows are equal."""
        return f"{_named(_NUMBER.sub('[]', self.place))}{_NUMBER.sub('[]', self.problem)}"

    @property
    def turn(self) -> int | None:
        """The number of the turn, from 1; None if the fault is of no turn."""
        at = _NUMBER.search(self.place or self.problem)
        return int(at[1]) + 1 if at else None


class RefusedError(Exception):
    """A row that cannot be read: its dialect is known, but it breaks that dialect's rules."""

    def __init__(self, fault: Fault, *, kind: Kind = "row") -> None:
        super().__init__(fault.problem)
        self.fault = fault
        self.kind: Kind = kind

    @property
    def row_fault(self) -> RowFault:
        """The fault as one of the row."""
        place, problem, found, hint = self.fault
        return RowFault(place=place, problem=problem, found=found, hint=hint, kind=self.kind)


class Folding(Generic[T]):
    """Equal faults of many rows: the first of each, and the number of rows."""

    def __init__(self) -> None:
        self._first: dict[str, T] = {}
        self._rows: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._first)

    def __iter__(self) -> Iterator[tuple[T, int]]:
        return ((first, self._rows[key]) for key, first in self._first.items())

    def add(self, key: str, fault: T) -> None:
        """Count a fault of one row; faults with the same key are equal."""
        self._first.setdefault(key, fault)
        self._rows[key] = self._rows.get(key, 0) + 1


def folded(common: str, rows: int, place: str, turn: int | None = None) -> str:
    """Return the message of a fault that several rows share; `place` and `turn` are those of the first."""
    return f"{rows:,} rows: {common}, first in {place}" + (f", turn {turn}" if turn else "")


def _named(place: str) -> str:
    return f"`{place}` " if place else ""
