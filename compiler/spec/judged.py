"""Metrics that a judge measures: with which agreement with people, or why they do not count."""

from collections.abc import Iterator

from compiler.spec.inputs import Inputs
from compiler.spec.schema.evidence import JudgeAgreement
from compiler.spec.schema.goal import Metric
from compiler.spec.schema.stage_result import MetricResult
from compiler.spec.stale import stale
from runtime.contract.agreement import WIDEST, Agreement


def judged_metrics(inputs: Inputs) -> list[Metric]:
    """Return the goal's metrics that a judge measures."""
    return [each for each in inputs.spec.spec.goal.metrics if each.is_judged]


def agreements(inputs: Inputs) -> dict[str, Agreement]:
    """Return the latest agreement of each judged metric that counts, by the metric's name."""
    return {name: found for name, found in _latest(inputs).items() if not found.fault}


def uncounted(inputs: Inputs) -> dict[str, str]:
    """Return why a judged metric does not count, by the metric's name; empty if all count."""
    latest = _latest(inputs)
    return {
        each.name: latest[each.name].fault if each.name in latest else "nobody compared its judge with people"
        for each in judged_metrics(inputs)
        if each.name not in latest or latest[each.name].fault
    }


def counts(score: MetricResult, inputs: Inputs) -> bool:
    """Whether rules may decide by a score: a judged one by today's judge and rubric, corrected, and narrow enough."""
    metric = next((each for each in judged_metrics(inputs) if each.name == score.name), None)
    if metric is None:
        return True
    judge, found = inputs.spec.spec.judge, score.judged
    if judge is None or found is None or found.raw is None or score.name in uncounted(inputs):
        return False
    same = (found.judge, found.language, found.rubric) == (judge.path, judge.language, rubric_digest(metric, inputs))
    return same and score.high - score.low <= WIDEST


def rubric_digest(metric: Metric, inputs: Inputs) -> str:
    """Return the SHA-256 of a judged metric's rubric."""
    return inputs.metric_code.get(str(metric.options.get("rubric")), "")


def _latest(inputs: Inputs) -> dict[str, Agreement]:
    return {report.spec.metric: _counts(report) for report in _current(inputs)}


def _current(inputs: Inputs) -> Iterator[JudgeAgreement]:
    """Yield the reports that apply to the spec, oldest first."""
    for file in inputs.evidence:
        if isinstance(file.report, JudgeAgreement) and not stale(file, inputs):
            yield file.report


def _counts(report: JudgeAgreement) -> Agreement:
    body = report.spec
    return Agreement(
        true_pass=body.true_pass, false_fail=body.false_fail, false_pass=body.false_pass, true_fail=body.true_fail
    )
