"""Preference pairs out of rows: a badcase's fix is chosen, its logged wrong answer is rejected."""

from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from runtime.config import DpoStage
from runtime.data import Row
from runtime.errors import StageError


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairs:
    """`rows` have just the columns `prompt`, `chosen`, `rejected`; `dropped` counts the rows that give no pair."""

    rows: list[Row]
    dropped: int


def make_pairs(rows: list[Row], stage: DpoStage) -> Pairs:
    """Return the usable pairs of `rows` (shape `preference` or `badcase`); RUN712 if there are none.

    Pairs that are nearly the same push the likelihood of both answers down (arXiv 2410.08847), so those are dropped
    whose Levenshtein distance over the longer length is below `pairs.min_edit_distance`; equal ones always.
    """
    floor = stage.pairs.min_edit_distance if stage.pairs else 0.0
    if stage.data.shape == "badcase":
        usable = [_pair(row) for row in rows if _is_apart(row["fix"], row.get("answer") or "", floor)]
    else:
        pairs = [{name: row[name] for name in ("prompt", "chosen", "rejected")} for row in rows]
        usable = [pair for pair in pairs if _is_apart(_text(pair["chosen"]), _text(pair["rejected"]), floor)]
    if not usable:
        message = f"`{stage.data.path}` has no usable pair: all {len(rows)} lack an answer or are closer than {floor}"
        raise StageError(
            "RUN712", message, "log answers that differ from their fix, or lower `pairs.min_edit_distance`"
        )
    return Pairs(rows=usable, dropped=len(rows) - len(usable))


def _pair(row: Row) -> Row:
    if isinstance(row["prompt"], str):
        return {"prompt": row["prompt"], "chosen": row["fix"], "rejected": row["answer"]}
    chosen = [{"role": "assistant", "content": row["fix"]}]
    rejected = [{"role": "assistant", "content": row["answer"]}]
    return {"prompt": row["prompt"], "chosen": chosen, "rejected": rejected}


def _text(answer: str | list[dict[str, str]]) -> str:
    return answer if isinstance(answer, str) else "\n".join(turn["content"] for turn in answer)


def _is_apart(fix: str, answer: str, floor: float) -> bool:
    if not answer.strip():  # the system's answer was not logged
        return False
    distance = Levenshtein.normalized_distance(fix.strip(), answer.strip())
    return distance > 0 and distance >= floor
