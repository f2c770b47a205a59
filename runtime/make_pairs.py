"""Preference pairs out of rows: a badcase's fix is chosen, its logged wrong answer is rejected."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from runtime.config.stages import PairsStage
from runtime.context import StageContext
from runtime.data import Source, names_of, read_sources
from runtime.errors import StageError
from runtime.files import write_text
from runtime.formats import Row
from runtime.forms import require_one_kind
from runtime.report import Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairs:
    """`rows` have just the columns `prompt`, `chosen`, `rejected`; `dropped` counts the rows that give no pair."""

    rows: list[Row]
    dropped: int


def run(stage: PairsStage, context: StageContext) -> Outcome:
    """Write `preference.jsonl` into the output folder; metrics.json says how many pairs were made and dropped."""
    context.events.emit("phase", name="check data")
    sources = read_sources(stage.data, context.volumes)
    pairs = make_pairs(sources, stage)
    excluded = sum(source.excluded for source in sources)
    counts = {"usable": len(pairs.rows), "dropped": pairs.dropped, "excluded": excluded}
    context.events.emit("pairs", **counts)
    write_text(
        context.folder / "preference.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in pairs.rows)
    )
    return Outcome(training=counts)


def make_pairs(sources: Sequence[Source], stage: PairsStage) -> Pairs:
    """Return the usable pairs of all rows (shape `preference` or `badcase`); RUN712 if there are none, RUN716 if some
    are plain text and others turns.

    Pairs that are nearly the same push the likelihood of both answers down (arXiv 2410.08847), so those are dropped
    whose Levenshtein distance over the longer length is below `pairs.min_edit_distance`; equal ones always.
    """
    require_one_kind(sources)
    floor = stage.pairs.min_edit_distance
    usable = [pair for source in sources for pair in _pairs_of(source, floor)]
    count = sum(len(source.rows) for source in sources)
    if not usable:
        message = f"no usable pair in {names_of(stage.data)}: all {count} lack an answer or are closer than {floor}"
        raise StageError(
            "RUN712", message, "log answers that differ from their fix, or lower `pairs.min_edit_distance`"
        )
    return Pairs(rows=usable, dropped=count - len(usable))


def _pairs_of(source: Source, floor: float) -> list[Row]:
    if source.block.shape == "badcase":
        return [_pair(row) for row in source.rows if _is_apart(row["fix"], row.get("answer") or "", floor)]
    pairs = [{name: row[name] for name in ("prompt", "chosen", "rejected")} for row in source.rows]
    return [pair for pair in pairs if _is_apart(_text(pair["chosen"]), _text(pair["rejected"]), floor)]


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
