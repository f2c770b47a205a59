"""What can be wrong with a plan: methods, metrics, data and money that do not fit together."""

from collections.abc import Callable, Iterator, Mapping

from pydantic.alias_generators import to_camel

from compiler.diagnostics import Diagnostic, diagnostic
from compiler.diagnostics.wording import counted
from compiler.plan.checks.batches import groups_fill_batches, references_have_others
from compiler.plan.checks.profile import gpu_for_four_bits, names_of_services, whole_models_for_ppo
from compiler.plan.checks.unused_settings import (
    adapters_of_full_tuning,
    asking_in_vain,
    marker_without_chains,
    queueing_without_a_queue,
    replay_of_nothing,
    sharding_of_one_gpu,
    topology_of_one_node,
)
from compiler.plan.model import Plan, Stage
from compiler.selection import Phase, Selection
from compiler.spec.data.gates import too_long
from compiler.spec.inputs import Inputs
from compiler.spec.methods.catalog import TRAINER, USUAL_ROWS
from compiler.spec.methods.supported import lacking
from compiler.spec.schema.training import MethodOverrides
from compiler.spec.schema.types import Purpose, Shape
from runtime.contract.metrics import METRICS
from runtime.contract.rewards import compares


def selection_problems(inputs: Inputs, selection: Selection) -> Iterator[Diagnostic]:
    """Overrides without a stage, evaluations that cannot be made: told before any stage is laid out."""
    body, document = inputs.spec.spec, inputs.document
    methods = {stage.method for stage in selection.stages}
    if selection.phase is Phase.TRAIN:
        for field, override in body.training:
            method = field.replace("_", "-")
            if override is not None and method not in methods:
                where = document.at(("spec", "training", to_camel(field)), key=True)
                message = f"`training.{to_camel(field)}` is set, but the plan has no `{method}` stage"
                hint = "remove it, or keep it if the stage is only blocked for now"
                yield diagnostic("PLN403", message, where, hint=hint)
    if methods & {*TRAINER, "optimize-prompt"}:
        yield from _evaluation_problems(inputs)


def _evaluation_problems(inputs: Inputs) -> Iterator[Diagnostic]:
    body, document = inputs.spec.spec, inputs.document
    for index, metric in enumerate(body.goal.metrics):
        where = document.at(("spec", "goal", "metrics", index))
        if metric.name not in METRICS:
            options = ", ".join(f"`{name}`" for name in sorted(METRICS))
            message = f"no evaluation Job can measure `{metric.name}`"
            yield diagnostic("PLN401", message, where, hint=f"use one of {options}")
        elif METRICS[metric.name].needs_databases and metric.databases is None:
            hint = "add `databases`: a folder of SQL scripts"
            yield diagnostic("PLN402", f"`{metric.name}` needs databases to run queries on", where, hint=hint)
    if not any(source.purpose is Purpose.EVALUATION for source in body.data):
        hint = "add a source of purpose `evaluation`, held out of training"
        message = "no data source to evaluate stages on"
        yield diagnostic("PLN402", message, document.at(("spec", "data")), hint=hint)


def over_the_cap(plan: Plan) -> Iterator[Diagnostic]:
    """Whether the worst case costs more than the spec allows."""
    cap, cost = plan.inputs.spec.spec.goal.constraints.max_training_cost_usd, plan.worst_cost_usd
    if cap is not None and cost is not None and cost > cap:
        where = plan.inputs.document.at(("spec", "goal", "constraints", "maxTrainingCostUsd"))
        hint = "lower the deadlines, use a cheaper profile, or raise the cap"
        yield diagnostic(
            "PLN405", f"the plan may cost up to ${cost:,.2f}, over the cap of ${cap:,.2f}", where, hint=hint
        )


def overrides_of_rules(plan: Plan) -> Iterator[Diagnostic]:
    """Values of the spec that take the place of what a rule sets."""
    for choice in plan.selection.stages:
        field = choice.method.replace("-", "_")
        overrides = plan.inputs.spec.spec.training.of(choice.method) or MethodOverrides()
        by_rule = choice.settings.get("trainer", {})
        names = sorted(set(by_rule) & overrides.trainer.keys()) if isinstance(by_rule, Mapping) else []
        places: list[tuple[str, ...]] = [("trainer", name) for name in names]
        if "min_edit_distance" in choice.settings and getattr(overrides, "min_edit_distance", None) is not None:
            places.append(("minEditDistance",))
        for place in places:
            where = plan.inputs.document.at(("spec", "training", to_camel(field), *place), key=True)
            message = f"`{place[-1]}` takes the place of what rule {choice.rules[-1]} sets"
            yield diagnostic("PLN406", message, where, hint="remove the override, or keep it on purpose")


