"""What can be wrong with a plan: methods, metrics, data and money that do not fit together."""

from collections.abc import Mapping

from compiler.defaults import METRICS, TRAINER
from compiler.diagnostics import Diagnostic, diagnostic
from compiler.inputs import Inputs
from compiler.plan_model import Stage
from compiler.schema.v1alpha1 import MethodOverrides, Purpose
from compiler.selection import Phase, Selection


def selection_problems(inputs: Inputs, selection: Selection) -> list[Diagnostic]:
    """Methods without templates, overrides without a stage, evaluations that cannot be made."""
    body, document = inputs.spec.spec, inputs.document
    methods = {stage.method for stage in selection.stages}
    found = []
    for method in sorted(methods - TRAINER.keys()):
        message = f"method `{method}` cannot be rendered by this version"
        hint = "change the data or the gap; this version renders " + ", ".join(f"`{name}`" for name in sorted(TRAINER))
        found.append(diagnostic("PLN404", message, document.at(("spec", "gaps")), hint=hint))
    if selection.phase is Phase.TRAIN:
        for method in sorted(TRAINER.keys() - methods):
            if getattr(body.training, method) is not None:
                where = document.at(("spec", "training", method), key=True)
                message = f"`training.{method}` is set, but the plan has no `{method}` stage"
                found.append(
                    diagnostic("PLN403", message, where, hint="remove it, or declare the gap that asks for it")
                )
    return found + (_evaluation_problems(inputs) if methods else [])


def _evaluation_problems(inputs: Inputs) -> list[Diagnostic]:
    body, document = inputs.spec.spec, inputs.document
    found = []
    for index, metric in enumerate(body.goal.metrics):
        where = document.at(("spec", "goal", "metrics", index))
        if metric.name not in METRICS:
            options = ", ".join(f"`{name}`" for name in sorted(METRICS))
            found.append(
                diagnostic(
                    "PLN401", f"no evaluation Job can measure `{metric.name}`", where, hint=f"use one of {options}"
                )
            )
        elif METRICS[metric.name] and metric.databases is None:
            hint = "add `databases`: a folder of SQL scripts"
            found.append(diagnostic("PLN402", f"`{metric.name}` needs databases to run queries on", where, hint=hint))
    if not any(source.purpose is Purpose.EVALUATION for source in body.data):
        hint = "add a source of purpose `evaluation`, held out of training"
        found.append(
            diagnostic("PLN402", "no data source to evaluate stages on", document.at(("spec", "data")), hint=hint)
        )
    return found


def over_the_cap(inputs: Inputs, cost: float | None) -> list[Diagnostic]:
    """Whether the worst case costs more than the spec allows."""
    cap = inputs.spec.spec.goal.constraints.max_training_cost_usd
    if cap is None or cost is None or cost <= cap:
        return []
    where = inputs.document.at(("spec", "goal", "constraints", "maxTrainingCostUsd"))
    hint = "lower the deadlines, use a cheaper profile, or raise the cap"
    return [
        diagnostic("PLN405", f"the plan may cost up to ${cost:,.2f}, over the cap of ${cap:,.2f}", where, hint=hint)
    ]


def overrides_of_rules(inputs: Inputs, selection: Selection) -> list[Diagnostic]:
    """Values of the spec that take the place of what a rule sets."""
    found = []
    for choice in selection.stages:
        overrides = getattr(inputs.spec.spec.training, choice.method, None) or MethodOverrides()
        by_rule = choice.settings.get("trainer", {})
        names = sorted(set(by_rule) & overrides.trainer.keys()) if isinstance(by_rule, Mapping) else []
        places = [("trainer", name) for name in names]
        if "min_edit_distance" in choice.settings and getattr(overrides, "min_edit_distance", None) is not None:
            places.append(("minEditDistance",))  # type: ignore[arg-type]
        for place in places:
            where = inputs.document.at(("spec", "training", choice.method, *place), key=True)
            message = f"`{place[-1]}` takes the place of what rule {choice.rules[-1]} sets"
            found.append(diagnostic("PLN406", message, where, hint="remove the override, or keep it on purpose"))
    return found


def unused_sources(inputs: Inputs, stages: tuple[Stage, ...]) -> list[Diagnostic]:
    """Sources that were passed over for another one of their purpose, which people may believe to be used too."""
    used = {stage.source for stage in stages}
    purposes = {source.purpose for source in inputs.spec.spec.data if source.name in used} - {Purpose.BADCASES}
    if any(stage.method == "dpo" for stage in stages):
        purposes.add(Purpose.PREFERENCES)
    return [
        diagnostic(
            "PLN407",
            f"data source `{source.name}` is not used by the plan",
            inputs.document.at(("spec", "data", index, "name")),
            hint="merge it into the source that is used, or remove it",
        )
        for index, source in enumerate(inputs.spec.spec.data)
        if source.purpose in purposes and source.name not in used
    ]
