"""Checks of a selection: overrides without a stage, and evaluations that cannot run."""

from collections.abc import Iterator

from pydantic.alias_generators import to_camel

from compiler.diagnostics import Diagnostic, diagnostic
from compiler.selection import Phase, Selection
from compiler.spec.inputs import Inputs
from compiler.spec.methods import METHODS
from compiler.spec.schema.types import Purpose
from runtime.contract.metrics import METRICS


def selection_problems(inputs: Inputs, selection: Selection) -> Iterator[Diagnostic]:
    """Yield PLN401, PLN402, PLN403 and PLN419 of a selection."""
    methods = {stage.method for stage in selection.stages}
    if selection.phase is Phase.TRAIN:
        yield from _overrides_without_stage(inputs, methods)
    if any(METHODS[method].trains or method == "optimize-prompt" for method in methods):
        yield from _evaluation_problems(inputs)
        yield from _judge_problems(inputs, methods)


def _overrides_without_stage(inputs: Inputs, methods: set[str]) -> Iterator[Diagnostic]:
    for field, override in inputs.spec.spec.training:
        method = field.replace("_", "-")
        if override is not None and method not in methods:
            where = inputs.document.at(("spec", "training", to_camel(field)), key=True)
            message = f"`training.{to_camel(field)}` is set, but the plan has no `{method}` stage"
            hint = "remove it, or keep it if the stage is only blocked for now"
            yield diagnostic("PLN403", message, where, hint=hint)


def _judge_problems(inputs: Inputs, methods: set[str]) -> Iterator[Diagnostic]:
    """Yield PLN419 where a stage would need a judge to check its own answers, because a judge decides."""
    first = inputs.spec.spec.goal.metrics[0]
    if not first.is_judged:
        return
    where = inputs.document.at(("spec", "goal", "metrics", 0))
    teacher = inputs.spec.spec.teacher
    verifies = teacher is not None and teacher.ask.keep in (None, "verified")
    checking = sorted(methods & {"sample", "preflight", "optimize-prompt", *(["teacher"] if verifies else [])})
    if checking:
        message = f"stage `{checking[0]}` checks answers by the deciding metric, but `{first.name}` needs a judge"
        hint = "put first a metric that needs no judge, or set `teacher.ask.keep`"
        yield diagnostic("PLN419", message, where, hint=hint)


def _evaluation_problems(inputs: Inputs) -> Iterator[Diagnostic]:
    body, document = inputs.spec.spec, inputs.document
    for index, metric in enumerate(body.goal.metrics):
        where = document.at(("spec", "goal", "metrics", index))
        if not metric.is_measured and not index:
            message = f"people measure `{metric.name}`, so no evaluation Job can decide whether to go on"
            hint = "put first a metric of the library, or a function of your own, that Jobs measure"
            yield diagnostic("PLN401", message, where, hint=hint)
        elif metric.function in METRICS and METRICS[metric.function].needs_databases and metric.databases is None:
            hint = "add `databases`: a folder of SQL scripts"
            yield diagnostic("PLN402", f"`{metric.function}` needs databases to run queries on", where, hint=hint)
    if not any(source.purpose is Purpose.EVALUATION for source in body.data):
        hint = "add a data source of purpose `evaluation`, with rows held out from training"
        message = "there is no data source to evaluate stages on"
        yield diagnostic("PLN402", message, document.at(("spec", "data")), hint=hint)
