"""The goal in the config of an evaluation: the metrics that its Job measures, their targets, and its guards."""

from collections.abc import Iterable

from compiler.plan.data_blocks import CHECKED
from compiler.plan.draft import Block
from compiler.spec.inputs import Inputs
from compiler.spec.judged import uncounted
from compiler.spec.schema.goal import Guard, Metric
from compiler.spec.schema.types import Purpose
from runtime.contract.metrics import GENERAL_GUARD, METRICS


def measured_metrics(inputs: Inputs) -> list[Metric]:
    """Return the goal's metrics that evaluation Jobs measure, the deciding one first."""
    return [each for each in inputs.spec.spec.goal.metrics if each.is_measured]


def unmeasured_metrics(inputs: Inputs) -> list[str]:
    """Return the names of the goal's metrics that no evaluation Job measures, or whose judge does not count."""
    missing = uncounted(inputs)
    return [each.name for each in inputs.spec.spec.goal.metrics if not each.is_measured or each.name in missing]


def measured_guards(inputs: Inputs) -> list[Guard]:
    """Return the guards that evaluation Jobs check.

    A metric with settings must be one of the goal's, which has them; `general` needs general rows.
    """
    return [each for each in inputs.spec.spec.goal.must_not_fall if _is_measured(each, inputs)]


def guarded_metrics(inputs: Inputs) -> list[Block]:
    """Return the blocks of guarded metrics that the goal has no target for."""
    known = {each.name for each in inputs.spec.spec.goal.metrics} | {GENERAL_GUARD}
    return [
        {"name": name} for name in dict.fromkeys(each.name for each in measured_guards(inputs)) if name not in known
    ]


def gate_block(inputs: Inputs, *, baseline: str | None, base: str | None, guards: Iterable[Guard]) -> Block:
    """Return the gate: the targets of all metrics, and `guards`.

    `baseline` is the earlier evaluation that gains are measured against; guards compare with `base`, that of the base
    model, unless the spec records a value. A guard with neither is left out: nothing has changed yet.
    """
    unmeasured = unmeasured_metrics(inputs)
    first, *others = (each for each in measured_metrics(inputs) if each.name not in unmeasured)
    blocks = [block for each in guards if (block := _guard(each, base))]
    return {
        "metric": first.name,
        "target": first.target,
        "baseline": baseline,
        **({"others": [{"metric": each.name, "target": each.target} for each in others]} if others else {}),
        **({"guards": blocks} if blocks else {}),
        **({"unmeasured": unmeasured} if unmeasured else {}),
    }


def _guard(guard: Guard, base: str | None) -> Block | None:
    against = {"value": guard.baseline} if guard.baseline is not None else {"baseline": base}
    return {"metric": guard.name, "margin": guard.margin, **against} if None not in against.values() else None


def _is_measured(guard: Guard, inputs: Inputs) -> bool:
    body = inputs.spec.spec
    if guard.name == GENERAL_GUARD:
        general = (each for each in body.data if each.purpose is Purpose.GENERAL and each.shape in CHECKED["general"])
        return body.evaluation.general > 0 and any(general)
    goal = next((each for each in body.goal.metrics if each.name == guard.name), None)
    if goal is not None and goal.name in uncounted(inputs):
        return False
    return goal.is_measured if goal else guard.name in METRICS and not METRICS[guard.name].needs_settings
