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
    """A side effect of training, or a guarded metric: `gain` over the baseline, and the `tolerated` loss.

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
class Goal:
    """A metric of the goal: its `value`, its `target`, and its `gain` over the baseline, None without one.

    An interval that is wider than `widest` shows nothing, so it reaches no target.
    """

    metric: str
    value: Interval
    target: float
    gain: Interval | None
    widest: float = 1.0

    @property
    def is_vague(self) -> bool:
        """Whether the interval is too wide."""
        return self.value.high - self.value.low > self.widest

    @property
    def is_met(self) -> bool:
        """Whether the whole interval reaches the target."""
        return self.value.low >= self.target and not self.is_vague


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The verdict with its reason; `gain` is that of the deciding metric, None without a baseline."""

    verdict: Verdict
    reason: str
    gain: Interval | None


def decide(
    goals: Sequence[Goal],
    changes: Sequence[Change] = (),
    *,
    unmeasured: Sequence[str] = (),
    uncounted: Sequence[str] = (),
    needs_gain: bool = True,
) -> Decision:
    """Return the verdict for `goals`, the deciding one first. Bounds of intervals decide, never the point value alone.

    A loss beyond its tolerance, of general ability or of a guarded metric, outweighs any gain: no later stage builds on
    such a model. The target is met if every goal is met, and none is `unmeasured`, or `uncounted` as its judge was
    not compared with people. Without `needs_gain`, nothing else stops the plan.
    """
    gain = goals[0].gain
    excessive = next((change for change in changes if change.exceeds_tolerance), None)
    if excessive is not None:
        loss = f"{_loss(excessive)}, more than the tolerated {excessive.tolerated:g}"
        return Decision(verdict="worse", reason="; ".join([loss, *map(_shown, goals)]), gain=gain)
    open_goals = [f"`{name}` is not measured here, so the target is not met" for name in unmeasured]
    open_goals += [
        f"`{name}` does not count, as its judge was not compared with people, so the target is not met"
        for name in uncounted
    ]
    losses = [_loss(change) for change in changes if change.is_loss]
    reason = "; ".join([*map(_shown, goals), *open_goals, *losses])
    if not needs_gain:
        return Decision(verdict="continue", reason=f"the plan continues in any case: {reason}", gain=gain)
    if not unmeasured and not uncounted and all(goal.is_met for goal in goals):
        return Decision(verdict="target-met", reason=reason, gain=gain)
    if gain is None:
        return Decision(verdict="continue", reason=f"{reason}; no earlier evaluation to compare with", gain=None)
    return Decision(verdict=_progress(goals), reason=reason, gain=gain)


def _progress(goals: Sequence[Goal]) -> Verdict:
    """Return the verdict on the gains of goals that are not all met.

    Once the deciding goal is met, a gain towards another goal counts as well.
    """
    first, *others = goals
    if _is_loss(first.gain):
        return "worse"
    counted = [first, *(goal for goal in others if first.is_met and not goal.is_met)]
    return "continue" if any(goal.gain is not None and goal.gain.low > 0 for goal in counted) else "no-gain"


def _is_loss(gain: Interval | None) -> bool:
    return gain is not None and gain.high < 0


def _shown(goal: Goal) -> str:
    value, reached = goal.value, "reached" if goal.is_met else "not reached"
    if goal.is_vague:
        reached = "not reached, as the interval is too wide"
    interval = f"95 % interval {value.low:.3f} to {value.high:.3f}"
    return f"`{goal.metric}` is {value.value:.3f} ({interval}), target {goal.target:g} {reached}{_change(goal.gain)}"


def _change(gain: Interval | None) -> str:
    if gain is None:
        return ""
    shown = _with_interval(gain)
    if gain.low > 0:
        return f", gained {shown}"
    return f", lost {shown}" if gain.high < 0 else f", no significant gain {shown}"


def _loss(change: Change) -> str:
    return f"{change.name} lost {_with_interval(change.gain)}"


def _with_interval(gain: Interval) -> str:
    return f"{gain.value:+.3f} (95 % interval {gain.low:+.3f} to {gain.high:+.3f})"
