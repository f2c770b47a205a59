"""Checks of the rows that stages read: unused, too few, too long, or without answers."""

from collections.abc import Iterator

from compiler.diagnostics import Diagnostic, diagnostic
from compiler.diagnostics.wording import counted
from compiler.plan.model import Plan, Stage
from compiler.spec.data.gates import too_long
from compiler.spec.methods import METHODS
from compiler.spec.schema.types import Purpose, Shape
from runtime.contract.rewards import compares


def unused_sources(plan: Plan) -> Iterator[Diagnostic]:
    """Report sources that the plan does not use although it uses others of their purpose."""
    used = {name for stage in plan.stages for name in stage.sources}
    data = plan.inputs.spec.spec.data
    purposes = {source.purpose for source in data if source.name in used} - {Purpose.BADCASES}
    if any(METHODS[stage.method].learns_from_pairs for stage in plan.stages):
        purposes.add(Purpose.PREFERENCES)
    for index, source in enumerate(data):
        if source.purpose in purposes and source.name not in used:
            where = plan.inputs.document.at(("spec", "data", index, "name"))
            hint = "convert it to the shape of the source that the plan uses, or remove it"
            yield diagnostic("PLN407", f"the plan does not use data source `{source.name}`", where, hint=hint)


def few_rows(plan: Plan) -> Iterator[Diagnostic]:
    """Report stages that learn from fewer rows than usual.

    The rules already block stages with too few rows.
    """
    for stage in plan.pending:
        rows = sum(plan.inputs.files[name].rows for name in stage.sources)
        usual = METHODS[stage.method].usual_rows
        if usual is not None and 0 < rows < usual.count:
            message = f"`{stage.name}` learns from {counted(rows, 'row')}; {usual.count:,} are usual"
            where = plan.inputs.document.at(("spec", "data", _index(plan, stage), "name"))
            yield diagnostic("PLN408", message, where, hint=f"collect more rows if the gain is small ({usual.source})")


def few_prompts_of_probe(plan: Plan) -> Iterator[Diagnostic]:
    """Report a probe whose badcases are fewer than its report needs to count (D11)."""
    needed = plan.inputs.spec.spec.thresholds.probe_prompts
    for stage in plan.pending:
        rows = sum(plan.inputs.files[name].rows for name in stage.sources)
        if stage.method == "probe" and rows < needed:
            message = f"the probe can ask {counted(rows, 'badcase')}, but its report counts from {needed} on"
            where = plan.inputs.document.at(("spec", "data", _index(plan, stage), "name"))
            hint = "collect more badcases, or lower `spec.thresholds.probePrompts` and accept wider intervals"
            yield diagnostic("PLN423", message, where, hint=hint)


def long_rows(plan: Plan) -> Iterator[Diagnostic]:
    """Report rows longer than `max_length`, which a trainer would silently cut or drop."""
    for stage in plan.pending:
        trainer = {each.name: each.value for each in stage.settings}
        limit = trainer.get("max_length")
        for name in () if trainer.get("packing") else stage.sources:
            excess = isinstance(limit, int) and too_long(plan.inputs.files[name], limit)
            if excess:
                names = [source.name for source in plan.inputs.spec.spec.data]
                where = plan.inputs.document.at(("spec", "data", names.index(name), "name"))
                hint = f"raise `max_length` of `{stage.name}`, or shorten or split the rows"
                yield diagnostic("CHK230", f"`{name}`: {excess}", where, hint=hint)


def rewards_without_answers(plan: Plan) -> Iterator[Diagnostic]:
    """Report rewards that compare with a right answer where the rows have none."""
    reward, document = plan.inputs.spec.spec.reward, plan.inputs.document
    compared = [
        (index, each.use) for index, each in enumerate(reward.functions if reward else []) if compares(each.use)
    ]
    for stage in (each for each in plan.pending if "rewards" in each.config):
        bare = [block["path"] for block in stage.config["data"] if block["shape"] == Shape.PROMPT]
        for index, name in compared if bare else ():
            where = document.at(("spec", "reward", "functions", index, "use"))
            message = f"reward `{name}` compares with a right answer, but the rows of `{bare[0]}` have none"
            hint = "use rows of shape `prompt-completion`, or a reward that needs no right answer"
            yield diagnostic("PLN409", message, where, hint=hint)


def _index(plan: Plan, stage: Stage) -> int:
    return [source.name for source in plan.inputs.spec.spec.data].index(stage.sources[0])
