"""The scorers of the metrics in `runtime/contract/metrics.py`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from runtime.contract.answers import final_answer, same_text
from runtime.contract.errors import StageError
from runtime.contract.goal_blocks import MetricBlock
from runtime.contract.metrics import JUDGE
from runtime.contract.references import reference_fault as plain_reference_fault
from runtime.contract.tool_calls import same_calls
from runtime.data.formats import Row
from runtime.scoring.judge.panel import Case, JudgePanel
from runtime.scoring.judge.prompt import question_text
from runtime.scoring.judge.verdict import Verdict
from runtime.scoring.measures.own import OwnJudge
from runtime.scoring.measures.table import TEXT_METRICS, TextMetric
from runtime.scoring.sandbox.numeric import NumericJudge, require_math_verify
from runtime.scoring.sandbox.sql import SqlJudge, database_scripts, extract_sql
from runtime.stage.pointers import refuse_pointers


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """A score from 0 to 1; below 1 with the reason, which begins with `error:` if the metric could not score."""

    value: float
    reason: str

    @property
    def is_fault(self) -> bool:
        """Whether the metric could not score the answer."""
        return self.reason.startswith("error: ")


class Judges:
    """The processes that judge untrusted queries and formulas; each starts with the first answer that needs it."""

    def __init__(self, panel: JudgePanel | None = None) -> None:
        """Use `panel` for metrics that a judge measures."""
        self.sql = SqlJudge()
        self.numbers = NumericJudge()
        self.panel = panel
        self.own = OwnJudge()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sql.__exit__(kind, error, trace)
        self.numbers.__exit__(kind, error, trace)
        self.own.__exit__(kind, error, trace)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scorer:
    """The implementation of a metric.

    `score` scores an answer, None if the judge gives no verdict. `reference_fault` returns why the metric cannot use a
    row's reference, or an empty string. `require` raises RUN723 if a library is missing.
    """

    score: Callable[[Row, str, MetricBlock, Path, Judges], Score | None]
    reference_fault: Callable[[Row, MetricBlock, Path, Judges], str] | None = None
    require: Callable[[], None] | None = None


def exact_match(row: Row, prediction: str, metric: MetricBlock, data: Path, judges: Judges) -> Score:
    """Score 1 if the answer equals `reference` except for white space."""
    wanted, answer = _final(row, prediction, metric)
    right = same_text(wanted, answer)
    return Score(value=float(right), reason="" if right else "different text")


def numeric_answer(row: Row, prediction: str, metric: MetricBlock, data: Path, judges: Judges) -> Score:
    """Score 1 if the last number of the answer equals `reference`, exactly and with its unit."""
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


def judged(row: Row, prediction: str, metric: MetricBlock, data: Path, judges: Judges) -> Score | None:
    """Score 1 if the judge passes the answer by the metric's rubric; None without a verdict."""
    [verdict] = verdicts_of([row], [prediction], metric, judges)
    return None if verdict is None else Score(value=float(verdict.passed), reason=verdict.reason)


def verdicts_of(
    rows: Sequence[Row], predictions: Sequence[str], metric: MetricBlock, judges: Judges
) -> list[Verdict | None]:
    """Return the judge's verdicts on the answers, asked for at once; same errors as `JudgePanel.verdicts`."""
    if judges.panel is None:
        raise StageError("RUN701", f"no judge for metric `{metric.name}`", "add `judge` to the config of the stage")
    finals = [_final(row, prediction, metric) for row, prediction in zip(rows, predictions, strict=True)]
    cases = [
        Case(question=question_text(row["prompt"]), answer=answer, reference=reference)
        for row, (reference, answer) in zip(rows, finals, strict=True)
    ]
    return judges.panel.verdicts(metric.options["rubric"], cases)


