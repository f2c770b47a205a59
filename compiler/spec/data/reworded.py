"""Finds questions that differ in a few characters, by shared runs of characters and then by edit distance.

Every run that is rare enough is looked up, so no similar question is missed by chance, as with MinHash.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log

from rapidfuzz.distance import Levenshtein

from compiler.spec.data.normal import marks, weight

MAX_QUESTIONS = 20_000  # of an evaluation source
MAX_LENGTH = 2_000  # characters of a question: longer ones are only compared whole
MAX_TRIED = 8  # questions that are compared with one text
MAX_KEPT = 32  # texts that are kept for one question
# edits by width of runs (2 where most characters are Chinese, Japanese or Korean, else 4): share of the text, and most
_EDITS = {2: (0.3, 10), 4: (0.2, 20)}
SAME_SHARE = 0.7  # share of the distinctive characters that must be the same
MAX_COMMON, COMMON_SHARE = 200, 0.05  # questions with a run above which it says nothing of a question
VALUE_ROWS = 2  # questions with the same words at the same place, which make these a value of a template
FILLERS = 3  # different texts at the same place of one question, which make the place a blank of a template


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
    """Index of questions in normal form. Add all questions before the first search."""

    def __init__(self) -> None:
        self._questions: list[_Question] = []
        self._runs: dict[int, defaultdict[str, list[int]]] = {width: defaultdict(list) for width in _EDITS}
        self._candidates: defaultdict[int, list[_Candidate]] = defaultdict(list)
        self._longest = 0
        self._all = ""

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
        near = self._near(text, lambda: marks(raw))
        if near is not None and len(self._candidates[near]) < MAX_KEPT:
            self._candidates[near].append(_Candidate(here=here, text=text))

    def result(self) -> list[Reworded]:
        """Return the rows that were found, by question; those that fill in a template's blank differently are not."""
        found = []
        for key, candidates in self._candidates.items():
            question = self._questions[key]
            others = [*{each.text for each in candidates}, *self._variants(key)]
            fillers = [
                (start, end, other[at:to]) for other in others for start, end, at, to in _changes(question.text, other)
            ]
            found += [
                Reworded(here=each.here, there=question.name)
                for each in candidates
                if not _fills_blank(_changes(question.text, each.text), fillers)
                and not self._swaps_value(question.text, each.text)
            ]
        return found

    def _swaps_value(self, question: str, text: str) -> bool:
        """Whether a text has other words than a question where several questions have these too: `north` for `south`.

        The words are looked up with what is before or after them; digits count as one another.
        """
        self._all = self._all or _EDGE.join(["", *(_masked(each.text) for each in self._questions), ""])
        width = _width(question)
        around = _EDGE + _masked(text) + _EDGE
        for start, end, at, to in _changes(question, text):
            if min(end - start, to - at) >= width:
                ends = around[max(at - 1, 0) : to + 1], around[at + 1 : to + 3]
                if any(self._all.count(each) >= VALUE_ROWS for each in ends):
                    return True
        return False

    def _variants(self, key: int) -> Iterable[str]:
        """Return the questions of the index that are near one of them."""
        own = self._questions[key]
        return [self._questions[each].text for _, each in self._similar(own.text, lambda: own.marks) if each != key]

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
        shared: Counter[int] = Counter()
        for run in set(runs):
            keys = self._runs[width].get(run, ())
            if len(keys) <= common:
                shared.update(keys)
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
        return distance if min(in_question / sum(mine), in_text / sum(theirs)) >= SAME_SHARE else None

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
_DIGIT = re.compile(r"\d")


def _masked(text: str) -> str:
    return _DIGIT.sub("0", text)


@lru_cache(maxsize=4096)
def _changes(question: str, text: str) -> tuple[Change, ...]:
    """Return where a text changes a question: start and end in the question, start and end in the text."""
    width = _width(question)
    same = [each for each in Levenshtein.opcodes(question, text) if each.tag == "equal"]
    # a run of few equal characters between two changes is chance
    kept = [each for each in same if each.src_end - each.src_start >= width]
    ends = [(0, 0), *((each.src_end, each.dest_end) for each in kept)]
    starts = [*((each.src_start, each.dest_start) for each in kept), (len(question), len(text))]
    return tuple((end[0], start[0], end[1], start[1]) for end, start in zip(ends, starts, strict=True) if end != start)


def _fills_blank(changes: tuple[Change, ...], fillers: Sequence[tuple[int, int, str]]) -> bool:
    """Whether some change is at a place where many texts have different words."""
    return any(
        len({filler for first, last, filler in fillers if _meet((first, last), (start, end))}) >= FILLERS
        for start, end, *_ in changes
    )


def _meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return max(one[0], other[0]) < min(one[1], other[1]) or one == other
