"""Checks for stages that the profile cannot run.

The runtime would refuse them only after their Jobs start, which costs money.
"""

from collections.abc import Iterator

from pydantic.alias_generators import to_camel

from compiler.diagnostics import Diagnostic, diagnostic
from compiler.plan.model import Plan
from compiler.spec.workloads import OUTPUTS


def whole_models_for_ppo(plan: Plan) -> Iterator[Diagnostic]:
    """PPO samples answers in each process, so each one needs the whole model."""
    for stage in plan.pending:
        strategy = stage.config.get("distributed", {}).get("strategy", "ddp")
        if stage.method == "ppo" and strategy != "ddp":
            name = plan.inputs.profile.metadata.name
            message = f"`{stage.name}` needs whole models, but profile `{name}` shards them (`sharding: {strategy}`)"
            hint = "use a profile whose `gpu.sharding` is `ddp`, or one with a single GPU"
            yield diagnostic("PLN410", message, plan.inputs.document.at(("spec", "profile")), hint=hint)


def gpu_for_four_bits(plan: Plan) -> Iterator[Diagnostic]:
    """The library that loads a base model in 4 bits computes only on GPUs."""
    for stage in plan.pending if plan.inputs.profile.spec.gpu is None else ():
        if "quantization" in stage.config["model"]:
            name = plan.inputs.profile.metadata.name
            where = plan.inputs.document.at(("spec", "training", to_camel(stage.method.replace("-", "_")), "tuning"))
            message = f"`{stage.name}` loads its base in 4 bits, which needs a GPU, but profile `{name}` has none"
            hint = "use `tuning: lora`, or a profile with a GPU"
            yield diagnostic("PLN410", message, where, hint=hint)


def names_of_services(plan: Plan) -> Iterator[Diagnostic]:
    """A workload that creates a Service of its name needs a name that begins with a letter."""
    output = plan.inputs.profile.spec.output
    if OUTPUTS[output].own_service and plan.trains and plan.name[0].isdigit():
        message = f"`{plan.name}` begins with a digit, but the name of a `{output}`'s Service must begin with a letter"
        hint = "begin the name with a letter, or use a profile with `output: job`"
        yield diagnostic("PLN410", message, plan.inputs.document.at(("metadata", "name")), hint=hint)
