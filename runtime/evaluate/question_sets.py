"""The question sets of an evaluation: held-out rows, badcases and general rows."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from runtime.contract.agreement import Agreement
from runtime.contract.errors import StageError
from runtime.contract.goal_blocks import MetricBlock
from runtime.contract.stages import EvaluateStage
from runtime.data.formats import Row
from runtime.data.rows import UNDETERMINED, Source
from runtime.data.splits import is_held_out
from runtime.evaluate.spread import spread
from runtime.scoring.metrics import (
    Judges,
    check_references,
    reference_fault,
    reference_faults,
    unusable_references,
)

HELD_OUT, BADCASES, GENERAL = "held-out", "badcases", "general"
_FILES = {HELD_OUT: "predictions.jsonl", BADCASES: "badcases.jsonl", GENERAL: "general.jsonl"}
# The beginnings of long texts show as much about a model as the whole, and a set should take minutes at most.
MAX_CHARACTERS = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class QuestionSet:
    """Rows with `id`, `prompt` and `reference`, and their metrics; the first one decides.

    `unjudged` counts the rows left out because the deciding metric cannot use their reference. `left_out` has the
    indices of the rows that another metric does not score, for the same reason. `agreements` are those of the judge
    with people, by metric.
    """

    name: str
    rows: list[Row]
    metrics: Sequence[MetricBlock]
    unjudged: int = 0
    left_out: Mapping[str, frozenset[int]] = field(default_factory=dict)
    agreements: Mapping[str, Agreement] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """The name of the file that holds the answers."""
        return _FILES[self.name]

    @property
    def clusters(self) -> list[str]:
        """The cluster of each row, which is resampled as a whole."""
        # The prefixes separate a row without a cluster from a cluster that has the row's id as its name.
        return [f"cluster {row['cluster']}" if row.get("cluster") else f"row {row['id']}" for row in self.rows]


def build_question_sets(
    stage: EvaluateStage, sources: Sequence[Source], data: Path, judges: Judges
) -> list[QuestionSet]:
    """Return the held-out rows, and any badcases and general questions.

    Checks every reference: RUN710 if a held-out one is unusable for the deciding metric, or all are for another metric;
    RUN721 or RUN723 if databases or a library are missing. A metric that does not decide scores the rows that it can.
    Badcases whose fix is unusable for the deciding metric are left out; if a general row's reference is, or if the
    metric compares with none or asks a judge, all general rows are compared as text.
    """
    metrics = sorted(stage.metrics, key=lambda metric: metric.name != deciding(stage))
    rows = _rows(sources, None)
    check_references(rows, metrics[:1], data, judges)
    left_out = {metric.name: _left_out(rows, metric, data, judges) for metric in metrics[1:]}
    agreements = {name: each.counts for name, each in (stage.judge.agreements if stage.judge else {}).items()}
    sets = [QuestionSet(name=HELD_OUT, rows=rows, metrics=metrics, left_out=left_out, agreements=agreements)]
    if badcases := _rows(sources, BADCASES):
        fit = [row for row in badcases if not reference_fault(row, metrics[0], data, judges)]
        sets.append(QuestionSet(name=BADCASES, rows=fit, metrics=metrics[:1], unjudged=len(badcases) - len(fit)))
    if general := _rows(sources, GENERAL):
        judgeless = metrics[0].compares and not metrics[0].is_judged
        fits = judgeless and not any(reference_fault(row, metrics[0], data, judges) for row in general)
        text = MetricBlock(name="exact_match", answer_marker=metrics[0].answer_marker)
        sets.append(QuestionSet(name=GENERAL, rows=general, metrics=[metrics[0] if fits else text]))
    return [each for each in sets if each.rows]


def _left_out(rows: Sequence[Row], metric: MetricBlock, data: Path, judges: Judges) -> frozenset[int]:
    """Return the rows that `metric` cannot score; RUN710 if it can score none."""
    faults = reference_faults(rows, metric, data, judges)
    if len(faults) == len(rows):
        raise unusable_references(rows, faults)
    return frozenset(faults)


def deciding(stage: EvaluateStage) -> str:
    """Return the name of the deciding metric: the gate's, or the first."""
    return stage.gate.metric if stage.gate else stage.metrics[0].name


def general_texts(sources: Sequence[Source]) -> list[str]:
    """Return the beginnings of the held-out general texts, up to the limits of their blocks.

    RUN712 if general text exists but none of it is held out.
    """
    blocks = [source for source in sources if source.block.role == GENERAL and source.block.shape == "text"]
    kept = [_sample(_distinct(source.rows), source.block.limit) for source in blocks]
    if blocks and not any(kept):
        count = sum(len(source.rows) for source in blocks)
        message = f"no text of {count} general texts is held out: the hash of a text selects one in ten"
        raise StageError("RUN712", message, "add general texts, fifty or more in all, or set `evaluation.general` to 0")
    return [row["text"][:MAX_CHARACTERS] for row in chain.from_iterable(kept)]


def _distinct(rows: Sequence[Row]) -> list[Row]:
    """Return the held-out texts without duplicates, which are no further evidence."""
    return list({row["text"].strip(): row for row in rows if is_held_out(row["text"])}.values())


def _rows(sources: Sequence[Source], role: str | None) -> list[Row]:
    """Return the rows of a role that have a prompt; the fix of a badcase is its `reference`."""
    return [
        row if "reference" in row else {**row, "reference": row["fix"]}
        for source in sources
        if source.block.role == role and source.block.shape != "text"
        for row in _sample(source.rows, source.block.limit)
    ]


def _sample(rows: Sequence[Row], limit: int | None) -> list[Row]:
    """Return at most `limit` rows, in order, spread evenly over the classes.

    The choice depends on the rows' content alone, so that a longer file keeps most of the earlier choice.
    """
    if limit is None or len(rows) <= limit:
        return list(rows)
    classes: dict[str, list[tuple[str, int]]] = {}
    for index, row in enumerate(rows):
        digest = hashlib.sha256(json.dumps(row, sort_keys=True, default=str).encode()).hexdigest()
        classes.setdefault(class_of(row), []).append((digest, index))
    return [rows[index] for index in spread((members for _, members in sorted(classes.items())), limit)]


def class_of(row: Row) -> str:
    """Return the class of a badcase."""
    return row.get("class") or UNDETERMINED
