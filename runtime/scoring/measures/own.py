"""Metrics that run foreign code or patterns: they score in the confined process of rewards, one row at a time."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from runtime.contract.errors import StageError
from runtime.contract.goal_blocks import MetricBlock
from runtime.scoring.rewards.options import read_schema
from runtime.scoring.rewards.process import RewardProcess

ROW_SECONDS = 10.0


class OwnJudge:
    """A process for each metric; it starts with the first answer, and again after one that kills it."""

    def __init__(self) -> None:
        self._processes: dict[str, RewardProcess] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes.values():
            process.stop()

    def score(self, metric: MetricBlock, data: Path, row: Mapping[str, Any], answer: str) -> float | str:
        """Return the score of an answer, from 0 to 1, or why there is none.

        RUN733 if a function cannot be imported or a schema cannot be read, RUN721 if a schema is missing.
        """
        process = self._process(metric, data)
        try:
            if not metric.is_own:
                scores = process.score(0, [""], [answer], {}, seconds=ROW_SECONDS)
                return float(scores[0])
            score, raised = process.score_row(_plain(row), answer, ROW_SECONDS)
        except StageError as error:
            return error.problem.message.partition("` ")[2]
        return f"raised {raised}" if raised else _checked(score)

    def start(self, metric: MetricBlock, data: Path) -> None:
        """Start the process of a metric; same errors as `score`."""
        self._process(metric, data)

    def _process(self, metric: MetricBlock, data: Path) -> RewardProcess:
        key = json.dumps([metric.use, metric.options], sort_keys=True)
        if key not in self._processes:
            try:
                options = {"after": None} | metric.options
                if "schema" in options:
                    options["schema"] = read_schema(options["schema"], data)
                self._processes[key] = RewardProcess([metric.use], [options], data)
            except StageError as error:
                if error.problem.code == "RUN721":
                    raise
                message = error.problem.message.replace("reward `", "metric `", 1)
                raise StageError("RUN733", message, "fix it, then compile the plan again") from error
        return self._processes[key]


def _checked(score: Any) -> float | str:
    """Return the score of a function, or why it is none: it must be a truth value or a number from 0 to 1."""
    if isinstance(score, float) and not math.isnan(score) and 0 <= score <= 1:
        return score
    return f"returned `{score}` instead of a truth value or a number from 0 to 1"


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(row, default=str))
    return plain
