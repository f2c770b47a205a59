"""Finds questions that differ in a few characters, by shared runs of characters and then by edit distance.

Every run that is rare enough is looked up, so no similar question is missed by chance, as with MinHash.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from math import log

from rapidfuzz.distance import Levenshtein

from runtime.contract.leakage.normal import marks, weight

MAX_QUESTIONS = 20_000  # of an evaluation source
MAX_LENGTH = 2_000  # characters of a question: longer ones are only compared whole
MAX_TRIED = 8  # questions that are compared with one text
MAX_KEPT = 32  # texts that are kept for one question
# edits by width of runs (2 where most characters are Chinese, Japanese or Korean, else 4): share of the text, and most
_EDITS = {2: (0.34, 10), 4: (0.3, 20)}
# shares of the distinctive characters that must be the same: of the question, and of the text, whose own words are new
SAME_SHARE, SAME_SHARE_OF_TEXT = 0.7, 0.6
MAX_COMMON, COMMON_SHARE = 200, 0.05  # questions with a run above which it says nothing of a question
_AROUND = {2: 1, 4: 4}  # characters around a change that may belong to the same word
VALUE_ROWS = 2  # questions with the same words at the same place, which make these a value of a template
OWN_NUMBER_ROWS = 3  # texts with a number, such as that of an order, that sets a question apart
COMMON_ROWS = 3  # other rows with all that two texts have in common, which make that a template
MAX_OTHERS = 5_000  # rows that are kept to see what is common


@dataclass(frozen=True, kw_only=True, slots=True)
class _Question:
    text: str
    marks: tuple[str, ...]
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reworded:
    """A row whose question is nearly a question of the index."""

    here: str
    there: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Candidate:
    here: str
    text: str


class Rewordings:
    """Index of questions in normal form. Add all questions before the first search.

    `others` collects compared texts, of this source and of those before it, as far as they show what is a template.
    """

    def __init__(self, others: dict[str, None]) -> None:
        self._questions: list[_Question] = []
        self._runs: dict[int, defaultdict[str, list[int]]] = {width: defaultdict(list) for width in _EDITS}
        self._candidates: defaultdict[int, list[_Candidate]] = defaultdict(list)
        self._others = others
        self._longest = 0

    def add(self, text: str, found: tuple[str, ...], name: str) -> None:
        """Add a question with its marks."""
        if len(self._questions) >= MAX_QUESTIONS or not 0 < len(text) <= MAX_LENGTH:
            return
        width = _width(text)
        for run in set(_runs(text, width)):
            self._runs[width][run].append(len(self._questions))
        self._questions.append(_Question(text=text, marks=found, name=name))
        self._longest = max(self._longest, len(text))

    def compare(self, text: str, raw: str, here: str) -> None:
        """Compare a row's question: its normal form, and its text, of which the marks are read if needed."""
        if not text or len(text) > self._longest * 1.5:
            return
        if len(self._others) < MAX_OTHERS:
            self._others[text] = None
        near = self._near(text, lambda: marks(raw))
        if near is not None and len(self._candidates[near]) < MAX_KEPT:
            self._candidates[near].append(_Candidate(here=here, text=text))

    def result(self) -> list[Reworded]:
        """Return the rows that were found, by question, but not those that only fill in the same template."""
        asked = [each.text for each in self._questions[:MAX_OTHERS]]
        sources = (_Values(asked), _Values([*self._others]))
        both = _Values([*asked, *self._others])
        found = []
        for key, candidates in self._candidates.items():
            question = self._questions[key]
            for each in candidates:
                if not _templated(question.text, each.text, sources, both):
                    found.append(Reworded(here=each.here, there=question.name))
        return found

    def _near(self, text: str, found: Callable[[], tuple[str, ...]]) -> int | None:
        """Return the question that is nearest to a text; None if none is near."""
        return min(self._similar(text, found), default=(0, None))[1]

    def _similar(self, text: str, found: Callable[[], tuple[str, ...]]) -> list[tuple[int, int]]:
        """Return the questions near a text, each as its distance and its key."""
        width = _width(text)
        tried = self._tried(_runs(text, width), width)
        own = found() if tried else ()
        similar = []
        for key in tried:
            question = self._questions[key]
            distance = self._distance(question, text, width) if question.marks == own else None
            if distance is not None:
                similar.append((distance, key))
        return similar

    def _tried(self, runs: Sequence[str], width: int) -> list[int]:
        """Return the questions that share the most rare runs with a text."""
        common = min(max(COMMON_SHARE * len(self._questions), MAX_TRIED), MAX_COMMON)
        found = (self._runs[width].get(run, ()) for run in set(runs))
        shared = Counter(chain.from_iterable(keys for keys in found if len(keys) <= common))
        return [key for key, _ in sorted(shared.items(), key=lambda each: (-each[1], each[0]))[:MAX_TRIED]]

    def _distance(self, question: _Question, text: str, width: int) -> int | None:
        """Return the edits between a question and a text; None if they are too many, or in what sets it apart."""
        share, most = _EDITS[width]
        limit = min(int(share * max(len(question.text), len(text))), most)
        distance = Levenshtein.distance(question.text, text, score_cutoff=limit)
        if distance > limit:
            return None
        same = [each for each in Levenshtein.opcodes(question.text, text) if each.tag == "equal"]
        mine, theirs = self._weights(question.text, width), self._weights(text, width)
        in_question = sum(sum(mine[each.src_start : each.src_end]) for each in same)
        in_text = sum(sum(theirs[each.dest_start : each.dest_end]) for each in same)
        same_share = in_question / sum(mine), in_text / sum(theirs)
        return distance if same_share[0] >= SAME_SHARE and same_share[1] >= SAME_SHARE_OF_TEXT else None

    def _weights(self, text: str, width: int) -> list[float]:
        """Return how much each character sets a question apart: 1 if no other has its runs, near 0 if all have."""
        count = len(self._questions)
        runs = _runs(text, width)
        rare = [log((count + 1) / max(len(self._runs[width].get(run, ())), 1)) / log(count + 1) for run in runs]
        covering = [rare[max(at - width + 1, 0) : at + 1] for at in range(len(text))]
        return [sum(each) / len(each) for each in covering]


