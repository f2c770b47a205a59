"""The gate of an evaluation: its goals, its guards, and what else changed since the baseline."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from runtime.contract.agreement import WIDEST
from runtime.contract.goal_blocks import GateBlock, GuardBlock
from runtime.contract.metrics import GENERAL_GUARD
from runtime.evaluate.baselines import Baseline
from runtime.evaluate.forgetting import TextBits
from runtime.evaluate.general import General, general_ability
from runtime.evaluate.question_sets import BADCASES, GENERAL, HELD_OUT
from runtime.evaluate.scored import ScoredSet
from runtime.stage.gate import Change, Decision, Goal, decide
from runtime.stage.statistics import Interval


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """The scored question sets and general texts of an evaluation, and the earlier evaluations by folder."""

    found: Mapping[str, ScoredSet]
    texts: TextBits | None
    baselines: Mapping[str, Baseline]

    def gain(self, metric: str, baseline: str | None) -> Interval | None:
        """Return the paired gain of `metric` on the held-out rows; None without a baseline."""
        earlier = self.baselines[baseline].sets[HELD_OUT] if baseline is not None else None
        return None if earlier is None else self.found[HELD_OUT].gain(metric, earlier)

    def general(self, baseline: str | None) -> Iterator[General]:
        """Yield general ability by each measure, compared with `baseline`."""
        earlier = self.baselines[baseline] if baseline is not None else None
        return general_ability(self.found.get(GENERAL), self.texts, earlier)


def decision(gate: GateBlock, measured: Measured) -> Decision:
    """Return the verdict on all goals and guards of `gate`."""
    targets = [(gate.metric, gate.target), *((each.metric, each.target) for each in gate.others)]
    held_out = measured.found[HELD_OUT]
    goals = [
        Goal(
            metric=name,
            value=held_out.interval(name),
            target=target,
            gain=measured.gain(name, gate.baseline),
            widest=WIDEST if name in held_out.questions.agreements else 1.0,
        )
        for name, target in targets
    ]
    unmeasured = [name for name in gate.unmeasured if name not in held_out.scores]
    uncounted = [name for name in gate.unmeasured if name in held_out.scores]
    changes = [*_guards(gate, measured), *_side_effects(gate, measured)]
    return decide(goals, changes, unmeasured=unmeasured, uncounted=uncounted, needs_gain=gate.needs_gain)


def gate_report(gate: GateBlock, measured: Measured) -> dict[str, Any]:
    """Return the gains of the metrics that do not decide, and the change of each guarded measure with its margin."""
    others = [name for name in measured.found[HELD_OUT].scores if name != gate.metric]
    gains = {name: asdict(gain) for name in others if (gain := measured.gain(name, gate.baseline)) is not None}
    guards = [
        {"name": change.name, "margin": change.tolerated, "gain": asdict(change.gain)}
        for change in _guards(gate, measured)
    ]
    return {**({"gains": gains} if gains else {}), **({"guards": guards} if guards else {})}


def _guards(gate: GateBlock, measured: Measured) -> Iterator[Change]:
    """Yield the change of each guarded measure since the guard's baseline, or from its recorded value."""
    for guard in gate.guards:
        if guard.metric == GENERAL_GUARD:
            yield from _general_guard(guard, measured)
            continue
        gain = measured.gain(guard.metric, guard.baseline)
        if gain is None:
            gain = _difference(measured.found[HELD_OUT].intervals[guard.metric], guard)
        yield Change(name=f"guarded metric `{guard.metric}`", gain=gain, tolerated=guard.margin)


def _general_guard(guard: GuardBlock, measured: Measured) -> Iterator[Change]:
    if guard.value is not None and (scored := measured.found.get(GENERAL)):
        name = scored.questions.metrics[0].name
        gain = _difference(scored.intervals[name], guard)
        yield Change(name=f"`{name}` on general rows", gain=gain, tolerated=guard.margin)
    elif guard.baseline is not None:
        changes = (each.change(guard.margin) for each in measured.general(guard.baseline))
        yield from (change for change in changes if change is not None)


def _difference(value: Interval, guard: GuardBlock) -> Interval:
    """Return the difference of a value from the recorded one."""
    recorded = guard.value or 0.0
    return Interval(value=value.value - recorded, low=value.low - recorded, high=value.high - recorded, n=value.n)


def _side_effects(gate: GateBlock, measured: Measured) -> Iterator[Change]:
    """Yield the changes since the baseline that no target or guard names: badcases, and general ability.

    A loss of badcases is reported only: the model was trained on them.
    """
    if gate.baseline is None:
        return
    if (badcases := measured.found.get(BADCASES)) is not None:
        gain = badcases.gain(badcases.questions.metrics[0].name, measured.baselines[gate.baseline].sets[BADCASES])
        yield Change(name="the fix rate of badcases", gain=gain, tolerated=None)
    guard = next((each for each in gate.guards if each.metric == GENERAL_GUARD), None)
    if guard is None or guard.baseline is None:
        changes = (each.change(guard.margin if guard else None) for each in measured.general(gate.baseline))
        yield from (change for change in changes if change is not None)
