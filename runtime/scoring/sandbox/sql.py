"""Execution accuracy: a query is right if it returns the gold's result on every instance of its database."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from runtime.scoring.sandbox.process import Worker

# The worker's SQLite checks its deadline between operations; this limit ends a single operation that hangs.
ANSWER_SECONDS = 20.0

_FENCE = re.compile(r"```[ \t]*(?:sqlite|sql)?[ \t]*\n?(.*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE)
_END = re.compile(r";|\n[ \t]*\n")


def extract_sql(answer: str) -> str:
    """Return the query in an answer: the first fenced block or the whole text, up to the first `;` or blank line."""
    fenced = _FENCE.search(answer)
    text = (fenced.group(1) if fenced else answer).strip()
    return _END.split(text, maxsplit=1)[0].strip()


def database_scripts(folder: Path, database: str) -> list[Path]:
    """Return the sorted scripts of the instances of `database`: `<database>.sql` and `<database>.<k>.sql`."""
    if "/" in database or database.startswith("."):
        return []
    names = re.compile(re.escape(database) + r"(\.\d+)?\.sql")
    return sorted(path for path in folder.iterdir() if names.fullmatch(path.name))


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Whether a prediction is right, and why not; `gold_error` is the error of the gold query itself."""

    right: bool
    reason: str
    gold_error: str = ""


class SqlJudge:
    """A judge that runs queries in a worker process, which restarts after a query kills it."""

    def __init__(self) -> None:
        self._worker = Worker("runtime.scoring.sandbox.sql_worker", seconds=ANSWER_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._worker.stop()

    def judge(self, scripts: list[Path], gold: str, predicted: str | None) -> Verdict:
        """Compare `predicted` with `gold` on the databases of `scripts`; without `predicted`, only run `gold`."""
        request = {"scripts": [str(script) for script in scripts], "gold": gold, "predicted": predicted}
        answer = self._worker.ask(request)
        if answer is None:
            return Verdict(right=False, reason="error: the query exceeded its limits of time or memory")
        gold_error = answer.get("gold_error", "")
        return Verdict(right=not gold_error and answer["right"], reason=answer.get("reason", ""), gold_error=gold_error)


Rows = Sequence[tuple[Any, ...]]

MAX_COLUMN_ORDERS = 2000


def same_result(gold: Rows, predicted: Rows, *, ordered: bool) -> bool:
    """Return whether the rows are equal as a multiset, or as a list if `ordered`.

    As in the test-suite evaluation of Spider, the order of columns is free; numbers are compared to nine
    significant digits.
    """
    if len(gold) != len(predicted):
        return False
    if not gold:
        return True
    if len(gold[0]) != len(predicted[0]):
        return False
    left = [tuple(map(_normal, row)) for row in gold]
    right = [tuple(map(_normal, row)) for row in predicted]
    return any(_same_rows(left, _reorder(right, order), ordered) for order in _column_orders(left, right))


def _same_rows(left: Rows, right: Rows, ordered: bool) -> bool:
    return list(left) == list(right) if ordered else Counter(left) == Counter(right)


def _reorder(rows: Rows, order: list[int]) -> Rows:
    return [tuple(row[index] for index in order) for row in rows]


def _normal(value: Any) -> Any:
    # In Python, an integral float equals its integer, and text never equals a number.
    return float(f"{value:.9g}") if isinstance(value, float) else value


def _column_orders(left: Rows, right: Rows) -> list[list[int]]:
    """Return the orders of `right`'s columns that could match: columns must have equal multisets of values."""
    wanted = [Counter(column) for column in zip(*left, strict=True)]
    offered = [Counter(column) for column in zip(*right, strict=True)]
    orders: list[list[int]] = [[]]
    for column in wanted:
        fitting = [index for index, other in enumerate(offered) if other == column]
        orders = [[*order, index] for order in orders for index in fitting if index not in order][:MAX_COLUMN_ORDERS]
    return orders
