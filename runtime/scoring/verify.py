"""Verification of answers by a stage's first metric."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from runtime.contract.goal_blocks import MetricBlock
from runtime.data.questions import Question
from runtime.scoring.metrics import Judges, check_references, scorer_of
from runtime.scoring.planned import require_planned


class Verifier:
    """A context manager that judges answers by `metric`; its databases and files are under the folder `data`.

    RUN711 or RUN721 if a file of `code` (path to SHA-256) is not that of the plan.
    """

    def __init__(self, metric: MetricBlock, data: Path, code: Mapping[str, str]) -> None:
        require_planned(code, data, "a metric")
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
                score = scorer_of(self._metric).score(question.row, answer, self._metric, self._data, self._judges)
                known[answer] = score is not None and score.value >= self._metric.passes_at
        return [known[answer] for answer in answers]
