"""Scored answers to questions under a prompt; an equal request is made and counted once."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from runtime.contract.blocks import AnswerBlock
from runtime.data.formats import Row
from runtime.data.prompt_file import prompted
from runtime.data.questions import Question
from runtime.make.prompts.splits import cluster_of
from runtime.model.answering.paid import BudgetSpentError
from runtime.model.answering.request import AnsweringModel, Request
from runtime.model.endpoint.client import Reply
from runtime.scoring.metrics import Score


@dataclass(kw_only=True, slots=True)
class Ledger:
    """The different requests of a stage, earlier runs of it included, of at most `calls`; `reserved` are kept back."""

    calls: int
    reserved: int = 0
    known: set[str] = field(default_factory=set)

    def spend(self, keys: Sequence[str]) -> None:
        """Count requests; `BudgetSpentError`, before any of them is made, if the new ones exceed the budget."""
        wanted = self.known | set(keys)
        if len(wanted) > self.calls - self.reserved:
            kept = f", of which {self.reserved} are kept for the report" if self.reserved else ""
            raise BudgetSpentError(f"{len(self.known)} of {self.calls} calls are made{kept}")
        self.known = wanted


@dataclass(frozen=True, kw_only=True, slots=True)
class Scored:
    """The answer to a question, and its score by the deciding metric."""

    text: str
    score: float
    reason: str
    is_cut: bool


class Examiner:
    """Asks a model under a prompt, and scores its answers."""

    def __init__(
        self,
        model: AnsweringModel,
        *,
        score: Callable[[Row, str], Score],
        generation: AnswerBlock,
        ledger: Ledger,
        seed: int,
    ) -> None:
        self._model = model
        self._score = score
        self._generation = generation
        self._ledger = ledger
        self._seed = seed
        self._scored: dict[tuple[str, str], Scored] = {}

    def answers(self, text: str, questions: Sequence[Question]) -> list[Scored]:
        """Return the scored answer to each question in the prompt `text`.

        A refusal and an empty answer score 0. `BudgetSpentError` if the budget does not allow all of them.
        """
        asked = [prompted(text, each.prompt) for each in questions]
        requests = [
            Request(
                prompt=prompt,
                max_new_tokens=self._generation.max_new_tokens,
                temperature=self._generation.temperature,
                seed=self._seed,
            )
            for prompt in asked
        ]
        keys = [each.key("model") for each in requests]
        missing = {key: at for at, key in enumerate(keys) if (key, _id(questions[at])) not in self._scored}
        self._ledger.spend(list(missing))
        places = list(missing.values())
        replies = self._model.replies([requests[at] for at in places]) if places else []
        by_key = {keys[at]: reply for at, reply in zip(places, replies, strict=True)}
        for key, question in zip(keys, questions, strict=True):
            if (key, _id(question)) not in self._scored:
                self._scored[key, _id(question)] = self._judge(question, by_key[key])
        return [self._scored[key, _id(question)] for key, question in zip(keys, questions, strict=True)]

    def _judge(self, question: Question, reply: Reply | None) -> Scored:
        if reply is None:
            return Scored(text="", score=0.0, reason="the endpoint refuses the request", is_cut=False)
        found = self._score(question.row, reply.text)
        return Scored(text=reply.text, score=found.value, reason=found.reason, is_cut=reply.truncated)


def by_cluster(scores: Sequence[float], questions: Sequence[Question]) -> Mapping[str, float]:
    """Return the mean score of each cluster."""
    groups: dict[str, list[float]] = {}
    for score, question in zip(scores, questions, strict=True):
        groups.setdefault(cluster_of(question), []).append(score)
    return {name: math.fsum(each) / len(each) for name, each in groups.items()}


def _id(question: Question) -> str:
    return str(question.row["id"])
