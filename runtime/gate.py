"""The decision after an evaluation: go on, stop because the target is met, or stop because nothing was gained."""

from dataclasses import dataclass
from typing import Literal

from runtime.statistics import Interval


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The verdict with its reason; `gain` is None where there is no baseline."""

    verdict: Literal["continue", "target-met", "no-gain"]
    reason: str
    gain: Interval | None


def decide(metric: str, value: Interval, gain: Interval | None, target: float) -> Decision:
    """Return the verdict for `metric`: intervals decide, never the point value alone."""
    if value.low >= target:
        reason = f"the lower bound of `{metric}`, {value.low:.3f}, reaches the target {target:g}"
        return Decision(verdict="target-met", reason=reason, gain=gain)
    if gain is None:
        reason = f"`{metric}` is {value.value:.3f}, below the target {target:g}, with no earlier evaluation to compare"
        return Decision(verdict="continue", reason=reason, gain=None)
    shown = f"{gain.value:+.3f} (95 % interval {gain.low:+.3f} to {gain.high:+.3f})"
    if gain.low > 0:
        return Decision(verdict="continue", reason=f"`{metric}` gained {shown} over the baseline", gain=gain)
    # worse than before is told as such; for the plan it is the same answer as no gain
    reason = f"`{metric}` lost {shown}" if gain.high < 0 else f"the gain of `{metric}`, {shown}, may be nothing"
    return Decision(verdict="no-gain", reason=reason, gain=gain)
