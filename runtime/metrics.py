"""The metrics of an evaluation: a table from a metric's name to the function that scores one prediction."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from runtime.config.blocks import MetricBlock
from runtime.config.stages import EvaluateStage
from runtime.errors import StageError
from runtime.formats import Row
from runtime.sql import SqlJudge, database_scripts, extract_sql


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """1.0 for right, 0.0 for wrong, and what was wrong."""

    value: float
    reason: str


Scorer = Callable[[Row, str, MetricBlock, Path, SqlJudge], Score]


def exact_match(row: Row, prediction: str, metric: MetricBlock, data: Path, judge: SqlJudge) -> Score:
    """Score 1 if the prediction equals `reference` but for white space."""
    right = prediction.split() == row["reference"].split()
    return Score(value=float(right), reason="" if right else "another text")


def execution_accuracy(row: Row, prediction: str, metric: MetricBlock, data: Path, judge: SqlJudge) -> Score:
    """Score 1 if the predicted query gives the result of `reference` on every instance of the row's database."""
    scripts = database_scripts(data / str(metric.databases), row["database"])
    verdict = judge.judge(scripts, row["reference"], extract_sql(prediction))
    return Score(value=float(verdict.right), reason=verdict.reason)


METRICS: dict[str, Scorer] = {"exact_match": exact_match, "execution_accuracy": execution_accuracy}


def check_references(rows: list[Row], stage: EvaluateStage, data: Path, judge: SqlJudge) -> None:
    """Run every gold query before the model is loaded; RUN721 if a database is not there, RUN710 if a query fails."""
    for metric in stage.metrics:
        if metric.databases is not None:
            _check_gold(rows, metric.databases, data, judge)


def _check_gold(rows: list[Row], databases: str, data: Path, judge: SqlJudge) -> None:
    folder = data / databases
    if not folder.is_dir():
        raise StageError(
            "RUN721", f"folder `{databases}` is not under `TRAINSPEC_DATA`", "copy the databases to the data volume"
        )
    faults = [f"row `{row['id']}`: {fault}" for row in rows if (fault := _gold_fault(row, folder, judge))]
    if faults:
        more = f"; and {len(faults) - 5} more" if len(faults) > 5 else ""
        raise StageError("RUN710", "; ".join(faults[:5]) + more, "correct the rows or the database scripts")


def _gold_fault(row: Row, folder: Path, judge: SqlJudge) -> str:
    if not row.get("database"):
        return "lacks `database`, which `execution_accuracy` needs"
    scripts = database_scripts(folder, row["database"])
    if not scripts:
        return f"there is no script for database `{row['database']}`"
    verdict = judge.judge(scripts, row["reference"], None)
    # Without a prediction nothing can be wrong but the gold query or its database.
    return "" if verdict.right else f"the reference query does not run: {verdict.gold_error or verdict.reason}"
