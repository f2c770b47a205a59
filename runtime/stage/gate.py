"""The decision after an evaluation: go on, stop because the target is met, or stop because nothing was gained."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from runtime.stage.statistics import Interval

# What may be lost of the general rows for what is gained: of their answers, and of the bits that a byte of text takes.
# A careful team ships neither a model that fails two general questions more in a hundred, nor one that reads general
# text worse by a twentieth; less than that is told, and does not stop a plan.
TOLERATED_ANSWERS = 0.02
TOLERATED_BITS = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What became of something beside the goal: `gain` over the baseline, and the loss that is `tolerated` of it.

    None is never too much: the loss is told, and stops nothing.
    """

    name: str
    gain: Interval
    tolerated: float | None

    @property
    def is_loss(self) -> bool:
        """Whether there is a loss beyond the noise."""
        return self.gain.high < 0

    @property
    def is_too_much(self) -> bool:
        """Whether the loss is more than what is tolerated, and that beyond the noise."""
        return self.tolerated is not None and self.gain.high < -self.tolerated


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The verdict with its reason; `gain` is None where there is no baseline."""

    verdict: Literal["continue", "target-met", "no-gain"]
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
    """Return the verdict for `metric`: intervals decide, never the point value alone.

    A loss of general ability that is too much takes the place of any gain: such a model is not built upon. Where no
    gain is needed, nothing else stops the plan.
    """
    spoilt = next((change for change in changes if change.is_too_much), None)
    if spoilt is not None:
        reason = f"{_told(spoilt)}, more than the tolerated {spoilt.tolerated:g}; {_goal(metric, value, gain)}"
        return Decision(verdict="no-gain", reason=reason, gain=gain)
    told = "".join(f"; {_told(change)}" for change in changes if change.is_loss)
    if not needs_gain:
        reason = f"{_goal(metric, value, gain)}, and the plan goes on in any case"
        return Decision(verdict="continue", reason=reason + told, gain=gain)
    if value.low >= target:
        reason = f"the lower bound of `{metric}`, {value.low:.3f}, reaches the target {target:g}"
        return Decision(verdict="target-met", reason=reason + told, gain=gain)
    if gain is None:
        reason = f"`{metric}` is {value.value:.3f}, below the target {target:g}, with no earlier evaluation to compare"
        return Decision(verdict="continue", reason=reason + told, gain=None)
    # worse than before is told as such; for the plan it is the same answer as no gain
    verdict: Literal["continue", "no-gain"] = "continue" if gain.low > 0 else "no-gain"
    return Decision(verdict=verdict, reason=_goal(metric, value, gain) + told, gain=gain)


def _goal(metric: str, value: Interval, gain: Interval | None) -> str:
    if gain is None:
        return f"`{metric}` is {value.value:.3f}"
    shown = _shown(gain)
    if gain.low > 0:
        return f"`{metric}` gained {shown} over the baseline"
    return f"`{metric}` lost {shown}" if gain.high < 0 else f"the gain of `{metric}`, {shown}, may be nothing"


def _told(change: Change) -> str:
    return f"{change.name} lost {_shown(change.gain)}"


def _shown(gain: Interval) -> str:
    return f"{gain.value:+.3f} (95 % interval {gain.low:+.3f} to {gain.high:+.3f})"
