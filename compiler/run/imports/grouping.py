"""Bring the spans of each trace together, traces in the order of their starts, in bounded memory.

The spans of one trace may lie anywhere in many files, so that an engine sorts them and moves to disk what does not fit.
DuckDB was chosen by measurement: docs/import.md.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

MEMORY = "512MB"
EngineError = duckdb.Error
_BATCH_ROWS = 1_000
# every column that decides the order is in the row itself, so that the order of files does not matter
_ORDER = "first NULLS LAST, trace, role, start NULLS LAST, id, body, losses"

_OWNED = """
CREATE TABLE owners AS SELECT id, min(trace) AS owner FROM parts WHERE role = 1 AND trace <> '' GROUP BY id;
CREATE VIEW spans AS SELECT * FROM (
    SELECT parts.* REPLACE (coalesce(nullif(parts.trace, ''), owners.owner, '') AS trace)
    FROM parts LEFT JOIN owners ON parts.trace = '' AND parts.id = owners.id
) WHERE trace <> '';
"""


class Bucket(NamedTuple):
    """The traces that started in one window of time: their number, and the first and last start (nanoseconds)."""

    number: int
    traces: int
    first: int
    last: int


class Grouped:
    """The parts of an import, read as one table; use it as a context."""

    def __init__(self, folder: Path, threads: int) -> None:
        settings: dict[str, Any] = {
            "memory_limit": MEMORY,
            "threads": threads,
            "temp_directory": str(folder / "spill"),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
        }
        self._base = duckdb.connect(":memory:", config=settings)
        self._parts = str(folder / "part-*.parquet")

    def __enter__(self) -> "Grouped":
        return self

    def __exit__(self, *_: object) -> None:
        self._base.close()

    def index(self, *, loose_notes: bool) -> None:
        """Find the start of each trace; `loose_notes` are notes that name a span and no trace."""
        self._base.execute(f"CREATE VIEW parts AS SELECT * FROM read_parquet('{self._parts}')")  # noqa: S608
        self._base.execute(_OWNED if loose_notes else "CREATE VIEW spans AS SELECT * FROM parts WHERE trace <> ''")
        self._base.execute(
            "CREATE TABLE firsts AS SELECT trace, min(start) FILTER (role < 2) AS first FROM spans GROUP BY trace"
        )

    def buckets(self, width: int) -> list[Bucket]:
        """Return the windows of `width` nanoseconds in which traces started, in order."""
        query = (
            "SELECT first // ?, count(*), min(first), max(first) FROM firsts "
            "WHERE first IS NOT NULL GROUP BY 1 ORDER BY 1"
        )
        return [Bucket(*map(int, row)) for row in self._base.execute(query, [width]).fetchall()]

    def rows(self) -> Iterator[Any]:
        """Yield all spans as Arrow batches, trace by trace."""
        query = f"SELECT spans.*, first FROM spans JOIN firsts USING (trace) ORDER BY {_ORDER}"  # noqa: S608
        yield from self._base.sql(query).to_arrow_reader(_BATCH_ROWS)
