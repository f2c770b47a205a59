"""Near duplicates of texts, by MinHash over character shingles, which works for any script."""

import unicodedata

from rensa import RMinHash, RMinHashDeduplicator

from runtime.contract.leakage.normal import IDEOGRAPHIC

THRESHOLD = 0.8  # Jaccard similarity of shingles at which two texts are near
PERMUTATIONS = 128
BANDS = 16
SEED = 1
MAX_KEPT = 200_000  # different rows that later rows are compared with: about 2.4 KB of memory each
_WIDTH, _WIDTH_IDEOGRAPHIC = 5, 2


def shingles(text: str) -> set[str]:
    """Return a text's runs of five characters, two in Chinese, Japanese or Korean.

    Case and spacing do not count.
    """
    normal = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    last = len(normal)
    ideographic = {found.start() for found in IDEOGRAPHIC.finditer(normal)}
    found = {normal[at : at + _WIDTH] for at in range(last - _WIDTH + 1) if at not in ideographic}
    found |= {normal[at : at + _WIDTH_IDEOGRAPHIC] for at in ideographic if at + _WIDTH_IDEOGRAPHIC <= last}
    return found or {normal}


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


def _sketch(found: set[str]) -> RMinHash:
    sketch = RMinHash(PERMUTATIONS, SEED)
    sketch.update(sorted(found))
    return sketch
