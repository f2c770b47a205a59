"""The scorers of the metrics in `runtime/contract/metrics.py`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from runtime.contract.blocks import MetricBlock
from runtime.contract.errors import StageError
from runtime.data.formats import Row
from runtime.scoring.sandbox.numeric import NumericJudge, require_math_verify
from runtime.scoring.sandbox.sql import SqlJudge, database_scripts, extract_sql
from runtime.scoring.text import final_answer, same_text
from runtime.scoring.tool_calls import read_tool_calls, same_calls
from runtime.stage.pointers import refuse_pointers


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """1.0 for a right answer, 0.0 for a wrong one with the reason."""

    value: float
    reason: str


class Judges:
    """The processes that judge untrusted queries and formulas; each starts with the first answer that needs it."""

    def __init__(self) -> None:
        self.sql = SqlJudge()
        self.numbers = NumericJudge()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sql.__exit__(kind, error, trace)
        self.numbers.__exit__(kind, error, trace)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scorer:
    """The implementation of a metric.

    `score` scores an answer. `reference_fault` returns why the metric cannot use a row's reference, or an empty string.
    `require` raises RUN723 if a library is missing.
    """

    score: Callable[[Row, str, MetricBlock, Path, Judges], Score]
    reference_fault: Callable[[Row, MetricBlock, Path, Judges], str] | None = None
    require: Callable[[], None] | None = None


def exact_match(row: Row, prediction: str, metric: MetricBlock, data: Path, judges: Judges) -> Score:
    """Score 1 if the answer equals `reference` except for white space."""
    wanted, answer = _final(row, prediction, metric)
    right = same_text(wanted, answer)
    return Score(value=float(right), reason="" if right else "different text")


def numeric_answer(row: Row, prediction: str, metric: MetricBlock, data: Path, judges: Judges) -> Score:
    """Score 1 if the last number of the answer equals `reference`, as math-verify reads both."""
    return _score(judges.numbers.judge(*_final(row, prediction, metric)))


def tool_call(row: Row, prediction: str, metric: MetricBlock, data: Path, judges: Judges) -> Score:
    """Score 1 if the answer calls the tools of `reference`, in the same order and with the same arguments."""
    return _score(same_calls(*_final(row, prediction, metric)))


def execution_accuracy(row: Row, prediction: str, metric: MetricBlock, data: Path, judges: Judges) -> Score:
    """Score 1 if the query returns the result of `reference` on every instance of the row's database."""
    scripts = database_scripts(data / str(metric.databases), row["database"])
    wanted, answer = _final(row, prediction, metric)
    verdict = judges.sql.judge(scripts, wanted, extract_sql(answer))
    return Score(value=float(verdict.right), reason=verdict.reason)


def reference_fault(row: Row, metric: MetricBlock, data: Path, judges: Judges) -> str:
    """Return why `metric` cannot use the row's `reference`, or an empty string if it can."""
    check = SCORERS[metric.name].reference_fault
    return check(row, metric, data, judges) if check else ""


def check_references(rows: Sequence[Row], metrics: Sequence[MetricBlock], data: Path, judges: Judges) -> None:
    """Check every reference before the stage loads a model.

    RUN721 if a folder is missing, RUN710 if a reference is unusable, RUN723 if a library is missing.
    """
    for metric in metrics:
        if faults := reference_faults(rows, metric, data, judges):
            raise unusable_references(rows, faults)


def reference_faults(rows: Sequence[Row], metric: MetricBlock, data: Path, judges: Judges) -> dict[int, str]:
    """Return why `metric` cannot use the references of some rows, by the row's index.

    RUN721 if a folder is missing, RUN706 if a file in it is a Git LFS pointer, RUN723 if a library is missing.
    """
    require = SCORERS[metric.name].require
    if require is not None:
        require()
    if metric.databases is not None and not (data / metric.databases).is_dir():
        message = f"folder `{metric.databases}` is missing under `TRAINSPEC_DATA`"
        raise StageError("RUN721", message, "copy the databases to the data volume")
    if metric.databases is not None:
        refuse_pointers(data / metric.databases, metric.databases)
    found = ((index, reference_fault(row, metric, data, judges)) for index, row in enumerate(rows))
    return {index: fault for index, fault in found if fault}


def unusable_references(rows: Sequence[Row], faults: Mapping[int, str]) -> StageError:
    """Return RUN710 with the first five of `faults`, which are by the row's index."""
    shown = [f"row `{rows[index]['id']}`: {fault}" for index, fault in faults.items()]
    more = f"; and {len(shown) - 5} more" if len(shown) > 5 else ""
    hint = "fix the references or the database scripts, or choose a metric that suits them"
    return StageError("RUN710", "; ".join(shown[:5]) + more, hint)


def _final(row: Row, prediction: str, metric: MetricBlock) -> tuple[str, str]:
    """Return the reference and the answer, each without the text before the marker."""
    return final_answer(row["reference"], metric.answer_marker), final_answer(prediction, metric.answer_marker)


def _score(reason: str) -> Score:
    return Score(value=float(not reason), reason=reason)


def _number_fault(row: Row, metric: MetricBlock, data: Path, judges: Judges) -> str:
    wanted, _ = _final(row, "", metric)
    return "" if judges.numbers.is_number(wanted) else f"the reference is not a number: `{wanted[:60]}`"


def _call_fault(row: Row, metric: MetricBlock, data: Path, judges: Judges) -> str:
    try:
        read_tool_calls(_final(row, "", metric)[0])
    except ValueError as error:
        return f"the reference {error}"
    return ""


def _query_fault(row: Row, metric: MetricBlock, data: Path, judges: Judges) -> str:
    if not row.get("database"):
        return "lacks `database`, which `execution_accuracy` needs"
    scripts = database_scripts(data / str(metric.databases), row["database"])
    if not scripts:
        return f"database `{row['database']}` has no script"
    verdict = judges.sql.judge(scripts, _final(row, "", metric)[0], None)
    # Without a prediction, only the gold query or its database can fail.
    return "" if verdict.right else f"the reference query does not run: {verdict.gold_error or verdict.reason}"


SCORERS: dict[str, Scorer] = {
    "exact_match": Scorer(score=exact_match),
    "execution_accuracy": Scorer(score=execution_accuracy, reference_fault=_query_fault),
    "numeric_answer": Scorer(score=numeric_answer, reference_fault=_number_fault, require=require_math_verify),
    "tool_call": Scorer(score=tool_call, reference_fault=_call_fault),
}