def _confined(row: Row, prediction: str, metric: MetricBlock, data: Path, judges: Judges) -> Score:
    """Score in the confined process: a function of the team's own, a pattern or a schema."""
    score = judges.own.score(metric, data, row, final_answer(prediction, metric.answer_marker))
    if isinstance(score, str):
        return Score(value=0.0, reason=f"error: {score}")
    return Score(
        value=score, reason="" if score == 1 else "scored by the function" if metric.is_own else "does not fit"
    )


def _by_text(measure: TextMetric) -> Scorer:
    """Return the scorer of a metric of two texts."""

    def score(row: Row, prediction: str, metric: MetricBlock, data: Path, judges: Judges) -> Score:
        value, reason = measure.score(*_final(row, prediction, metric), metric.options)
        return Score(value=value, reason=reason)

    return Scorer(score=score, require=measure.require)


def reference_fault(row: Row, metric: MetricBlock, data: Path, judges: Judges) -> str:
    """Return why `metric` cannot use the row's `reference`, or an empty string if it can."""
    if found := plain_reference_fault(row, metric.use, metric.options, metric.answer_marker):
        return found
    check = scorer_of(metric).reference_fault
    return check(row, metric, data, judges) if check else ""


def scorer_of(metric: MetricBlock) -> Scorer:
    """Return the scorer of a metric of the library, or of a function of the team's own."""
    return _OWN if metric.is_own else SCORERS[metric.use]


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
    require = scorer_of(metric).require
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
    hint = "fix the references, or what the metric runs on them, or choose a metric that suits them"
    return StageError("RUN710", "; ".join(shown[:5]) + more, hint)


def _final(row: Row, prediction: str, metric: MetricBlock) -> tuple[str, str]:
    """Return the reference and the answer, each without the text before the marker."""
    return final_answer(row["reference"], metric.answer_marker), final_answer(prediction, metric.answer_marker)


def _score(reason: str) -> Score:
    return Score(value=float(not reason), reason=reason)


def _number_fault(row: Row, metric: MetricBlock, data: Path, judges: Judges) -> str:
    """Return why a reference that may be a formula has no value."""
    wanted, _ = _final(row, "", metric)
    fault = judges.numbers.fault(wanted)
    what = "not a number" if fault in ("", "no number") else f"not one number but {fault}"
    return f"the reference is {what}: `{wanted[:60]}`" if fault else ""


def _query_fault(row: Row, metric: MetricBlock, data: Path, judges: Judges) -> str:
    scripts = database_scripts(data / str(metric.databases), row["database"])
    if not scripts:
        return f"database `{row['database']}` has no script"
    verdict = judges.sql.judge(scripts, _final(row, "", metric)[0], None)
    # Without a prediction, only the gold query or its database can fail.
    return "" if verdict.right else f"the reference query does not run: {verdict.gold_error or verdict.reason}"


def _form_fault(row: Row, metric: MetricBlock, data: Path, judges: Judges) -> str:
    """Start the process, so that a broken pattern or schema ends the stage before a model is loaded."""
    judges.own.start(metric, data)
    return ""


def _own_fault(row: Row, metric: MetricBlock, data: Path, judges: Judges) -> str:
    """Return why the function cannot score the row's own reference."""
    score = judges.own.score(metric, data, row, str(row.get("reference") or ""))
    return f"`{metric.use}` {score}, with the reference as the answer" if isinstance(score, str) else ""


_OWN = Scorer(score=_confined, reference_fault=_own_fault)
SCORERS: dict[str, Scorer] = {
    "exact_match": Scorer(score=exact_match),
    "execution_accuracy": Scorer(score=execution_accuracy, reference_fault=_query_fault),
    JUDGE: Scorer(score=judged),
    "numeric_answer": Scorer(score=numeric_answer, reference_fault=_number_fault, require=require_math_verify),
    "tool_call": Scorer(score=tool_call),
    "regex": Scorer(score=_confined, reference_fault=_form_fault),
    "json_schema": Scorer(score=_confined, reference_fault=_form_fault),
    **{name: _by_text(measure) for name, measure in TEXT_METRICS.items()},
}
