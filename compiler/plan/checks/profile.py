"""What a profile cannot run: the runtime would refuse it once its Job has started, which costs money."""

from collections.abc import Iterator

from pydantic.alias_generators import to_camel

from compiler.diagnostics import Diagnostic, diagnostic
from compiler.plan.model import Plan
from compiler.spec.workloads import OUTPUTS


def whole_models_for_ppo(plan: Plan) -> Iterator[Diagnostic]:
    """PPO samples answers in each of its processes, so all of them hold the whole model."""
    for stage in plan.pending:
        strategy = stage.config.get("distributed", {}).get("strategy", "ddp")
        if stage.method == "ppo" and strategy != "ddp":
            name = plan.inputs.profile.metadata.name
            message = f"`{stage.name}` needs whole models, and profile `{name}` shards them (`sharding: {strategy}`)"
            hint = "name a profile whose `gpu.sharding` is `ddp`, or one with a single GPU"
            yield diagnostic("PLN410", message, plan.inputs.document.at(("spec", "profile")), hint=hint)


def gpu_for_four_bits(plan: Plan) -> Iterator[Diagnostic]:
    """A base in 4 bits is held by a library that computes on GPUs only."""
    for stage in plan.pending if plan.inputs.profile.spec.gpu is None else ():
        if "quantization" in stage.config["model"]:
            name = plan.inputs.profile.metadata.name
            where = plan.inputs.document.at(("spec", "training", to_camel(stage.method.replace("-", "_")), "tuning"))
            message = f"`{stage.name}` holds its base in 4 bits on a GPU, and profile `{name}` has none"
            hint = "use `tuning: lora`, or name a profile with a GPU"
            yield diagnostic("PLN410", message, where, hint=hint)


def names_of_services(plan: Plan) -> Iterator[Diagnostic]:
    """A workload that makes a Service of its own name has one that begins with a letter."""
    output = plan.inputs.profile.spec.output
    if OUTPUTS[output].own_service and plan.trains and plan.name[0].isdigit():
        message = f"`{plan.name}` begins with a digit, and the service of a `{output}` has a name that may not"
        hint = "begin the name with a letter, or name a profile of `output: job`"
        yield diagnostic("PLN410", message, plan.inputs.document.at(("metadata", "name")), hint=hint)
