"""Checks of the rows that a plan's stages read: unused, too few, too long, or without answers."""

from collections.abc import Iterator

from compiler.diagnostics import Diagnostic, diagnostic
from compiler.diagnostics.wording import counted
from compiler.plan.model import Plan, Stage
from compiler.spec.data.gates import too_long
from compiler.spec.methods import METHODS
from compiler.spec.schema.types import Purpose, Shape
from runtime.contract.rewards import compares


def unused_sources(plan: Plan) -> Iterator[Diagnostic]:
    """Sources that were passed over for others of their purpose, which people may believe to be used too."""
    used = {name for stage in plan.stages for name in stage.sources}
    data = plan.inputs.spec.spec.data
    purposes = {source.purpose for source in data if source.name in used} - {Purpose.BADCASES}
    if any(METHODS[stage.method].learns_from_pairs for stage in plan.stages):
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
        usual = METHODS[stage.method].usual_rows
        if usual is not None and 0 < rows < usual.count:
            message = f"`{stage.name}` learns from {counted(rows, 'row')}; {usual.count:,} are usual"
            where = plan.inputs.document.at(("spec", "data", _index(plan, stage), "name"))
            yield diagnostic("PLN408", message, where, hint=f"collect more if the gain is small ({usual.source})")


def long_rows(plan: Plan) -> Iterator[Diagnostic]:
    """Rows that a trainer would cut or drop without a word, for what it trains on is `max_length` at most."""
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


def _index(plan: Plan, stage: Stage) -> int:
    return [source.name for source in plan.inputs.spec.spec.data].index(stage.sources[0])
