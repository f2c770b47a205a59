"""Checks of a stage's trainer and adapter settings that the runtime would refuse when the stage starts."""

from collections.abc import Iterator
from typing import Any

from pydantic.alias_generators import to_camel

from compiler.diagnostics import Diagnostic, Location, diagnostic
from compiler.plan.model import Plan, Stage
from compiler.spec.methods.usual_values import usual_of
from runtime.contract.adapters import LAYERS_HINT, output_layers_of
from runtime.contract.trainer_needs import Machine, setting_faults


def settings_that_cannot_work(plan: Plan) -> Iterator[Diagnostic]:
    """Report trainer settings that need a GPU of the profile, or another setting.

    Which packages an image holds is not known here: the stage checks that before it loads its model.
    """
    profile = plan.inputs.profile
    machine = Machine(has_gpu=profile.spec.gpu is not None)
    for stage in plan.pending:
        trainer, has_adapter = stage.config.get("trainer", {}), bool(stage.config.get("peft"))
        for fault in setting_faults(stage.method, trainer, machine, has_adapter=has_adapter):
            where = _place(plan, stage, "trainer", fault.field)
            if fault.by_machine:
                message = f"{fault.message}, but profile `{profile.metadata.name}` has none"
                hint = f"use a profile with a GPU, or remove `{fault.field}`"
                yield diagnostic("PLN410", message, where, hint=hint)
            else:
                yield diagnostic("PLN415", fault.message, where, hint=fault.hint)


def adapters_of_output_layers(plan: Plan) -> Iterator[Diagnostic]:
    """Report adapters on an output layer, which no trainer would train."""
    for stage in plan.pending:
        named = output_layers_of((stage.config.get("peft") or {}).get("target_modules", []))
        if named:
            names = ", ".join(f"`{name}`" for name in named)
            message = f"`target_modules` reaches the output layer ({names}), whose adapter would never be trained"
            yield diagnostic("PLN414", message, _place(plan, stage, "peft", "target_modules"), hint=LAYERS_HINT)


def values_beyond_recipes(plan: Plan) -> Iterator[Diagnostic]:
    """Report settings of the spec that are far from every published recipe: the trainer takes them without a word."""
    for stage in plan.pending:
        overrides = plan.inputs.spec.spec.training.of(stage.method)
        if overrides is None:
            continue
        blocks: dict[str, dict[str, Any]] = {
            "trainer": overrides.trainer,
            "peft": overrides.peft.model_dump(exclude_none=True),
        }
        for block, values in blocks.items():
            for name, value in values.items():
                usual = usual_of(stage.method, block, name)
                if usual is None or isinstance(value, bool) or not isinstance(value, int | float):
                    continue
                if not usual.strays(value):
                    continue
                does = usual.zero if value == 0 else "is far from every published recipe"
                message = f"`{name}: {value}` of `{stage.method}` {does}"
                hint = f"usual values are {usual.low:g} to {usual.high:g} ({usual.source})"
                yield diagnostic("PLN413", message, _place(plan, stage, block, name), hint=hint)


def _place(plan: Plan, stage: Stage, block: str, name: str) -> Location:
    """Return the location of a field that the spec sets, or of its nearest parent."""
    at = ("spec", "training", to_camel(stage.method.replace("-", "_")), block, name)
    return plan.inputs.document.at(at, key=at not in plan.inputs.document.spans)