def _width(text: str) -> int:
    return 2 if weight(text) >= 1.5 * len(text) else 4


def _runs(text: str, width: int) -> list[str]:
    return [text[at : at + width] for at in range(max(len(text) - width + 1, 1))]


Change = tuple[int, int, int, int]
_EDGE = "\n"
_NUMBER = re.compile(r"\d+")


def _masked(text: str) -> str:
    return _NUMBER.sub("0", text)


@lru_cache(maxsize=4096)
def _changes(question: str, text: str) -> tuple[Change, ...]:
    """Return where a text changes a question: start and end in the question, start and end in the text."""
    width = _width(question)
    same = [each for each in Levenshtein.opcodes(question, text) if each.tag == "equal"]
    # a run of few equal characters between two changes is chance
    kept = [each for each in same if each.src_end - each.src_start > width]
    ends = [(0, 0), *((each.src_end, each.dest_end) for each in kept)]
    starts = [*((each.src_start, each.dest_start) for each in kept), (len(question), len(text))]
    return tuple((end[0], start[0], end[1], start[1]) for end, start in zip(ends, starts, strict=True) if end != start)


def _templated(question: str, text: str, sources: tuple["_Values", "_Values"], both: "_Values") -> bool:
    """Whether a text only fills in the same template as a question; `sources` are the questions and the other rows."""
    if both.share(question, text):
        return True
    forms = _masked(question), _masked(text)
    if both.share(*forms) and sources[0].swap(question, text):
        return True
    pair = (question, text) if both.has_own_number(question) else forms
    return any(each.contrast(*pair) for each in sources)


class _Values:
    """Texts that show which words are values of a template: `north` and `south` in two addresses."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._masked_texts = [_masked(each) for each in texts]
        self._joined = _EDGE.join(["", *texts, ""])
        self._masked = _masked(self._joined)

    def share(self, one: str, other: str) -> bool:
        """Whether several texts have all that two texts have in common, so that it does not set these two apart.

        If the numbers of the two texts are masked, so are those of the others.
        """
        changes, around = _changes(one, other), _AROUND[_width(one)]
        ends, starts = (
            [0, *(end + around for _, end, *_ in changes)],
            [*(each[0] - around for each in changes), len(one)],
        )
        common = [one[end:start] for end, start in zip(ends, starts, strict=True) if end < start]
        texts = self._masked_texts if one == _masked(one) else self._texts
        having = (each for each in texts if each not in (one, other) and all(part in each for part in common))
        return len([*islice(having, COMMON_ROWS)]) == COMMON_ROWS

    def swap(self, one: str, other: str) -> bool:
        """Whether the other text has words that one lacks, but several texts have at the same place.

        The words are looked up with what is before or after them; numbers count as one another.
        """
        width, masked = _width(one), _masked(other)
        around = _EDGE + masked + _EDGE
        for start, end, at, to in _changes(_masked(one), masked):
            if min(end - start, to - at) >= width:
                ends = around[max(at - 1, 0) : to + 1], around[at + 1 : to + 3]
                if any(self._masked.count(each) >= VALUE_ROWS for each in ends):
                    return True
        return False

    def contrast(self, one: str, other: str) -> bool:
        """Whether several pairs of these texts differ just as the two do somewhere: in a word, or in a name."""
        texts = self._masked_texts if one == _masked(one) else self._texts
        known = {*texts} - {one, other}
        for start, end, at, to in _changes(one, other):
            mine, theirs = one[start:end], other[at:to]
            if mine and theirs:
                pairs = (each for each in texts if mine in each and each.replace(mine, theirs) in known)
                if len([*islice(pairs, COMMON_ROWS)]) == COMMON_ROWS:
                    return True
        return False

    def has_own_number(self, text: str) -> bool:
        """Whether a number of the text is in hardly any other."""
        return any(self._joined.count(each) <= OWN_NUMBER_ROWS for each in _NUMBER.findall(text))
