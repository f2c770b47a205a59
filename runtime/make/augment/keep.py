"""Which written questions are kept: well-formed, new, answerable from their passages, and in no evaluation."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz, process

from runtime.contract.augmentation import Kind
from runtime.contract.leakage.held_out import Comparison, HeldOut
from runtime.contract.leakage.normal import marks, normal, weight
from runtime.contract.words import content_words
from runtime.data.rows import Source
from runtime.make.augment.units import Unit
from runtime.scoring.measures.overlap import token_f1

NEAR = 90.0  # similarity, of 100, at which two questions with the same numbers, codes and entities are one
AGREEMENT: dict[Kind, float] = {"atomic": 0.5, "multi-hop": 0.5, "aggregated": 0.35}
_GIVEN_AWAY = 4  # weight of an answer that a question may not contain
_OF_A_TEXT = re.compile(
    r"\b(?:(?:the|this|given|provided|above) (?:text|facts|excerpt|passages?(?! of))|mentioned above)\b"
    r"|上文|文中|本文|上述|(?:根据|以上|材料中)(?:材料|事实|内容|信息)|这段(?:话|文字)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_POLARITY = re.compile(r"\W*(?:(yes|是的?|对|可以|能)|(no|不是|不对|否|不可以|不能|不))(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A question and its answer, the facts behind it, and the keys of its requests: of writing, then of answering."""

    unit: Unit
    question: str
    answer: str
    calls: tuple[str, ...]


def fault_of(written: Written, passages: str) -> str:
    """Return why a pair cannot be a row, whatever others there are; empty if it can.

    A number of the answer must be in the passages: models invent numbers more readily than words.
    """
    question, answer = written.question, written.answer
    if _OF_A_TEXT.search(question):
        return "refers to a text"
    form = normal(answer)
    if weight(form) >= _GIVEN_AWAY and form in normal(question):
        return "question has its answer"
    if len(content_words(question)) < 3:
        return "no question"
    if not _numbers(answer) <= _numbers(passages):
        return "number that no passage has"
    return ""


def agreement(one: str, other: str) -> float:
    """Return how far two answers to a question agree, 0 to 1; 0 if one says yes and the other no, or numbers differ.

    The share is token F1, or the share of the shorter answer's words that the longer one has: a second answer may say
    more than the first.
    """
    polarities = {side for text in (one, other) if (side := _polarity(text))}
    if len(polarities) > 1:
        return 0.0
    numbers = _numbers(one), _numbers(other)
    if not (numbers[0] <= numbers[1] or numbers[1] <= numbers[0]):
        return 0.0
    words = sorted((Counter(content_words(one)), Counter(content_words(other))), key=Counter.total)
    contained = (words[0] & words[1]).total() / words[0].total() if words[0] else 0.0
    return max(token_f1(one, other), contained)


def _polarity(text: str) -> str:
    found = _POLARITY.match(text)
    return "" if found is None else "yes" if found.group(1) else "no"


def _numbers(text: str) -> set[str]:
    return {each.replace(",", "") for each in _NUMBER.findall(text)}


@dataclass(kw_only=True, slots=True)
class Questions:
    """The questions so far, to which a new one is compared."""

    _forms: dict[str, tuple[object, object]] = field(default_factory=dict)

    def fault(self, question: str, unit: Unit) -> str:
        """Return why a question is no new one, `repeated` or `nearly repeated`; empty if it is new, and then added.

        Questions that fill in the same words with other entities or numbers are different ones.
        """
        form = normal(question)
        own = marks(question), frozenset(key for name in unit.entities if (key := normal(name)) in form)
        if form in self._forms:
            return "repeated"
        near = process.extract(form, self._forms.keys(), scorer=fuzz.ratio, score_cutoff=NEAR, limit=8)
        if any(self._forms[other] == own for other, _, _ in near):
            return "nearly repeated"
        self._forms[form] = own
        return ""


def leaked(questions: Sequence[str], held_out: Sequence[Source]) -> dict[int, str]:
    """Return how questions, by their index, are those of an evaluation: `equal`, `contained` or `near`.

    The test is that of the compiler, which refuses such rows (rule D14). Rows that fill in the same template are not
    near, and others show what is a template: so the rest is compared again, until nothing is found.
    """
    found: dict[int, str] = {}
    while new := {
        at: kind for source in held_out for at, kind in _shared(questions, source, found).items() if at not in found
    }:
        found |= new
    return found


def _shared(questions: Sequence[str], source: Source, left_out: dict[int, str]) -> dict[int, str]:
    index = HeldOut()
    for row, place in zip(source.rows, source.places, strict=True):
        index.watch(row, [], place)
    comparison = Comparison(index)
    found: dict[int, str] = {}
    for at, question in enumerate(questions):
        if at in left_out:
            continue
        if index.has(normal(question)):
            found[at] = "equal"
        comparison.watch({"prompt": question}, [], str(at))
    return found | {int(each.here): each.kind for each in comparison.found()}
