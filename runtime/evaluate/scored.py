"""Scored answers to a question set: as file lines, as figures, and of a baseline."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from runtime.contract.errors import StageError
from runtime.contract.goal_blocks import MetricBlock
from runtime.evaluate.corrected import corrected_difference, corrected_mean
from runtime.evaluate.question_sets import QuestionSet
from runtime.model.generate import Answer
from runtime.scoring.judge.panel import require_verdicts
from runtime.scoring.measures.labels import is_set_level, labels_in
from runtime.scoring.metrics import Judges, Score, scorer_of, verdicts_of
from runtime.stage.label_statistics import gain_of_macro_f1, interval_of_macro_f1
from runtime.stage.statistics import Interval, interval_of_gain, interval_of_mean


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoredSet:
    """A question set, its answers in the same order, and the scores of each metric.

    `scores` maps row indices to scores, without the rows that are left out for a metric or have no verdict of a judge.
    """

    questions: QuestionSet
    answers: list[Answer]
    scores: dict[str, dict[int, Score]]

    @property
    def values(self) -> dict[int, float]:
        """The scores of the deciding metric, by row index."""
        return {at: score.value for at, score in self.scores[self.questions.metrics[0].name].items()}

    @property
    def intervals(self) -> dict[str, Interval]:
        """The value of each metric over the rows that it scores, with its interval; corrected for a judge's errors."""
        return {name: self.interval(name) for name in self.scores}

    def interval(self, metric: str, *, raw: bool = False) -> Interval:
        """Return the value of `metric` with its interval; with `raw`, without the correction for a judge's errors."""
        block, column, clusters = self._block(metric), self.scores[metric], self.questions.clusters
        names = [clusters[at] for at in column]
        if is_set_level(block):
            return interval_of_macro_f1(self._wanted(block), self._found(block), names)
        values = [score.value for score in column.values()]
        agreement = None if raw else self.questions.agreements.get(metric)
        return interval_of_mean(values, names) if agreement is None else corrected_mean(values, names, agreement)

    def gain(self, metric: str, before: "BaselineAnswers", *, raw: bool = False) -> Interval:
        """Return the paired gain of `metric` over the baseline's answers to the same rows.

        It is corrected for a judge's errors unless `raw`.
        """
        block, column, clusters = self._block(metric), self.scores[metric], self.questions.clusters
        rows = [at for at in column if at in before.scores[metric]]
        names = [clusters[at] for at in rows]
        if is_set_level(block):
            earlier = labels_in([before.predictions[at] for at in rows], block)
            return gain_of_macro_f1(self._wanted(block), self._found(block), earlier, names)
        gain = interval_of_gain([column[at].value for at in rows], [before.scores[metric][at] for at in rows], names)
        agreement = None if raw else self.questions.agreements.get(metric)
        return gain if agreement is None else corrected_difference(gain, agreement)

    @property
    def faults(self) -> dict[str, int]:
        """How many answers a metric could not score, for each metric with any; they count as wrong."""
        counts = {name: sum(score.is_fault for score in column.values()) for name, column in self.scores.items()}
        return {name: count for name, count in counts.items() if count}

    def _block(self, metric: str) -> MetricBlock:
        return next(each for each in self.questions.metrics if each.name == metric)

    def _wanted(self, metric: MetricBlock) -> list[str]:
        rows = self.questions.rows
        return [str(each) for each in labels_in([rows[at]["reference"] for at in self.scores[metric.name]], metric)]

    def _found(self, metric: MetricBlock) -> list[str | None]:
        return labels_in([self.answers[at].text for at in self.scores[metric.name]], metric)

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
    """Score every answer by every metric of the question set that can use the row's reference.

    RUN734 if a function of the team's own fails on too many answers, RUN735 if a judge gives no verdict on too many.
    """
    scores: dict[str, dict[int, Score]] = {}
    for metric in questions.metrics:
        kept = [at for at in range(len(answers)) if at not in questions.left_out.get(metric.name, ())]
        rows, texts = [questions.rows[at] for at in kept], [answers[at].text for at in kept]
        if metric.is_judged:  # at once: each answer's own request would wait for the one before
            require_verdicts(verdicts_of(rows, texts, metric, judges), metric.options["rubric"])
        score = scorer_of(metric).score
        column = (score(row, text, metric, data, judges) for row, text in zip(rows, texts, strict=True))
        scores[metric.name] = {at: found for at, found in zip(kept, column, strict=True) if found is not None}
        if metric.is_own:
            _require_scores(metric, questions, scores[metric.name])
    return ScoredSet(questions=questions, answers=answers, scores=scores)


def _require_scores(metric: MetricBlock, questions: QuestionSet, scores: dict[int, Score]) -> None:
    """Raise RUN734 if a function of the team's own fails on more than one answer in ten."""
    faults = {at: score.reason for at, score in scores.items() if score.is_fault}
    if len(faults) * 10 > len(scores):
        shown = "; ".join(f"row `{questions.rows[at]['id']}`: {fault}" for at, fault in list(faults.items())[:5])
        message = f"metric `{metric.name}` could not score {len(faults)} of {len(scores)} answers: {shown}"
        raise StageError("RUN734", message, "make the function return a score for any answer, then compile again")


def costs_of(answers: Sequence[Answer], batch_size: int | None) -> dict[str, Any]:
    """Return tokens and seconds per answer, and how many answers were cut at `max_new_tokens`.

    Seconds run from the start of the batch to the answer's last token, so they depend on `batch_size`; without one, an
    endpoint answered and they say nothing about the model.
    """
    costs: dict[str, Any] = {
        "tokens": {
            "prompt": _spread([answer.prompt_tokens for answer in answers]),
            "answer": _spread([answer.tokens for answer in answers]),
            "cut": sum(answer.is_cut for answer in answers),
        }
    }
    if batch_size is not None:
        costs["seconds"] = {**_spread([answer.seconds for answer in answers]), "batch_size": batch_size}
    return costs


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
    def values(self) -> dict[int, float]:
        """The scores of the deciding metric, by row index."""
        return next(iter(self.scores.values()))


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
                and not (metric.is_judged and metric.name not in record["scores"])  # the judge gave no verdict
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
