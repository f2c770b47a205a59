"""What an evaluation asks: the held-out rows, then badcases and general rows, each a set with metrics of its own."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

from runtime.contract.blocks import MetricBlock
from runtime.contract.errors import StageError
from runtime.contract.stages import EvaluateStage
from runtime.data.formats import Row
from runtime.data.rows import UNDETERMINED, Source
from runtime.data.splits import is_held_out
from runtime.scoring.metrics import Judges, check_references, reference_fault

HELD_OUT, BADCASES, GENERAL = "held-out", "badcases", "general"
_FILES = {HELD_OUT: "predictions.jsonl", BADCASES: "badcases.jsonl", GENERAL: "general.jsonl"}
# Long texts tell no more about a model than their beginnings, and a set of them should take minutes at most.
MAX_CHARACTERS = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Rows with `id`, `prompt` and `reference`, and the metrics that judge the answers; the first one decides.

    `unjudged` counts rows that were left out because the metric cannot judge by what they call right.
    """

    name: str
    rows: list[Row]
    metrics: Sequence[MetricBlock]
    unjudged: int = 0

    @property
    def file(self) -> str:
        """The name of the file that holds the answers."""
        return _FILES[self.name]

    @property
    def clusters(self) -> list[str]:
        """For each row, the name of the rows that are resampled with it."""
        # The prefixes keep a row without a cluster apart from a cluster that has the row's id as its name.
        return [f"cluster {row['cluster']}" if row.get("cluster") else f"row {row['id']}" for row in self.rows]


def sets_of(stage: EvaluateStage, sources: Sequence[Source], data: Path, judges: Judges) -> list[Asked]:
    """Return the held-out rows, and where there are any the badcases and the general questions.

    Every reference is tried: RUN710, RUN721 or RUN723 if a held-out one is of no use. A badcase whose fix the deciding
    metric cannot judge by is left out; general rows for which it is not made are compared as text.
    """
    metrics = sorted(stage.metrics, key=lambda metric: metric.name != deciding(stage))
    held_out = Asked(name=HELD_OUT, rows=_rows(sources, None), metrics=metrics)
    check_references(held_out.rows, metrics, data, judges)
    sets = [held_out]
    if badcases := _rows(sources, BADCASES):
        fit = [row for row in badcases if not reference_fault(row, metrics[0], data, judges)]
        sets.append(Asked(name=BADCASES, rows=fit, metrics=metrics[:1], unjudged=len(badcases) - len(fit)))
    if general := _rows(sources, GENERAL):
        fits = not any(reference_fault(row, metrics[0], data, judges) for row in general)
        text = MetricBlock(name="exact_match", answer_marker=metrics[0].answer_marker)
        sets.append(Asked(name=GENERAL, rows=general, metrics=[metrics[0] if fits else text]))
    return [each for each in sets if each.rows]


def deciding(stage: EvaluateStage) -> str:
    """The name of the metric that decides: the gate's, or the first."""
    return stage.gate.metric if stage.gate else stage.metrics[0].name


def general_texts(sources: Sequence[Source]) -> list[str]:
    """Return the beginnings of the general texts that are never trained on, as many as their blocks' limits allow.

    RUN712 if there is text and none of it is held out.
    """
    blocks = [source for source in sources if source.block.role == GENERAL and source.block.shape == "text"]
    kept = [_sample(_distinct(source.rows), source.block.limit) for source in blocks]
    if blocks and not any(kept):
        count = sum(len(source.rows) for source in blocks)
        message = f"of {count} general texts none is held out: one in ten is, by its hash"
        raise StageError("RUN712", message, "give some fifty general texts or more, or set `evaluation.general` to 0")
    return [row["text"][:MAX_CHARACTERS] for row in chain.from_iterable(kept)]


def _distinct(rows: Sequence[Row]) -> list[Row]:
    """The held-out texts, each once: repeated ones are no further evidence."""
    return list({row["text"].strip(): row for row in rows if is_held_out(row["text"])}.values())


def _rows(sources: Sequence[Source], role: str | None) -> list[Row]:
    """The rows of a role that hold a prompt, with `reference` whatever their shape calls it."""
    return [
        row if "reference" in row else {**row, "reference": row["fix"]}
        for source in sources
        if source.block.role == role and source.block.shape != "text"
        for row in _sample(source.rows, source.block.limit)
    ]


def _sample(rows: Sequence[Row], limit: int | None) -> list[Row]:
    """At most `limit` rows, in their order: of each class as many, so that rare and critical ones are among them.

    Which ones depends on their content alone, so that a longer file keeps most of those that were asked before.
    """
    if limit is None or len(rows) <= limit:
        return list(rows)
    classes: dict[str, list[tuple[str, int]]] = {}
    for index, row in enumerate(rows):
        digest = hashlib.sha256(json.dumps(row, sort_keys=True, default=str).encode()).hexdigest()
        classes.setdefault(class_of(row), []).append((digest, index))
    rounds = zip_longest(*(sorted(members) for _, members in sorted(classes.items())))
    drawn = [member[1] for member in chain.from_iterable(rounds) if member is not None]
    return [rows[index] for index in sorted(drawn[:limit])]


def class_of(row: Row) -> str:
    """The class of a badcase."""
    return row.get("class") or UNDETERMINED
