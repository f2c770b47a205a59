"""Synthetic rows for a schema: values that the gold queries use, keys that join, few ties."""

import re
from collections.abc import Iterator, Sequence
from random import Random
from typing import TypeVar

from spider import Schema

Cell = int | str
Table = dict[str, list[Cell]]
T = TypeVar("T")

ROWS = 15
# How often each value of a repeated column occurs: never equally often, so that "the most" has one answer.
_OCCURRENCES = ((5, 4, 3, 2, 1), (6, 4, 3, 2), (7, 5, 2, 1), (8, 4, 2, 1), (6, 5, 3, 1))
_WORDS = tuple(
    """
    Alder Birch Cedar Dahlia Elm Fern Ginkgo Hazel Iris Juniper Kelp Laurel Maple Nettle Olive Poplar Quince
    Rowan Sage Tulip Umber Violet Willow Yarrow Zinnia Aspen Bamboo Clover Daisy Fennel
    """.split()  # noqa: SIM905  (a list of thirty strings is harder to read)
)
_LITERAL = r"('(?:[^']|'')*'|-?\d+(?:\.\d+)?)"
_COMPARED = re.compile(rf"([A-Za-z_][\w.]*)\s*(=|!=|>=|<=|>|<|LIKE)\s*{_LITERAL}", re.IGNORECASE)
_BETWEEN = re.compile(rf"([A-Za-z_][\w.]*)\s+BETWEEN\s+{_LITERAL}\s+AND\s+{_LITERAL}", re.IGNORECASE)
_REPEATED = re.compile(r"(?:GROUP BY|DISTINCT)\s+([A-Za-z_][\w.]*)", re.IGNORECASE)
_ALIAS = re.compile(r"(?:FROM|JOIN)\s+(\w+)(?:\s+AS\s+(\w+))?", re.IGNORECASE)
_JOINED = re.compile(r"(\w+)\.(\w+)\s*=\s*(\w+)\.(\w+)")


class Hints:
    """What the gold queries say about columns: literals, repeated values, joins that the schema does not declare."""

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


def draw_tables(schema: Schema, hints: Hints, random: Random) -> dict[str, Table]:
    """Return the rows of each table, as lists of cells by column; parents are drawn first."""
    tables: dict[str, Table] = {}
    waiting, order = list(schema.columns), shuffled(list(schema.columns), random)
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
    column: str, kind: str, parents: list[list[Cell]], unique: bool, rows: int, hints: Hints, random: Random
) -> list[Cell]:
    """Return the cells of one column: values of its parent, or numbers, or texts; a unique one may be shorter."""
    bare = column.lower()
    if parents:
        values = shuffled(list(dict.fromkeys(parents[0])), random)
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
    """Return many different numbers of the size that `column` suggests, with literals and their neighbours."""
    near = [int(float(each)) + step for each in literals for step in (-1, 0, 1)]
    low, high = _range(column, near, unique)
    spread = [low + int(random.random() * (high - low + 40)) for _ in range(5 * ROWS)]
    values: list[Cell] = list(dict.fromkeys([*shuffled(near, random)[: ROWS // 2], *spread]))
    return shuffled(values[: 2 * ROWS], random) if near else values


def _range(column: str, near: list[int], unique: bool) -> tuple[int, int]:
    if "year" in column.lower():
        return min([*near, 1950]), max([*near, 2022])
    if near:
        return min(near) // 2, 2 * max([*near, 1 if unique or "age" in column.lower() else 10])
    return (1, 99) if unique or "age" in column.lower() else (10, 5000)


def _texts(column: str, kind: str, literals: list[str], random: Random) -> list[Cell]:
    if kind == "time":
        made = [
            f"{1990 + int(random.random() * 30)}-{1 + int(random.random() * 12):02}-{1 + int(random.random() * 28):02}"
            for _ in range(3 * ROWS)
        ]
    else:
        made = [
            f"{word} {column.split('_')[0]}" if random.random() < 0.1 else word for word in shuffled(_WORDS, random)
        ]
    # The literals come first where a column keeps only a few values, so that most conditions find a row.
    values = [*shuffled(literals, random)[: ROWS - 4], *made]
    return shuffled(list(dict.fromkeys(values))[: 2 * ROWS], random) if not literals else list(dict.fromkeys(values))


def _repeat(values: Sequence[Cell], rows: int, random: Random) -> list[Cell]:
    times = shuffled(_OCCURRENCES, random)[0]
    chosen = shuffled(values[: len(times) + 1], random)[: len(times)]
    cells = [value for value, count in zip(chosen, times, strict=False) for _ in range(count)]
    return shuffled([*cells, *[chosen[0]] * (rows - len(cells))], random)


def shuffled(values: Sequence[T], random: Random) -> list[T]:
    """Return `values` in a random order."""
    # `random.random` is the only generator whose numbers Python keeps the same from version to version.
    return [value for _, value in sorted(((random.random(), index), value) for index, value in enumerate(values))]
