"""Small synthetic contents for the real Spider schemas, chosen so that a wrong query gives another result.

A few candidate instances are drawn for each database and the ones that tell most wrong queries from the gold are kept, which is the idea of
distilled test suites (Zhong et al., 2020). Wrong queries are the gold queries of the other questions and mutations of the gold itself.
"""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

Cell = int | str
Table = dict[str, list[Cell]]
T = TypeVar("T")

ROWS = 15
INSTANCES = 3
CANDIDATES = 48
# How often each value of a repeated column occurs: never equally often, so that "the most" and "the fewest" have one answer.
_OCCURRENCES = ((5, 4, 3, 2, 1), (6, 4, 3, 2), (7, 5, 2, 1), (8, 4, 2, 1), (6, 5, 3, 1))
_WORDS = (
    "Alder Birch Cedar Dahlia Elm Fern Ginkgo Hazel Iris Juniper Kelp Laurel Maple Nettle Olive Poplar Quince Rowan Sage Tulip "
    "Umber Violet Willow Yarrow Zinnia Aspen Bamboo Clover Daisy Fennel"
).split()
_LITERAL = r"('(?:[^']|'')*'|-?\d+(?:\.\d+)?)"
_COMPARED = re.compile(rf"([A-Za-z_][\w.]*)\s*(=|!=|>=|<=|>|<|LIKE)\s*{_LITERAL}", re.IGNORECASE)
_BETWEEN = re.compile(rf"([A-Za-z_][\w.]*)\s+BETWEEN\s+{_LITERAL}\s+AND\s+{_LITERAL}", re.IGNORECASE)
_REPEATED = re.compile(r"(?:GROUP BY|DISTINCT)\s+([A-Za-z_][\w.]*)", re.IGNORECASE)
_ALIAS = re.compile(r"(?:FROM|JOIN)\s+(\w+)(?:\s+AS\s+(\w+))?", re.IGNORECASE)
_JOINED = re.compile(r"(\w+)\.(\w+)\s*=\s*(\w+)\.(\w+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Schema:
    """One database: `columns` maps a table to its (name, type) pairs; a link is (child table, column, parent table, column)."""

    name: str
    columns: dict[str, list[tuple[str, str]]]
    keys: frozenset[tuple[str, str]]
    links: tuple[tuple[str, str, str, str], ...]


def build_instances(schema: Schema, golds: Sequence[str]) -> list[str]:
    """Return the SQLite scripts of the kept instances of `schema`, in the order in which they were chosen."""
    candidates = [_Candidate(schema, golds, Random(f"{schema.name}/{seed}")) for seed in range(CANDIDATES)]
    kept: list[_Candidate] = []
    told_apart: set[tuple[int, int]] = set()
    for _ in range(INSTANCES):
        best = max(candidates, key=lambda each: each.worth(told_apart))
        candidates.remove(best)
        kept.append(best)
        told_apart |= best.told_apart
    return [each.script for each in kept]


def finds_rows(scripts: Sequence[str], query: str) -> bool:
    """Tell whether `query` has a result that is not empty on at least one of `scripts`."""
    return any(_result(_open(script), query, query) for script in scripts)


def chance_matches(scripts: Sequence[str], golds: Sequence[str]) -> tuple[int, int, int, int]:
    """Count (matches, pairs) over golds of other questions, then over mutations, where a match gives the gold's result on all `scripts`."""
    databases = [_open(script) for script in scripts]
    counts = [0, 0, 0, 0]
    for index, gold in enumerate(golds):
        wanted = [_result(database, gold, gold) for database in databases]
        for wrong, offset in [(other, 0) for other in golds[:index] + golds[index + 1 :]] + [
            (m, 2) for m in mutations(gold)
        ]:
            counts[offset] += all(
                _result(each, wrong, gold) == rows for each, rows in zip(databases, wanted, strict=True)
            )
            counts[offset + 1] += 1
    return counts[0], counts[1], counts[2], counts[3]


def mutations(gold: str) -> list[str]:
    """Return wrong versions of `gold`: a condition dropped or turned, another aggregate, direction, literal or limit. Some may mean the same."""
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
    """One drawn instance: its script, and which (gold, wrong query) pairs it tells apart."""

    def __init__(self, schema: Schema, golds: Sequence[str], random: Random) -> None:
        tables = _draw_tables(schema, _Hints(schema, golds), random)
        self.script = _script(schema, tables)
        self.unstable = 0
        self.told_apart: set[tuple[int, int]] = set()
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
                    self.told_apart.add((index, number))

    def worth(self, known: set[tuple[int, int]]) -> int:
        """Return how much the instance adds to the pairs that are already told apart."""
        return len(self.told_apart - known) - 20 * self.unstable


class _Hints:
    """What the gold queries say about the columns: literals, repeated values, and joins that the schema does not declare."""

    def __init__(self, schema: Schema, golds: Sequence[str]) -> None:
        self.literals: dict[str, list[str]] = {}
        self.equal: set[str] = set()
        self.repeated: set[str] = set()
        links = list(schema.links)
        for gold in golds:
            for column, operator, literal in _COMPARED.findall(gold):
                self._add(column, literal)
                if operator == "=":
                    self.equal.add(_bare(column))
            for column, low, high in _BETWEEN.findall(gold):
                self._add(column, low)
                self._add(column, high)
            self.repeated |= {_bare(column) for column in _REPEATED.findall(gold)}
            links += [link for link in _joins(schema, gold) if link not in links]
        self.links = _without_cycles(links)
        for _, column, _, key in self.links:
            # A literal of a referring column must occur in the column that it refers to.
            known = self.literals.setdefault(key.lower(), [])
            known += [value for value in self.literals.get(column.lower(), []) if value not in known]

    def _add(self, column: str, literal: str) -> None:
        value = literal.strip("'").replace("''", "'").strip("%")
        if value and value not in self.literals.setdefault(_bare(column), []):
            self.literals[_bare(column)].append(value)


def _bare(column: str) -> str:
    return column.rpartition(".")[2].lower()


def _joins(schema: Schema, gold: str) -> Iterator[tuple[str, str, str, str]]:
    names = {table.lower(): table for table in schema.columns}
    aliases = {(alias or table).lower(): names.get(table.lower(), "") for table, alias in _ALIAS.findall(gold)}
    columns = {table: {column.lower(): column for column, _ in pairs} for table, pairs in schema.columns.items()}
    for first, left, second, right in _JOINED.findall(gold):
        one, other = aliases.get(first.lower(), ""), aliases.get(second.lower(), "")
        here, there = columns.get(one, {}).get(left.lower()), columns.get(other, {}).get(right.lower())
        if here and there and one != other:
            if (other, there) in schema.keys and (one, here) not in schema.keys:
                yield one, here, other, there
            elif (one, here) in schema.keys and (other, there) not in schema.keys:
                yield other, there, one, here


def _without_cycles(links: list[tuple[str, str, str, str]]) -> list[tuple[str, str, str, str]]:
    """Keep the links that can be filled parents first; one parent for each child column."""
    kept: list[tuple[str, str, str, str]] = []
    for child, column, parent, key in links:
        ancestors, todo = {parent}, [parent]
        while todo:
            table = todo.pop()
            new = {link[2] for link in kept if link[0] == table} - ancestors
            ancestors |= new
            todo += sorted(new)
        if child not in ancestors and not any(link[:2] == (child, column) for link in kept):
            kept.append((child, column, parent, key))
    return kept


def _draw_tables(schema: Schema, hints: _Hints, random: Random) -> dict[str, Table]:
    tables: dict[str, Table] = {}
    waiting, order = list(schema.columns), _shuffled(list(schema.columns), random)
    while waiting:
        name = next(t for t in waiting if all(link[2] in tables for link in hints.links if link[0] == t))
        waiting.remove(name)
        # No two tables have as many rows, so that counting the wrong one shows.
        rows = ROWS + order.index(name)
        tables[name] = {}
        for column, kind in schema.columns[name]:
            parents = [tables[link[2]][link[3]] for link in hints.links if link[:2] == (name, column)]
            unique = (name, column) in schema.keys or any(link[2:] == (name, column) for link in hints.links)
            tables[name][column] = _draw_column(column, kind, parents, unique, rows, hints, random)
    return tables


def _draw_column(
    column: str, kind: str, parents: list[list[Cell]], unique: bool, rows: int, hints: _Hints, random: Random
) -> list[Cell]:
    """Return the cells of one column: the parent's values where it refers to one, else numbers or texts; a unique one may be shorter."""
    bare = column.lower()
    if parents:
        values = _shuffled(list(dict.fromkeys(parents[0])), random)
        named = [value for value in values if str(value) in hints.literals.get(bare, [])]
        return values[:rows] if unique else _repeat(list(dict.fromkeys([*named[:3], *values])), rows, random)
    share = 0.9 if bare in hints.repeated else 0.5 if bare in hints.equal else 0.1 if kind == "text" else 0.0
    literals = hints.literals.get(bare, [])
    amounts = [each for each in literals if re.fullmatch(r"-?\d+(\.\d+)?", each)]
    numeric = kind == "number" or (bool(literals) and amounts == literals)
    if kind in ("boolean", "others") and not literals:
        return _repeat(["T", "F"], rows, random)
    values = _numbers(column, amounts, unique, random) if numeric else _texts(column, kind, literals, random)
    return values[:rows] if unique or random.random() >= share else _repeat(values, rows, random)


def _numbers(column: str, literals: list[str], unique: bool, random: Random) -> list[Cell]:
    low, high = (
        (1950, 2022) if "year" in column.lower() else (1, 99) if unique or "age" in column.lower() else (10, 5000)
    )
    near = [int(float(each)) + step for each in literals for step in (-1, 0, 1)]
    if near:
        low, high = (
            min(near) // 2 if low < 1900 else min(*near, low),
            max(*near, low) * 2 if low < 1900 else max(*near, high),
        )
    spread = [low + int(random.random() * (high - low + 40)) for _ in range(5 * ROWS)]
    values = list(dict.fromkeys([*_shuffled(near, random)[: ROWS // 2], *spread]))
    return _shuffled(values[: 2 * ROWS], random) if near else values


def _texts(column: str, kind: str, literals: list[str], random: Random) -> list[Cell]:
    if kind == "time":
        made = [
            f"{1990 + int(random.random() * 30)}-{1 + int(random.random() * 12):02}-{1 + int(random.random() * 28):02}"
            for _ in range(3 * ROWS)
        ]
    else:
        made = [
            f"{word} {column.split('_')[0]}" if random.random() < 0.1 else word for word in _shuffled(_WORDS, random)
        ]
    # The literals come first where a column keeps only a few values, so that most conditions find a row.
    values = [*_shuffled(literals, random)[: ROWS - 4], *made]
    return _shuffled(list(dict.fromkeys(values))[: 2 * ROWS], random) if not literals else list(dict.fromkeys(values))


def _repeat(values: Sequence[Cell], rows: int, random: Random) -> list[Cell]:
    times = _shuffled(_OCCURRENCES, random)[0]
    chosen = _shuffled(values[: len(times) + 1], random)[: len(times)]
    cells = [value for value, count in zip(chosen, times, strict=False) for _ in range(count)]
    return _shuffled([*cells, *[chosen[0]] * (rows - len(cells))], random)


def _shuffled(values: Sequence[T], random: Random) -> list[T]:
    # `random.random` is the only generator whose numbers Python keeps the same from version to version.
    return [value for _, value in sorted(((random.random(), index), value) for index, value in enumerate(values))]


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
    """Return the columns of the result with neither names nor order; the rows keep their order only if `gold` has one."""
    try:
        rows = database.execute(query).fetchall()
    except sqlite3.Error as error:
        if query == gold:
            raise ValueError(f"gold query `{gold}` does not run: {error}") from error
        return None
    columns = [[repr(cell) for cell in column] for column in zip(*rows, strict=True)]
    # Each column is sorted alone: two results that look different here are different in any order of their columns.
    return sorted(column if "order by" in gold.lower() else sorted(column) for column in columns)
