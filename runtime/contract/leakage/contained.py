"""Finds whole questions inside longer texts: as a later turn, in a template, or behind an instruction."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate

from runtime.contract.leakage.normal import normal, segments, weight

# weights: see `normal.weight`
MIN_TURN = 6  # of a question that is a turn of its own: greetings and `continue` do not count
MIN_BETWEEN_BREAKS = 10  # of one that has punctuation or line breaks around it
MIN_INSIDE, INSIDE_SHARE = 24, 0.6  # of one that is the most of its sentence
MIN_ANYWHERE = 60
MIN_QUOTED = 32  # of one in a text that asks nothing: documents and answers repeat short questions by chance
# classes of length: least length of a question, size of the pieces that are looked up, characters between two look-ups
_CLASSES = ((24, 8, 17), (12, 6, 7), (5, 4, 2))


class Contained:
    """Index of questions by pieces of their normal form. Add all questions before the first search."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        # by class: piece → its offsets in questions, with the questions' lengths
        self._pieces: list[defaultdict[str, set[tuple[int, int]]]] = [defaultdict(set) for _ in _CLASSES]

    def add(self, question: str, name: str) -> None:
        """Add the normal form of a question."""
        if question in self._names or not question:
            return
        self._names[question] = name
        for (least, size, stride), pieces in zip(_CLASSES, self._pieces, strict=True):
            if len(question) >= least:
                if weight(question) >= MIN_BETWEEN_BREAKS:
                    for offset in range(stride):
                        pieces[question[offset : offset + size]].add((offset, len(question)))
                return

    def as_turn(self, text: str) -> str:
        """Return the name of the question that is the whole text; empty if none is."""
        form = normal(text)
        return self._names.get(form, "") if weight(form) >= MIN_TURN or _has_digit(form) else ""

    def inside(self, text: str, *, least: int = 0) -> str:
        """Return the name of the first question of weight `least` that the text contains; empty if there is none."""
        parts = segments(text)
        whole = "".join(parts)
        breaks: list[int] = []
        for start, end in self._places(whole):
            breaks = breaks or [0, *accumulate(len(part) for part in parts)]
            if weight(whole[start:end]) >= least and _counts(whole, start, end, breaks):
                return self._names[whole[start:end]]
        return ""

    def _places(self, whole: str) -> Iterator[tuple[int, int]]:
        for (_, size, stride), pieces in zip(_CLASSES, self._pieces, strict=True):
            if not pieces:
                continue
            for at in range(0, len(whole) - size + 1, stride):
                for offset, length in pieces.get(whole[at : at + size], ()):
                    start = at - offset
                    if start >= 0 and whole[start : start + length] in self._names:
                        yield start, start + length


def _counts(whole: str, start: int, end: int, breaks: list[int]) -> bool:
    """Whether a question at this place is asked there, and is not only a part of other words."""
    if _splits_number(whole, start) or _splits_number(whole, end):
        return False
    size = weight(whole[start:end])
    if size >= MIN_ANYWHERE or (start in breaks and end in breaks):
        return True
    first = max(each for each in breaks if each <= start)
    last = min(each for each in breaks if each >= end)
    return size >= max(MIN_INSIDE, INSIDE_SHARE * weight(whole[first:last]))


def _splits_number(whole: str, at: int) -> bool:
    return 0 < at < len(whole) and whole[at - 1].isdigit() and whole[at].isdigit()


def _has_digit(text: str) -> bool:
    return any(each.isdigit() for each in text)
