"""Files of a data source, their limits, and the check of a table's columns."""

from dataclasses import dataclass
from pathlib import Path

from compiler.spec.data.errors import Problem
from compiler.spec.data.texts import Row

MAX_SOURCE_BYTES = 1 << 30


MAX_ROW_BYTES = 4 << 20


MAX_FILES = 10_000


MAX_COLUMNS = 1_000


Numbered = tuple[int, Row | Problem]


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A file of a source: its location, its path in the spec's folder, and its path for people."""

    file: Path
    path: str
    shown: str


ELSEWHERE = "move the rows elsewhere, name them with `uri`, and commit their card: trainspec data"


def header_problem(names: list[str], need: list[str]) -> Problem | None:
    """Return the problem of a table's columns, if any; all columns of `need` must exist."""
    if len(names) > MAX_COLUMNS:
        return Problem(f"the table has more than {MAX_COLUMNS:,} columns", "remove columns that are not needed")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        return Problem(f"column `{twice[0][:80]}` is used twice", "rename one of the two")
    missing = [name for name in need if name not in names]
    if missing:
        has = ", ".join(f"`{name[:80]}`" for name in names[:20]) or "none"
        return Problem(
            f"the table has no column {', '.join(f'`{name}`' for name in missing)}",
            f"rename its columns: {has}",
        )
    return None
