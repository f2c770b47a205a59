"""A system: a model with its prompt, decoding, retriever and agent code; what it answers, and where it fails."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tools.interventions.answering import MOST, MOST_STEPS, answers, final
from tools.interventions.applications import FLOW_FAILS, RETRIEVER_FAILS, Application, Question
from tools.interventions.words import Words
from transformers import LlamaForCausalLM


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """How a prompt is written: with the team's rule, with examples, with a request for steps."""

    rule: bool = False
    shots: bool = False
    steps: bool = False


# the rounds of a team that works on its prompt, with their technique
ROUNDS = (
    ("zero-shot", Wording()),
    ("few-shot", Wording(shots=True)),
    ("rules", Wording(rule=True)),
    ("restructure", Wording(steps=True)),
    ("few-shot", Wording(shots=True, rule=True)),
    ("restructure", Wording(steps=True, shots=True)),
)


def best_wording(right: dict[Wording, list[bool]]) -> Wording:
    """The first wording, or a later one whose paired gain over it has an interval above zero: noise chooses nothing."""
    (best, now), *others = right.items()
    for wording, found in others:
        gains = [int(new) - int(old) for new, old in zip(found, now, strict=True)]
        mean = sum(gains) / len(gains)
        spread = math.sqrt(sum((each - mean) ** 2 for each in gains) / (len(gains) - 1) / len(gains))
        if mean > 1.96 * spread:
            best, now = wording, found
    return best


@dataclass(frozen=True, kw_only=True, slots=True)
class System:
    """A planted application with its parts; an intervention replaces some of them."""

    application: Application
    model: LlamaForCausalLM
    temperature: float
    retriever: str
    flow: str
    wording: Wording = Wording()
    constrained: bool = False

    @classmethod
    def of(cls, application: Application, model: LlamaForCausalLM) -> "System":
        return cls(
            application=application,
            model=model,
            temperature=application.temperature,
            retriever=application.retriever,
            flow=application.flow,
        )

    def retriever_fails(self, question: Question) -> bool:
        return self.retriever == "broken" and question.fails < RETRIEVER_FAILS

    def flow_fails(self, question: Question) -> bool:
        return self.flow == "broken" and question.fails < FLOW_FAILS

    def prompts(self, questions: Sequence[Question]) -> list[Words]:
        """What the model reads."""
        rng = random.Random(f"{self.application.name} shots")
        return [self._prompt(each, rng) for each in questions]

    def _prompt(self, question: Question, rng: random.Random) -> Words:
        made = question.spoilt if self.flow_fails(question) else question.core
        if self.wording.steps:
            made = ("steps", *made)
        if self.wording.rule:
            made = ("policy", *made)
        if self.wording.shots:
            made = (*self.application.shots(rng), *made)
        if self.retriever != "none":
            made = (*(question.other if self.retriever_fails(question) else question.passage), *made)
        return made

    @property
    def most(self) -> int:
        """The limit of an answer's words."""
        return MOST_STEPS if self.wording.steps else MOST

    def answers(self, questions: Sequence[Question], *, seed: int, samples: int = 1) -> list[list[Words]]:
        return answers(
            self.model,
            self.prompts(questions),
            temperature=self.temperature,
            seed=seed,
            samples=samples,
            constrained=self.constrained,
            most=self.most,
        )

    def right(self, questions: Sequence[Question], *, seed: int) -> list[bool]:
        """Whether one answer to each question is right."""
        found = self.answers(questions, seed=seed)
        return [final(group[0]) == each.answer for each, group in zip(questions, found, strict=True)]

    def with_(self, **changes: object) -> "System":
        return replace(self, **changes)  # type: ignore[arg-type]
