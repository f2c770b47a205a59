"""Preference pairs out of rows: a badcase's fix is chosen, its logged wrong answer is rejected."""

from dataclasses import dataclass

from runtime.config import DpoStage
from runtime.data import Row
from runtime.errors import StageError


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairs:
    """`rows` have exactly the columns `prompt`, `chosen` and `rejected`; `too_close` counts the pairs that were dropped."""

    rows: list[Row]
    too_close: int


def make_pairs(rows: list[Row], stage: DpoStage) -> Pairs:
    """Return the usable pairs of `rows` (shape `preference` or `badcase`); RUN712 if there are none.

    Pairs that are nearly the same push the likelihood of both answers down, so those closer than `pairs.min_edit_distance` are dropped; equal ones always.
    """
    if stage.pairs is None:
        pairs = [{name: row[name] for name in ("prompt", "chosen", "rejected")} for row in rows]
        usable = [pair for pair in pairs if pair["chosen"] != pair["rejected"]]
        floor = 0.0
    else:
        floor = stage.pairs.min_edit_distance
        usable = [_pair(row) for row in rows if _is_apart(row["fix"], row["answer"], floor)]
    if not usable:
        message = f"`{stage.data.path}` has no usable pair: all {len(rows)} are equal or closer than {floor}"
        raise StageError(
            "RUN712", message, "log answers that differ from their fix, or lower `pairs.min_edit_distance`"
        )
    return Pairs(rows=usable, too_close=len(rows) - len(usable))


def _pair(row: Row) -> Row:
    if isinstance(row["prompt"], str):
        return {"prompt": row["prompt"], "chosen": row["fix"], "rejected": row["answer"]}
    chosen = [{"role": "assistant", "content": row["fix"]}]
    rejected = [{"role": "assistant", "content": row["answer"]}]
    return {"prompt": row["prompt"], "chosen": chosen, "rejected": rejected}


def _is_apart(fix: str, answer: str, floor: float) -> bool:
    distance = normalised_distance(fix.strip(), answer.strip())
    return distance > 0 and distance >= floor


def normalised_distance(left: str, right: str) -> float:
    """Return the Levenshtein distance divided by the longer length: 0 for equal texts, 1 for entirely different ones."""
    longer = max(len(left), len(right))
    return edit_distance(left, right) / longer if longer else 0.0


def edit_distance(left: str, right: str) -> int:
    """Return the Levenshtein distance, by Myers' bit vectors: one column of the table is one Python integer."""
    if not left or not right:
        return len(left) + len(right)
    mask = (1 << len(left)) - 1
    last = 1 << (len(left) - 1)
    where: dict[str, int] = {}
    for position, character in enumerate(left):
        where[character] = where.get(character, 0) | (1 << position)
    up, down, distance = mask, 0, len(left)
    for character in right:
        match = where.get(character, 0)
        diagonal = (((match & up) + up) ^ up) | match | down
        right_up = down | ~(diagonal | up)
        right_down = up & diagonal
        distance += bool(right_up & last) - bool(right_down & last)
        right_up = (right_up << 1) | 1
        up = ((right_down << 1) | ~(diagonal | right_up)) & mask
        down = right_up & diagonal & mask
    return distance