def unused_sources(plan: Plan) -> Iterator[Diagnostic]:
    """Sources that were passed over for others of their purpose, which people may believe to be used too."""
    used = {name for stage in plan.stages for name in stage.sources}
    data = plan.inputs.spec.spec.data
    purposes = {source.purpose for source in data if source.name in used} - {Purpose.BADCASES}
    if any(stage.method == "dpo" for stage in plan.stages):
        purposes.add(Purpose.PREFERENCES)
    for index, source in enumerate(data):
        if source.purpose in purposes and source.name not in used:
            where = plan.inputs.document.at(("spec", "data", index, "name"))
            hint = "bring it into the shape of the source that is used, or remove it"
            yield diagnostic("PLN407", f"data source `{source.name}` is not used by the plan", where, hint=hint)


def few_rows(plan: Plan) -> Iterator[Diagnostic]:
    """Stages that learn from fewer rows than is usual for their method; fewer than the rules ask for are blocked."""
    for stage in plan.pending:
        rows = sum(plan.inputs.files[name].rows for name in stage.sources)
        usual, source = USUAL_ROWS.get(stage.method, (0, ""))
        if 0 < rows < usual:
            message = f"`{stage.name}` learns from {counted(rows, 'row')}; {usual:,} are usual"
            where = plan.inputs.document.at(("spec", "data", _index(plan, stage), "name"))
            yield diagnostic("PLN408", message, where, hint=f"collect more if the gain is small ({source})")


def long_rows(plan: Plan) -> Iterator[Diagnostic]:
    """Rows that a trainer would cut or drop without a word, for what it trains on is `max_length` at most."""
    for stage in plan.pending:
        trainer = {each.name: each.value for each in stage.settings}
        limit = trainer.get("max_length")
        for name in () if trainer.get("packing") else stage.sources:
            what = isinstance(limit, int) and too_long(plan.inputs.files[name], limit)
            if what:
                names = [source.name for source in plan.inputs.spec.spec.data]
                where = plan.inputs.document.at(("spec", "data", names.index(name), "name"))
                hint = f"raise `max_length` of `{stage.name}`, or shorten or split the rows"
                yield diagnostic("CHK230", f"`{name}`: {what}", where, hint=hint)


def references_are_there(plan: Plan) -> Iterator[Diagnostic]:
    """A reward that compares with a right answer needs rows that hold one."""
    reward, document = plan.inputs.spec.spec.reward, plan.inputs.document
    compared = [
        (index, each.use) for index, each in enumerate(reward.functions if reward else []) if compares(each.use)
    ]
    for stage in (each for each in plan.pending if "rewards" in each.config):
        bare = [block["path"] for block in stage.config["data"] if block["shape"] == Shape.PROMPT]
        for index, name in compared if bare else ():
            where = document.at(("spec", "reward", "functions", index, "use"))
            message = f"reward `{name}` compares with a right answer, and the rows of `{bare[0]}` hold none"
            hint = "use rows of shape `prompt-completion`, or a reward that needs no answer to compare with"
            yield diagnostic("PLN409", message, where, hint=hint)


def not_run_yet(plan: Plan) -> Iterator[Diagnostic]:
    """Methods that are rendered for review, and that the runtime of this version does not have."""
    missing = sorted({lacking(stage.config) for stage in plan.pending} - {""})
    if missing:
        names = ", ".join(missing)
        hint = "review the plan; to run it, wait for a version whose runtime has the method"
        where = plan.inputs.document.at(("spec", "gaps"))
        yield diagnostic("PLN404", f"the runtime of this version does not run {names} yet", where, hint=hint)


def _index(plan: Plan, stage: Stage) -> int:
    return [source.name for source in plan.inputs.spec.spec.data].index(stage.sources[0])


PLAN_CHECKS: tuple[Callable[[Plan], Iterator[Diagnostic]], ...] = (
    over_the_cap,
    overrides_of_rules,
    unused_sources,
    few_rows,
    long_rows,
    references_are_there,
    whole_models_for_ppo,
    gpu_for_four_bits,
    names_of_services,
    groups_fill_batches,
    references_have_others,
    adapters_of_full_tuning,
    replay_of_nothing,
    marker_without_chains,
    asking_in_vain,
    sharding_of_one_gpu,
    topology_of_one_node,
    queueing_without_a_queue,
    not_run_yet,
)
