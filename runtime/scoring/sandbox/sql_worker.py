"""The process that runs untrusted SQL, with one JSON request and answer per line.

A query can only read its own in-memory database. Time, rows, value sizes and memory are limited, the process can
neither write nor connect (`sandbox.confine`), and the parent kills it if it does not answer. It imports only the
standard library, so it starts fast and has a small attack surface.
"""

import json
import sqlite3
import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from runtime.scoring.sandbox.confine import confine
from runtime.scoring.sandbox.sql import same_result

QUERY_SECONDS = 2.0
MAX_ROWS = 10_000
_MEMORY_BYTES = 1 << 30
_MAX_VALUE_BYTES = 1_000_000
_READS = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_LEAVES_MEMORY = {sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH}

Rows = list[tuple[Any, ...]]


def main() -> int:
    """Answer requests until stdin ends."""
    confine(_MEMORY_BYTES)
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)
    return 0


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    """Compare `predicted` with `gold` on every script of `scripts`, or only run `gold` without `predicted`.

    The answer is `{"right": bool, "reason": str}`, or `{"gold_error": str}` if the gold query itself fails.
    """
    gold, predicted, scripts = request["gold"], request["predicted"], request["scripts"]
    for script in scripts:
        try:
            wanted = _gold_rows(script, gold)
        except (sqlite3.Error, ValueError, MemoryError, OSError) as error:
            return {"gold_error": f"{Path(script).name}: {error}"}
        if predicted is None:
            continue
        try:
            rows = _query(_open(script), predicted)
        except (sqlite3.Error, sqlite3.Warning, ValueError, MemoryError) as error:
            return {"right": False, "reason": f"error: {error}"}
        if not same_result(wanted, rows, ordered="order by" in gold.lower()):
            return {"right": False, "reason": f"different result on {Path(script).name}"}
    return {"right": True, "reason": ""}


@lru_cache(maxsize=4096)
def _gold_rows(script: str, gold: str) -> Rows:
    return _query(_open(script), gold)


@lru_cache(maxsize=256)
def _open(script: str) -> sqlite3.Connection:
    """Build the database of `script` in memory, then make it read-only."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE_BYTES)
    connection.set_authorizer(_deny_leaving)
    connection.executescript(Path(script).read_text(encoding="utf-8"))
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA query_only = ON")
    connection.set_authorizer(_allow_reads)
    # Spider's values contain bytes that are not UTF-8; its own evaluation ignores them too.
    connection.text_factory = lambda value: value.decode("utf-8", errors="ignore")
    return connection


def _query(connection: sqlite3.Connection, sql: str) -> Rows:
    deadline = time.monotonic() + QUERY_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 1000)
    cursor = connection.execute(sql)
    if cursor.description is None:
        raise ValueError("not a query")
    rows = cursor.fetchmany(MAX_ROWS + 1)
    cursor.close()
    if len(rows) > MAX_ROWS:
        raise ValueError(f"more than {MAX_ROWS} rows")
    return rows


def _deny_leaving(action: int, *_: str | None) -> int:
    return sqlite3.SQLITE_DENY if action in _LEAVES_MEMORY else sqlite3.SQLITE_OK


def _allow_reads(action: int, _first: str | None, second: str | None, *_: str | None) -> int:
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() == "load_extension":
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY


if __name__ == "__main__":
    sys.exit(main())
