"""The units in which texts are compared: folded text, words, and CJK characters.

Chinese and Japanese put no space between words, so each character of them is a word of its own. The evaluation of MLQA
(Lewis et al. 2020, arXiv 1910.07475) does so for Chinese; a word segmenter would make scores depend on its version.
"""

import re
import unicodedata

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORDS = re.compile(rf"[{_CJK}]|[^\W{_CJK}_]+")
_ARTICLES = frozenset(("a", "an", "the"))


def folded(text: str) -> str:
    """Return text without differences of case, width and white space."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def words_of(text: str) -> list[str]:
    """Return the words of the folded text, without punctuation; each CJK character is one."""
    return _WORDS.findall(folded(text).replace("'", "").replace("’", ""))


def content_words(text: str) -> list[str]:
    """Return the words without English articles, as the evaluation of SQuAD has them."""
    return [word for word in words_of(text) if word not in _ARTICLES]
