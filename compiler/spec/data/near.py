"""Near duplicates of texts, by MinHash over character shingles, which works for any script."""

import re
import unicodedata
from collections import Counter

from rensa import RMinHash, RMinHashDeduplicator, RMinHashLSH

THRESHOLD = 0.8  # Jaccard similarity of shingles at which two texts are near
PERMUTATIONS = 128
BANDS = 16
SEED = 1
MAX_KEPT = 200_000  # different rows that later rows are compared with: about 2.4 KB of memory each
# shingles in more than this share of the questions belong to a template, and do not distinguish questions
TEMPLATE_SHARE, TEMPLATE_ROWS = 0.1, 5
DISTINCTIVE_THRESHOLD, DISTINCTIVE_BANDS = 0.5, 32

# in these scripts a character carries about as much meaning as half a word
_IDEOGRAPHIC = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
_WIDTH, _WIDTH_IDEOGRAPHIC = 5, 2


def shingles(text: str) -> set[str]:
    """Return a text's runs of five characters, two in Chinese, Japanese or Korean.

    Case and spacing do not count.
    """
    normal = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    last = len(normal)
    ideographic = {found.start() for found in _IDEOGRAPHIC.finditer(normal)}
    found = {normal[at : at + _WIDTH] for at in range(last - _WIDTH + 1) if at not in ideographic}
    found |= {normal[at : at + _WIDTH_IDEOGRAPHIC] for at in ideographic if at + _WIDTH_IDEOGRAPHIC <= last}
    return found or {normal}


def jaccard(one: set[str], other: set[str]) -> float:
    """Return the share of common shingles among all shingles."""
    return len(one & other) / len(one | other)


class Duplicates:
    """Finds texts of a source that are near an earlier text, by estimates: no text is kept."""

    def __init__(self) -> None:
        self._found = RMinHashDeduplicator(THRESHOLD, PERMUTATIONS, use_lsh=True, num_bands=BANDS, seed=SEED)
        self._kept = 0

    def earlier(self, text: str, name: str) -> str:
        """Return the name of an earlier text near this one; otherwise add this text, and return ""."""
        sketch = _sketch(shingles(text))
        like = self._found.get_duplicates(sketch)
        if like:
            return str(min(like, key=lambda each: (len(each), each)))
        if self._kept < MAX_KEPT:
            self._found.add(name, sketch)
            self._kept += 1
        return ""


class Questions:
    """Finds questions of an evaluation source in other sources. Candidates are compared exactly.

    If many questions share text, such as the instructions of a prompt template, their distinctive parts must be similar
    too, with a lower threshold: a changed word weighs more in them.
    """

    def __init__(self) -> None:
        self._names: list[str] = []
        self._shingles: list[set[str]] = []
        self._distinctive: list[set[str]] = []
        self._template: frozenset[str] = frozenset()
        self._index: RMinHashLSH | None = None

    def add(self, text: str, name: str) -> None:
        """Add one question. Add all questions before the first search."""
        self._names.append(name)
        self._shingles.append(shingles(text))

    def near(self, text: str) -> str:
        """Return the name of the question that is most similar to the text; empty if none is near."""
        index = self._index or self._build()
        wanted = shingles(text)
        distinctive = self._distinctive_of(wanted)
        alike = [
            (jaccard(wanted, self._shingles[key]), -key)
            for key in index.query(_sketch(distinctive))
            if jaccard(distinctive, self._distinctive[key]) >= DISTINCTIVE_THRESHOLD
        ]
        similarity, key = max(alike, default=(0.0, 0))
        return self._names[-key] if similarity >= THRESHOLD else ""

    def _build(self) -> RMinHashLSH:
        counts = Counter(shingle for each in self._shingles for shingle in each)
        limit = max(len(self._shingles) * TEMPLATE_SHARE, TEMPLATE_ROWS)
        self._template = frozenset(shingle for shingle, count in counts.items() if count > limit)
        self._distinctive = [self._distinctive_of(each) for each in self._shingles]
        self._index = RMinHashLSH(DISTINCTIVE_THRESHOLD, PERMUTATIONS, DISTINCTIVE_BANDS)
        for key, each in enumerate(self._distinctive):
            self._index.insert(key, _sketch(each))
        return self._index

    def _distinctive_of(self, found: set[str]) -> set[str]:
        return found - self._template or found


def _sketch(found: set[str]) -> RMinHash:
    sketch = RMinHash(PERMUTATIONS, SEED)
    sketch.update(sorted(found))
    return sketch
