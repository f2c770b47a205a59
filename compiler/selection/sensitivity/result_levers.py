"""Levers of a finished stage: its gain and its score, with the verdict of its gate."""

from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel

from compiler.selection.sensitivity.changed import Path, with_report, with_value
from compiler.selection.sensitivity.lever import SHARE_STEP, Lever
from compiler.spec.inputs import Inputs
from compiler.spec.schema.stage_result import StageResult, StageResultBody
from runtime.contract.outputs import Verdict

M = TypeVar("M", bound=BaseModel)


def result_levers(inputs: Inputs, report: StageResult, index: int) -> Iterator[Lever]:
    """Yield the levers of the stage result at `index`: its gain, and its score by each metric of the goal."""
    targets = {each.name: each.target for each in inputs.spec.spec.goal.metrics}
    stage = f"`{report.spec.method or 'base'}`"
    if report.spec.gain is not None:
        yield _lever(inputs, report, index, f"`gain` of {stage}", report.spec.gain, ("gain",), -1.0)
    for place, each in enumerate(report.spec.metrics):
        if each.name in targets:
            yield _lever(inputs, report, index, f"`{each.name}` of {stage}", each, ("metrics", place), 0.0)


def _lever(inputs: Inputs, report: StageResult, index: int, name: str, found: Any, path: Path, low: float) -> Lever:
    goal = inputs.spec.spec.goal.metrics[0]
    keeps_its_gate = report.spec.gate != gate_of(report.spec, goal.name, goal.target)

    def change(inputs: Inputs, value: float) -> Inputs:
        body = with_value(report.spec, path, shifted(found, value, low, 1.0))
        if not keeps_its_gate:
            body = body.model_copy(update={"gate": gate_of(body, goal.name, goal.target)})
        return with_report(inputs, index, report.model_copy(update={"spec": body}))

    return Lever(
        name=name,
        source=inputs.evidence[index].shown,
        now=found.value,
        low=low,
        high=1.0,
        step=SHARE_STEP,
        scale=max((found.high - found.low) / 2, SHARE_STEP),
        change=change,
    )


def gate_of(body: StageResultBody, metric: str, target: float) -> Verdict:
    """Return the verdict that an evaluation gives for these figures, general ability aside."""
    score = next((each for each in body.metrics if each.name == metric), None)
    if score is not None and score.low >= target:
        return "target-met"
    return "continue" if body.gain is None or body.gain.low > 0 else "no-gain"


def shifted(found: M, value: float, low: float, high: float) -> M:
    """Return a measured value moved to `value`, its interval with it; both stay between `low` and `high`."""
    now: Any = found
    by = value - now.value
    ends = {name: min(high, max(low, round(getattr(now, name) + by, 6))) for name in ("low", "high")}
    return found.model_copy(update={"value": value, **ends})
