"""The gate after an evaluation: continue, stop at the target, or stop for lack of gain."""

from collections.abc import Sequence
from dataclasses import dataclass

from runtime.contract.outputs import Verdict
from runtime.stage.statistics import Interval

# The loss on general rows that a gain may cost: in answers, and in bits per byte of text. A careful team ships neither
# a model that fails two more general questions in a hundred, nor one that reads general text worse by a twentieth. A
# smaller loss is reported and does not stop a plan.
TOLERATED_ANSWERS = 0.02
TOLERATED_BITS = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A side effect of training: `gain` over the baseline, and the `tolerated` loss.

    With `tolerated` None, any loss is reported and none stops the plan.
    """

    name: str
    gain: Interval
    tolerated: float | None

    @property
    def is_loss(self) -> bool:
        """Whether the whole interval is a loss."""
        return self.gain.high < 0

    @property
    def exceeds_tolerance(self) -> bool:
        """Whether the whole interval is a loss of more than `tolerated`."""
        return self.tolerated is not None and self.gain.high < -self.tolerated


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The verdict with its reason; `gain` is None without a baseline."""

    verdict: Verdict
    reason: str
    gain: Interval | None


def decide(
    metric: str,
    value: Interval,
    gain: Interval | None,
    target: float,
    changes: Sequence[Change] = (),
    *,
    needs_gain: bool = True,
) -> Decision:
    """Return the verdict for `metric`. Bounds of intervals decide, never the point value alone.

    A loss of general ability beyond the tolerance outweighs any gain: no later stage builds on such a model. Without
    `needs_gain`, nothing else stops the plan.
    """
    excessive = next((change for change in changes if change.exceeds_tolerance), None)
    if excessive is not None:
        reason = f"{_loss(excessive)}, more than the tolerated {excessive.tolerated:g}; {_goal(metric, value, gain)}"
        return Decision(verdict="no-gain", reason=reason, gain=gain)
    losses = "".join(f"; {_loss(change)}" for change in changes if change.is_loss)
    if not needs_gain:
        reason = f"{_goal(metric, value, gain)}, and the plan continues in any case"
        return Decision(verdict="continue", reason=reason + losses, gain=gain)
    if value.low >= target:
        reason = f"the lower bound of `{metric}`, {value.low:.3f}, reaches the target {target:g}"
        return Decision(verdict="target-met", reason=reason + losses, gain=gain)
    if gain is None:
        reason = f"`{metric}` is {value.value:.3f}, below the target {target:g}, with no earlier evaluation to compare"
        return Decision(verdict="continue", reason=reason + losses, gain=None)
    # The reason names a loss; for the plan a loss and no gain are the same verdict.
    verdict: Verdict = "continue" if gain.low > 0 else "no-gain"
    return Decision(verdict=verdict, reason=_goal(metric, value, gain) + losses, gain=gain)


def _goal(metric: str, value: Interval, gain: Interval | None) -> str:
    if gain is None:
        return f"`{metric}` is {value.value:.3f}"
    shown = _with_interval(gain)
    if gain.low > 0:
        return f"`{metric}` gained {shown} over the baseline"
    return f"`{metric}` lost {shown}" if gain.high < 0 else f"the gain of `{metric}`, {shown}, is not significant"


def _loss(change: Change) -> str:
    return f"{change.name} lost {_with_interval(change.gain)}"


def _with_interval(gain: Interval) -> str:
    return f"{gain.value:+.3f} (95 % interval {gain.low:+.3f} to {gain.high:+.3f})"
