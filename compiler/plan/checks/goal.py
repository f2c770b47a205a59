"""Checks of what evaluation Jobs leave open: goals and guards without a measure, and constrained decoding."""

from collections.abc import Iterator, Mapping

from compiler.diagnostics import Diagnostic, diagnostic
from compiler.plan.goal_blocks import measured_guards, unmeasured_metrics
from compiler.plan.model import Plan
from compiler.spec.judged import uncounted
from runtime.contract.metrics import GENERAL_GUARD, METRICS


def goals_without_measure(plan: Plan) -> Iterator[Diagnostic]:
    """Report the goal's metrics, but the deciding one, that no evaluation Job measures.

    The check phase reports judged metrics that do not count.
    """
    body, document = plan.inputs.spec.spec, plan.inputs.document
    missing = {*unmeasured_metrics(plan.inputs)} - {*uncounted(plan.inputs)} if _evaluates(plan) else set()
    for index, metric in enumerate(body.goal.metrics):
        if metric.name in missing:
            message = f"no evaluation Job measures `{metric.name}`, so no gate can find that the target is met"
            hint = "commit what people measure as evidence, or use a metric that Jobs measure"
            yield diagnostic("PLN411", message, document.at(("spec", "goal", "metrics", index)), hint=hint)


def passing_score(plan: Plan) -> Iterator[Diagnostic]:
    """Report a stage that keeps right answers by a metric that does not say which are."""
    first = plan.inputs.spec.spec.goal.metrics[0]
    graded = first.function in METRICS and METRICS[first.function].graded
    if not graded or "passes_at" in first.options:
        return
    for stage in plan.stages:
        work = stage.config.get("work")
        keeps = isinstance(work, Mapping) and work.get("keep") == "verified"
        if stage.method == "sample" or keeps:
            where = plan.inputs.document.at(("spec", "goal", "metrics", 0))
            message = f"stage `{stage.name}` keeps right answers, but `{first.function}` scores from 0 to 1"
            hint = "say from which score on an answer is right: `options: {passes_at: 0.8}`"
            yield diagnostic("PLN417", message, where, hint=hint)
            return


def guards_without_measure(plan: Plan) -> Iterator[Diagnostic]:
    """Report guards that no evaluation Job checks."""
    measured = measured_guards(plan.inputs)
    for index, guard in enumerate(plan.inputs.spec.spec.goal.must_not_fall if _evaluates(plan) else ()):
        if guard not in measured:
            where = plan.inputs.document.at(("spec", "goal", "mustNotFall", index))
            message = f"no evaluation Job checks that `{guard.name}` does not fall"
            yield diagnostic("PLN411", message, where, hint=_remedy(guard.name))


def constrained_decoding(plan: Plan) -> Iterator[Diagnostic]:
    """Report that evaluation Jobs do not constrain answers, although the deployed system does."""
    decoding = plan.inputs.spec.spec.decoding
    if decoding is not None and decoding.constrained and _evaluates(plan):
        where = plan.inputs.document.at(("spec", "decoding", "constrained"), key=True)
        message = "the deployed system constrains its output, but evaluation Jobs decode without a constraint"
        hint = "expect lower scores than in the deployed system, or measure there and commit the result as evidence"
        yield diagnostic("PLN412", message, where, hint=hint)


def _evaluates(plan: Plan) -> bool:
    return any(stage.evaluates for stage in plan.stages)


def _remedy(name: str) -> str:
    if name == GENERAL_GUARD:
        return "add a data source of purpose `general`, and keep `evaluation.general` above 0"
    return "commit what people measure as evidence, or guard a metric that Jobs measure"
