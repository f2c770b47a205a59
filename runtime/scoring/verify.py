"""Verification of answers by a stage's first metric."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from runtime.contract.goal_blocks import MetricBlock
from runtime.data.questions import Question
from runtime.scoring.metrics import SCORERS, Judges, check_references


class Verifier:
    """A context manager that judges answers by `metric`; its databases are under the folder `data`."""

    def __init__(self, metric: MetricBlock, data: Path) -> None:
        self._metric = metric
        self._data = data
        self._judges = Judges()

    def __enter__(self) -> "Verifier":
        self._judges.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._judges.__exit__(kind, error, trace)

    def check(self, questions: Sequence[Question]) -> None:
        """Check every reference; RUN710, RUN721 or RUN723 if the metric cannot use one."""
        check_references([each.row for each in questions], [self._metric], self._data, self._judges)

    def right(self, question: Question, answers: Sequence[str]) -> list[bool]:
        """Return for each answer whether it passes the metric; equal answers are judged once."""
        known: dict[str, bool] = {}
        for answer in answers:
            if answer not in known:
                score = SCORERS[self._metric.use].score(question.row, answer, self._metric, self._data, self._judges)
                known[answer] = score is not None and score.value >= self._metric.passes_at
        return [known[answer] for answer in answers]
