"""Checks of batch sizes that a method's trainer would refuse."""

from collections.abc import Iterator, Mapping
from typing import Any

from compiler.diagnostics import Diagnostic, Location, diagnostic
from compiler.plan.model import Plan

BATCH = "per_device_train_batch_size"


def batches_of_broken_groups(plan: Plan) -> Iterator[Diagnostic]:
    """Report batches that split the answers to one prompt, which GRPO compares as a group."""
    for stage in plan.pending:
        trainer = stage.config.get("trainer", {})
        if stage.method != "grpo" or not trainer.get("num_generations"):
            continue
        group = trainer["num_generations"]
        processes = stage.nodes * stage.config.get("distributed", {}).get("processes", 1)
        size = _generated(trainer, processes)
        if size % group:
            message = f"`grpo` generates {size} answers at once, which is not a multiple of `num_generations` {group}"
            hint = f"set `{BATCH}` to a multiple of {group}, or change `num_generations`"
            yield diagnostic("CHK243", message, _place(plan, "grpo", ("num_generations", BATCH)), hint=hint)


def _generated(trainer: Mapping[str, Any], processes: int) -> int:
    """Return how many answers GRPO generates at once, as TRL counts them."""
    steps = trainer.get("steps_per_generation") or trainer.get("gradient_accumulation_steps", 1)
    return int(trainer.get("generation_batch_size") or trainer[BATCH] * processes * steps)


def kto_batches_of_one(plan: Plan) -> Iterator[Diagnostic]:
    """Report batches of one answer; KTO estimates its reference point from the others."""
    for stage in plan.pending:
        trainer = stage.config.get("trainer", {})
        has_reference = trainer.get("loss_type", "kto") != "apo_zero_unpaired"
        if stage.method == "kto" and has_reference and trainer[BATCH] == 1:
            message = f"`{BATCH}` is 1, but KTO's reference point needs several answers at once"
            yield diagnostic("CHK243", message, _place(plan, "kto", (BATCH,)), hint="set it to 4 or more")


def _place(plan: Plan, method: str, names: tuple[str, ...]) -> Location:
    """Return the location of the first field that the spec sets, or of its nearest parent."""
    at = ("spec", "training", method, "trainer")
    set_here = [name for name in names if (*at, name) in plan.inputs.document.spans]
    return plan.inputs.document.at((*at, *set_here[:1]), key=not set_here)
