"""Scored answers to a question set: as file lines, as figures, and of a baseline."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from runtime.contract.errors import StageError
from runtime.evaluate.question_sets import QuestionSet
from runtime.model.generate import Answer
from runtime.scoring.metrics import SCORERS, Judges, Score
from runtime.stage.statistics import Interval, interval_of_gain, interval_of_mean


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoredSet:
    """A question set, its answers in the same order, and the scores of each metric.

    `scores` maps row indices to scores, without the rows that are left out for a metric.
    """

    questions: QuestionSet
    answers: list[Answer]
    scores: dict[str, dict[int, Score]]

    @property
    def values(self) -> list[float]:
        """The scores of the deciding metric."""
        return [score.value for score in self.scores[self.questions.metrics[0].name].values()]

    @property
    def intervals(self) -> dict[str, Interval]:
        """The mean of each metric over the rows that it scores, with its interval."""
        clusters = self.questions.clusters
        return {
            name: interval_of_mean([score.value for score in column.values()], [clusters[at] for at in column])
            for name, column in self.scores.items()
        }

    def gain(self, metric: str, before: "BaselineAnswers") -> Interval:
        """Return the paired gain of `metric` over the baseline's answers to the same rows."""
        column, clusters = self.scores[metric], self.questions.clusters
        earlier = before.scores[metric]
        pairs = [(score.value, earlier[at], clusters[at]) for at, score in column.items()]
        after, old, names = zip(*pairs, strict=True)
        return interval_of_gain(after, old, names)

    @property
    def lines(self) -> str:
        """The rows as JSON lines, without the answers' times, which differ between runs."""
        return "".join(json.dumps(self._record(at), ensure_ascii=False) + "\n" for at in range(len(self.answers)))

    def _record(self, at: int) -> dict[str, Any]:
        row, answer = self.questions.rows[at], self.answers[at]
        return {
            "id": row["id"],
            "cluster": row.get("cluster"),
            "prediction": answer.text,
            "prompt_tokens": answer.prompt_tokens,
            "tokens": answer.tokens,
            "is_cut": answer.is_cut,
            "scores": {name: asdict(column[at]) for name, column in self.scores.items() if at in column},
        }


def score_answers(questions: QuestionSet, answers: list[Answer], data: Path, judges: Judges) -> ScoredSet:
    """Score every answer by every metric of the question set that can use the row's reference."""
    pairs = list(enumerate(zip(questions.rows, answers, strict=True)))
    scores: dict[str, dict[int, Score]] = {
        metric.name: {
            at: SCORERS[metric.use].score(row, answer.text, metric, data, judges)
            for at, (row, answer) in pairs
            if at not in questions.left_out.get(metric.name, ())
        }
        for metric in questions.metrics
    }
    return ScoredSet(questions=questions, answers=answers, scores=scores)


def costs_of(answers: Sequence[Answer], batch_size: int) -> dict[str, Any]:
    """Return tokens and seconds per answer, and how many answers were cut at `max_new_tokens`.

    Seconds run from the start of the batch to the answer's last token, so they depend on `batch_size`.
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
class BaselineAnswers:
    """The baseline's answers, in the order of the current rows, and the scores of each metric by row index.

    The deciding metric comes first.
    """

    predictions: list[str]
    scores: dict[str, dict[int, float]]

    @property
    def values(self) -> list[float]:
        """The scores of the deciding metric."""
        return list(next(iter(self.scores.values())).values())


def read_baseline(outputs: Path, baseline: str, questions: QuestionSet) -> BaselineAnswers:
    """Return the baseline's answers to the same questions.

    RUN722 if they are missing, RUN714 if they are not comparable.
    """
    records = read_records(outputs, f"{baseline}/{questions.file}")
    try:
        ids = [record["id"] for record in records]
        predictions = [str(record["prediction"]) for record in records]
    except (KeyError, TypeError) as error:
        message = f"baseline `{baseline}/{questions.file}` has no answers to read"
        raise StageError("RUN714", message, "run the earlier evaluation again") from error
    if ids != [row["id"] for row in questions.rows]:
        message = f"baseline `{baseline}/{questions.file}` has other rows than this evaluation"
        raise StageError("RUN714", message, "run the earlier evaluation again on the same files")
    scores = {}
    for metric in questions.metrics:
        try:
            scores[metric.name] = {
                at: float(record["scores"][metric.name]["value"])
                for at, record in enumerate(records)
                if at not in questions.left_out.get(metric.name, ())
            }
        except (ValueError, KeyError, TypeError) as error:
            message = f"baseline `{baseline}/{questions.file}` has no scores of `{metric.name}` to read"
            raise StageError("RUN714", message, "run the earlier evaluation again with this metric") from error
    return BaselineAnswers(predictions=predictions, scores=scores)


def read_records(outputs: Path, name: str) -> list[dict[str, Any]]:
    """Return the rows of an earlier evaluation's file; RUN722 if missing, RUN714 if not JSONL."""
    try:
        text = (outputs / name).read_text(encoding="utf-8")
    except OSError as error:
        message = f"baseline `{name}` is missing under `TRAINSPEC_OUTPUTS`"
        raise StageError("RUN722", message, "run the earlier evaluation first") from error
    try:
        # Only \n ends a line of JSONL; `splitlines` would also split at U+2028 inside a string.
        return [json.loads(line) for line in text.split("\n") if line]
    except ValueError as error:
        raise StageError("RUN714", f"baseline `{name}` is not JSONL", "run the earlier evaluation again") from error
