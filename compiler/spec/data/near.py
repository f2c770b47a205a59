"""Texts that are nearly the same, by MinHash over shingles of characters, which works in any script."""

import re
import unicodedata
from collections import Counter

from rensa import RMinHash, RMinHashDeduplicator, RMinHashLSH

THRESHOLD = 0.8  # Jaccard similarity of two texts' shingles from which they are nearly the same
PERMUTATIONS = 128
BANDS = 16
SEED = 1
MAX_KEPT = 200_000  # different rows that later ones are compared with: about 2.4 KB of memory each
# what more than this share of the questions hold does not tell one from another
TEMPLATE_SHARE, TEMPLATE_ROWS = 0.1, 5
TELLING_THRESHOLD, TELLING_BANDS = 0.5, 32

# in these scripts a character carries about as much as half a word
_IDEOGRAPHIC = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
_WIDTH, _WIDTH_IDEOGRAPHIC = 5, 2


def shingles(text: str) -> set[str]:
    """The text's runs of five characters, of two in Chinese, Japanese or Korean; case and spacing do not count."""
    normal = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    last = len(normal)
    ideographic = {found.start() for found in _IDEOGRAPHIC.finditer(normal)}
    found = {normal[at : at + _WIDTH] for at in range(last - _WIDTH + 1) if at not in ideographic}
    found |= {normal[at : at + _WIDTH_IDEOGRAPHIC] for at in ideographic if at + _WIDTH_IDEOGRAPHIC <= last}
    return found or {normal}


def jaccard(one: set[str], other: set[str]) -> float:
    """Shared shingles over all."""
    return len(one & other) / len(one | other)


class Duplicates:
    """Texts of one source that are nearly one of its first ones. Similarity is estimated, so that no text is kept."""

    def __init__(self) -> None:
        self._found = RMinHashDeduplicator(THRESHOLD, PERMUTATIONS, use_lsh=True, num_bands=BANDS, seed=SEED)
        self._kept = 0

    def earlier(self, text: str, name: str) -> str:
        """The name of an earlier text that this one is nearly; empty, and it is kept in mind, where there is none."""
        sketch = _sketch(shingles(text))
        like = self._found.get_duplicates(sketch)
        if like:
            return str(min(like, key=lambda each: (len(each), each)))
        if self._kept < MAX_KEPT:
            self._found.add(name, sketch)
            self._kept += 1
        return ""


class Questions:
    """The questions of an evaluation source, to be found again in other sources. They are compared exactly once they
    look alike. Where very many share something, such as the instructions of a prompt template, what tells one from
    another must be alike too, if less so: there a changed word weighs more.
    """

    def __init__(self) -> None:
        self._names: list[str] = []
        self._shingles: list[set[str]] = []
        self._telling: list[set[str]] = []
        self._template: frozenset[str] = frozenset()
        self._index: RMinHashLSH | None = None

    def add(self, text: str, name: str) -> None:
        """Take in one question; all are taken in before the first search."""
        self._names.append(name)
        self._shingles.append(shingles(text))

    def near(self, text: str) -> str:
        """The name of the question that the text is most nearly; empty where it is near none."""
        index = self._index or self._build()
        wanted = shingles(text)
        telling = self._telling_of(wanted)
        alike = [
            (jaccard(wanted, self._shingles[key]), -key)
            for key in index.query(_sketch(telling))
            if jaccard(telling, self._telling[key]) >= TELLING_THRESHOLD
        ]
        similarity, key = max(alike, default=(0.0, 0))
        return self._names[-key] if similarity >= THRESHOLD else ""

    def _build(self) -> RMinHashLSH:
        counts = Counter(shingle for each in self._shingles for shingle in each)
        limit = max(len(self._shingles) * TEMPLATE_SHARE, TEMPLATE_ROWS)
        self._template = frozenset(shingle for shingle, count in counts.items() if count > limit)
        self._telling = [self._telling_of(each) for each in self._shingles]
        self._index = RMinHashLSH(TELLING_THRESHOLD, PERMUTATIONS, TELLING_BANDS)
        for key, each in enumerate(self._telling):
            self._index.insert(key, _sketch(each))
        return self._index

    def _telling_of(self, found: set[str]) -> set[str]:
        return found - self._template or found


def _sketch(found: set[str]) -> RMinHash:
    sketch = RMinHash(PERMUTATIONS, SEED)
    sketch.update(sorted(found))
    return sketch
