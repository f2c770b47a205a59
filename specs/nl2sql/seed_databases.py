"""Small synthetic contents for the real Spider schemas, chosen so that a wrong query gives another result.

A few candidate instances are drawn for each database, and those that distinguish most wrong queries from the gold are
kept, which is the idea of distilled test suites (Zhong et al., 2020). Wrong queries are the gold queries of the other
questions and mutations of the gold itself.
"""

import re
import sqlite3
from collections.abc import Sequence
from random import Random

from spider import Schema
from synthetic_rows import Cell, Hints, Table, draw_tables

INSTANCES = 3
CANDIDATES = 48


def build_instances(schema: Schema, golds: Sequence[str]) -> list[str]:
    """Return the SQLite scripts of the kept instances of `schema`, in the order in which they were chosen."""
    candidates = [_Candidate(schema, golds, Random(f"{schema.name}/{seed}")) for seed in range(CANDIDATES)]
    kept: list[_Candidate] = []
    distinguished: set[tuple[int, int]] = set()
    for _ in range(INSTANCES):
        best = max(candidates, key=lambda each: each.worth(distinguished))
        candidates.remove(best)
        kept.append(best)
        distinguished |= best.distinguished
    return [each.script for each in kept]


def finds_rows(scripts: Sequence[str], query: str) -> bool:
    """Return whether `query` finds rows on at least one of `scripts`."""
    return any(_result(_open(script), query, query) for script in scripts)


def chance_matches(scripts: Sequence[str], golds: Sequence[str]) -> tuple[int, int, int, int]:
    """Count (matches, pairs) over other golds, then mutations; a match gives the gold's result on all `scripts`."""
    databases = [_open(script) for script in scripts]
    counts = [0, 0, 0, 0]
    for index, gold in enumerate(golds):
        wanted = [_result(database, gold, gold) for database in databases]
        others = [*golds[:index], *golds[index + 1 :]]
        for offset, wrongs in ((0, others), (2, mutations(gold))):
            same = [wanted == [_result(database, wrong, gold) for database in databases] for wrong in wrongs]
            counts[offset] += sum(same)
            counts[offset + 1] += len(same)
    return counts[0], counts[1], counts[2], counts[3]


def mutations(gold: str) -> list[str]:
    """Return wrong versions of `gold`: another condition, aggregate or order. Some may mean the same."""
    swaps = (
        (r"\s+WHERE\s+.*?(?=\s+(?:GROUP|ORDER|LIMIT|INTERSECT|EXCEPT|UNION)\b|\)|$)", ""),
        (r"\s+AND\s+[\w.]+\s*[=<>!]+\s*('[^']*'|\d+)", ""),
        (r"\bmax\(", "min("),
        (r"\bmin\(", "max("),
        (r"\bavg\(", "sum("),
        (r"\bsum\(", "avg("),
        (r"\bDISTINCT\s+", ""),
        (r"\s+LIMIT\s+\d+", ""),
        (r"\s+DESC\b", " ASC"),
        (r"(ORDER BY [\w.()*]+)(?:\s+ASC)?$", r"\1 DESC"),
        (r"\s+ORDER BY [\w.()*]+(\s+(?:ASC|DESC))?$", ""),
        (r" >= ", " > "),
        (r" > ", " >= "),
        (r" > ", " < "),
        (r" < ", " > "),
        (r" = ('[^']*'|\d+)", r" != \1"),
        (r"\s+HAVING\s+.*$", ""),
        (r"\bINTERSECT\b", "UNION"),
        (r"\s+EXCEPT\s+.*$", ""),
        (r"\bNOT IN\b", "IN"),
    )
    wrong = (re.sub(pattern, text, gold, count=1, flags=re.IGNORECASE) for pattern, text in swaps)
    return sorted({each for each in wrong if each != gold})


class _Candidate:
    """One drawn instance: its script, and which (gold, wrong query) pairs it distinguishes."""

    def __init__(self, schema: Schema, golds: Sequence[str], random: Random) -> None:
        tables = draw_tables(schema, Hints(schema, golds), random)
        self.script = _script(schema, tables)
        self.unstable = 0
        self.distinguished: set[tuple[int, int]] = set()
        database = _open(self.script)
        reverse = _open(
            _script(schema, {name: {c: v[::-1] for c, v in table.items()} for name, table in tables.items()})
        )
        for index, gold in enumerate(golds):
            wanted = _result(database, gold, gold)
            # A result that depends on the order of insertion has ties: a right query could fail on it.
            self.unstable += _result(reverse, gold, gold) != wanted
            for number, wrong in enumerate([*golds, *mutations(gold)]):
                if wrong != gold and _result(database, wrong, gold) != wanted:
                    self.distinguished.add((index, number))

    def worth(self, known: set[tuple[int, int]]) -> int:
        """Return how much the instance adds to the pairs that are already distinguished."""
        return len(self.distinguished - known) - 20 * self.unstable


def _script(schema: Schema, tables: dict[str, Table]) -> str:
    lines = [f"-- {schema.name}: schema from Spider (CC BY-SA 4.0), rows synthetic; written by build_data.py"]
    for name, table in tables.items():
        columns = [f'"{column}" {"NUMERIC" if kind == "number" else "TEXT"}' for column, kind in schema.columns[name]]
        lines.append(f'CREATE TABLE "{name}" ({", ".join(columns)});')
        rows = ["(" + ", ".join(map(_quoted, row)) + ")" for row in zip(*table.values(), strict=False)]
        lines.append(f'INSERT INTO "{name}" VALUES\n' + ",\n".join(rows) + ";")
    return "\n".join(lines) + "\n"


def _quoted(value: Cell) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def _open(script: str) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    database.executescript(script)
    return database


def _result(database: sqlite3.Connection, query: str, gold: str) -> object:
    """Return the result's columns with neither names nor order; the rows keep their order only if `gold` has one."""
    try:
        rows = database.execute(query).fetchall()
    except sqlite3.Error as error:
        if query == gold:
            raise ValueError(f"gold query `{gold}` does not run: {error}") from error
        return None
    columns = [[repr(cell) for cell in column] for column in zip(*rows, strict=True)]
    # Each column is sorted alone: two results that look different here are different in any order of their columns.
    return sorted(column if "order by" in gold.lower() else sorted(column) for column in columns)
