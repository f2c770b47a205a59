"""When two query results are the same, as Spider's execution match sees it."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

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
