"""Execution accuracy: a predicted query is right if it gives the gold's result on every instance of its database."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from runtime.scoring.sandbox.process import Worker

# SQLite looks at its own deadline between operations; this one is for a single operation that does not end.
ANSWER_SECONDS = 20.0

_FENCE = re.compile(r"```[ \t]*(?:sqlite|sql)?[ \t]*\n?(.*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE)
_END = re.compile(r";|\n[ \t]*\n")


def extract_sql(answer: str) -> str:
    """Return the query in a model's answer: the first fenced block, or all, cut at the first `;` or blank line."""
    fenced = _FENCE.search(answer)
    text = (fenced.group(1) if fenced else answer).strip()
    return _END.split(text, maxsplit=1)[0].strip()


def database_scripts(folder: Path, database: str) -> list[Path]:
    """Return the scripts of the instances of `database`, sorted: `<database>.sql` and `<database>.<k>.sql`."""
    if "/" in database or database.startswith("."):
        return []
    names = re.compile(re.escape(database) + r"(\.\d+)?\.sql")
    return sorted(path for path in folder.iterdir() if names.fullmatch(path.name))


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Whether a prediction is right, and why not; `gold_error` is set if the gold query itself does not run."""

    right: bool
    reason: str
    gold_error: str = ""


class SqlJudge:
    """Runs queries in a worker process of its own, which is started again when a query brings it down."""

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
            return Verdict(right=False, reason="error: the query broke its limits of time or memory")
        gold_error = answer.get("gold_error", "")
        return Verdict(right=not gold_error and answer["right"], reason=answer.get("reason", ""), gold_error=gold_error)


Rows = Sequence[tuple[Any, ...]]

MAX_COLUMN_ORDERS = 2000


def same_result(gold: Rows, predicted: Rows, *, ordered: bool) -> bool:
    """Tell whether the rows are equal as a multiset, or as a list if `ordered`.

    As in the test-suite evaluation of Spider, columns may come in another order; numbers are equal to nine digits.
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
    # An integral float equals its integer in Python, and a text never equals a number.
    return float(f"{value:.9g}") if isinstance(value, float) else value


def _column_orders(left: Rows, right: Rows) -> list[list[int]]:
    """Return the orders of `right`'s columns that could match: each column must hold the same values as its partner."""
    wanted = [Counter(column) for column in zip(*left, strict=True)]
    offered = [Counter(column) for column in zip(*right, strict=True)]
    orders: list[list[int]] = [[]]
    for column in wanted:
        fitting = [index for index, other in enumerate(offered) if other == column]
        orders = [[*order, index] for order in orders for index in fitting if index not in order][:MAX_COLUMN_ORDERS]
    return orders
