"""Answers to a set of questions with their scores: as lines of a file, as figures, and read back from earlier."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from runtime.contract.errors import StageError
from runtime.evaluate.question_sets import Asked
from runtime.model.generate import Answer
from runtime.scoring.metrics import SCORERS, Judges, Score
from runtime.stage.statistics import Interval, interval_of_mean


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """A set of questions, their answers in the same order, and the scores of each metric."""

    asked: Asked
    answers: list[Answer]
    scores: dict[str, list[Score]]

    @property
    def values(self) -> list[float]:
        """The scores of the metric that decides."""
        return [score.value for score in self.scores[self.asked.metrics[0].name]]

    @property
    def intervals(self) -> dict[str, Interval]:
        """The mean of each metric with its interval."""
        clusters = self.asked.clusters
        return {
            name: interval_of_mean([score.value for score in column], clusters) for name, column in self.scores.items()
        }

    @property
    def lines(self) -> str:
        """One JSON object a row. How long an answer took is not among them: it differs from run to run."""
        return "".join(json.dumps(self._record(at), ensure_ascii=False) + "\n" for at in range(len(self.answers)))

    def _record(self, at: int) -> dict[str, Any]:
        row, answer = self.asked.rows[at], self.answers[at]
        return {
            "id": row["id"],
            "cluster": row.get("cluster"),
            "prediction": answer.text,
            "prompt_tokens": answer.prompt_tokens,
            "tokens": answer.tokens,
            "is_cut": answer.is_cut,
            "scores": {name: asdict(column[at]) for name, column in self.scores.items()},
        }


def judge(asked: Asked, answers: list[Answer], data: Path, judges: Judges) -> Answered:
    """Score every answer by every metric of its set."""
    scores: dict[str, list[Score]] = {
        metric.name: [
            SCORERS[metric.name].score(row, answer.text, metric, data, judges)
            for row, answer in zip(asked.rows, answers, strict=True)
        ]
        for metric in asked.metrics
    }
    return Answered(asked=asked, answers=answers, scores=scores)


def costs_of(answers: Sequence[Answer], batch_size: int) -> dict[str, Any]:
    """Tokens and seconds of an answer, and how many were cut at `max_new_tokens`.

    An answer takes from the start of its batch to its own last token, so `batch_size` belongs to the figure.
    """
    return {
        "tokens": {
            "prompt": _spread([answer.prompt_tokens for answer in answers]),
            "answer": _spread([answer.tokens for answer in answers]),
            "cut": sum(answer.is_cut for answer in answers),
        },
        "seconds": {**_spread([answer.seconds for answer in answers]), "batch_size": batch_size},
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    middle, high = np.quantile(values, [0.5, 0.95], method="inverted_cdf")
    return {"mean": round(sum(values) / len(values), 4), "p50": float(middle), "p95": float(high)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """What the baseline answered, and its scores by the metric that decides, in the order of the rows now."""

    predictions: list[str]
    values: list[float]


def read_earlier(outputs: Path, baseline: str, asked: Asked) -> Earlier:
    """Return the baseline's answers to the same questions; RUN722 if it has none, RUN714 if they cannot be compared."""
    metric = asked.metrics[0].name
    records = read_records(outputs, f"{baseline}/{asked.file}")
    try:
        ids = [record["id"] for record in records]
        predictions = [str(record["prediction"]) for record in records]
        values = [float(record["scores"][metric]["value"]) for record in records]
    except (ValueError, KeyError, TypeError) as error:
        message = f"baseline `{baseline}/{asked.file}` has no scores of `{metric}` to read"
        raise StageError("RUN714", message, "run the earlier evaluation again with this metric") from error
    if ids != [row["id"] for row in asked.rows]:
        message = f"baseline `{baseline}/{asked.file}` was made on other rows than those of this evaluation"
        raise StageError("RUN714", message, "run the earlier evaluation again on the same files")
    return Earlier(predictions=predictions, values=values)


def read_records(outputs: Path, name: str) -> list[dict[str, Any]]:
    """Return the JSON objects of a file of an earlier evaluation; RUN722 or RUN714 if it cannot be read."""
    try:
        text = (outputs / name).read_text(encoding="utf-8")
    except OSError as error:
        message = f"baseline `{name}` is not under `TRAINSPEC_OUTPUTS`"
        raise StageError("RUN722", message, "run the earlier evaluation first") from error
    try:
        # Only \n ends a line of JSONL: `splitlines` would also cut at U+2028 inside a string.
        return [json.loads(line) for line in text.split("\n") if line]
    except ValueError as error:
        raise StageError("RUN714", f"baseline `{name}` is not JSONL", "run the earlier evaluation again") from error
