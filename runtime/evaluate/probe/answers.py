"""Answers of a probe: asked once, scored by the family's metric, and kept with what they cost."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from runtime.evaluate.probe.families import TEACHER, Case, Family
from runtime.model.answering.request import AnsweringModel, Request
from runtime.model.endpoint.client import Reply

# whether each text is a right answer to the case of a family
Judge = Callable[[Family, Case, Sequence[str]], list[bool]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One answer; `is_refused` where the endpoint rejected the request for its content or length."""

    text: str
    is_right: bool
    is_cut: bool
    is_refused: bool
    tokens: int
    seconds: float


@dataclass(slots=True)
class Answers:
    """The answers of each family so far: the samples of its first cases, in their order."""

    models: Mapping[str, AnsweringModel]
    judge: Judge
    seed: int
    of: dict[str, list[list[Sample]]] = field(default_factory=dict)

    def extend(self, family: Family, size: int) -> None:
        """Ask the first `size` cases of the family that were not asked yet; same errors as `AnsweringModel.replies`."""
        known = self.of.setdefault(family.name, [])
        cases = family.cases[len(known) : size]
        requests = [self._request(family, case, number) for case in cases for number in range(family.samples)]
        if not requests:
            return
        replies = self.models[TEACHER if family.name == TEACHER else ""].replies(requests)
        groups = [replies[start : start + family.samples] for start in range(0, len(replies), family.samples)]
        known += [self._scored(family, case, group) for case, group in zip(cases, groups, strict=True)]

    def _request(self, family: Family, case: Case, number: int) -> Request:
        return Request(
            prompt=case.prompt,
            max_new_tokens=family.max_new_tokens,
            temperature=family.temperature,
            seed=(self.seed + number) % 2**31 if family.temperature > 0 else 0,
            schema=family.schema,
        )

    def _scored(self, family: Family, case: Case, replies: Sequence[Reply | None]) -> list[Sample]:
        texts = [reply.text if reply is not None else "" for reply in replies]
        verdicts = self.judge(family, case, texts)
        return [
            Sample(
                text=text,
                # an answer of the task that is cut at its limit is wrong, even if its end happens to be right
                is_right=right and bool(text.strip()) and _counts(reply, family),
                is_cut=reply is not None and reply.truncated,
                is_refused=reply is None,
                tokens=reply.completion_tokens if reply is not None else 0,
                seconds=reply.seconds if reply is not None else 0.0,
            )
            for text, right, reply in zip(texts, verdicts, replies, strict=True)
        ]


def _counts(reply: Reply | None, family: Family) -> bool:
    """Return whether a reply can be right: it was not refused, nor cut where that matters."""
    return reply is not None and (family.may_be_cut or not reply.truncated)
