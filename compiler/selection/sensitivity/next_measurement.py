"""The measurement most worth buying next: one whose clear outcome would change the decision."""

from dataclasses import dataclass

from compiler.selection.sensitivity.decision import Decider, Decision
from compiler.selection.sensitivity.purchases import Purchase, purchases
from compiler.spec.inputs import Inputs


@dataclass(frozen=True, kw_only=True, slots=True)
class NextMeasurement:
    """A measurement with the outcomes that change the decision, and the decision after each."""

    purchase: Purchase
    outcomes: tuple[tuple[str, Decision], ...]
    now: Decision

    @property
    def sentence(self) -> str:
        """The measurement, its cost and what it could change, in one sentence."""
        by_decision: dict[str, list[str]] = {}
        for words, after in self.outcomes:
            by_decision.setdefault(after.in_words, []).append(words)
        changes = [f"if {' or '.join(words)}: {after}" for after, words in by_decision.items()]
        if len(self.outcomes) < len(self.purchase.outcomes):
            changes.append("otherwise no change")
        return f"{self.purchase.what} ({self.purchase.cost}); {'; '.join(changes)}"


def next_measurement(inputs: Inputs) -> NextMeasurement | None:
    """Return the open measurement that could change the decision; None if none can.

    One that the spec asks for comes first, then the cheapest.
    """
    decider = Decider(inputs)
    found = [_tried(each, decider) for each in purchases(inputs, decider.facts, decider.now.phase)]
    able = [each for each in found if each.outcomes]
    return min(
        able, key=lambda each: (not each.purchase.is_asked, each.purchase.samples, -len(each.outcomes)), default=None
    )


def _tried(purchase: Purchase, decider: Decider) -> NextMeasurement:
    outcomes = [(words, decider.decide(inputs)) for words, inputs in purchase.outcomes.items()]
    return NextMeasurement(
        purchase=purchase, outcomes=tuple(each for each in outcomes if each[1] != decider.now), now=decider.now
    )
