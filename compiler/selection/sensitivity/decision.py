"""A decision as people compare two of them: the phase, and the methods in order."""

from dataclasses import dataclass

from compiler.selection.engine import select
from compiler.selection.facts import Facts
from compiler.selection.gather import facts_of
from compiler.selection.model import Phase
from compiler.spec.inputs import Inputs
from compiler.spec.methods import METHODS

_IN_WORDS = {
    Phase.DONE: "nothing to train (target met)",
    Phase.PROMPT: "prompt work",
    Phase.COLLECT: "collecting data",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """The phase and the methods of a decision."""

    phase: Phase
    methods: tuple[str, ...]

    @property
    def in_words(self) -> str:
        """The decision in a few words: what to train, or what to do instead."""
        if not self.methods and self.phase is Phase.TRAIN:
            return "no training"
        titles = " → ".join(METHODS[name].title for name in self.methods)
        if self.phase is Phase.TRAIN:
            return titles if any(METHODS[name].trains for name in self.methods) else f"no training yet ({titles} first)"
        return _IN_WORDS[self.phase]


class Decider:
    """Decides changed inputs as a compile does, and counts how often."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.facts = facts_of(inputs)
        self.now = decision_of(self.facts)
        self.count = 1

    def decide(self, changed: Inputs) -> Decision:
        """Return the decision for the changed inputs."""
        facts = facts_of(changed)
        self.count += 1
        return self.now if facts == self.facts else decision_of(facts)

    def flips(self, changed: Inputs) -> bool:
        """Return whether the changed inputs change the decision."""
        return self.decide(changed) != self.now


def decision_of(facts: Facts) -> Decision:
    """Return the phase and the methods that the rules choose."""
    made = select(facts)
    return Decision(made.phase, tuple(each.method for each in made.stages))
