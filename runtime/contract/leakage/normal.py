"""The normal form of a text: questions that differ only in how they are typed have the same one.

Compatibility forms (NFKC), case, traditional characters, white space and punctuation do not count. What is part of a
number or a sum does: `17 - 5`, `17 * 5` and `175` are different.
"""

import re
import unicodedata
from functools import lru_cache

from runtime.contract.leakage.traditional import SIMPLIFIED

# in these scripts a character carries about as much meaning as half a word
IDEOGRAPHIC = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")

_BREAK = "\n"
# punctuation that is part of a sum is kept as a symbol, or as a character for private use
_OPERATORS = {
    "-": "\N{MINUS SIGN}",
    "*": "\N{MULTIPLICATION SIGN}",
    "/": "\N{DIVISION SIGN}",
    ".": "\N{DOT OPERATOR}",
    ":": "\N{RATIO}",
    "^": "\ue000",
    "(": "\ue001",
    ")": "\ue002",
}
_SEPARATOR, _PERCENT, _SHARP = "\N{BULLET OPERATOR}", "\ue003", "\ue004"
_NO_SYMBOLS = "~|"  # categories say that they are mathematical, but people end sentences with them
_DIGIT = re.compile(r"\d")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[^\w]+(?=\d)")
_NEGATIVE = re.compile(r"(?:(?<=[\s(+=<>])|^)[-\N{MINUS SIGN}](?=\d)")
_AFTER_DIGIT = re.compile(r"(?<=\d)\s*%")
_AFTER_LETTER = re.compile(r"(?<=[a-z])#(?!\w)")
# what makes two questions different however alike they are: codes, single letters, numbers in words, signs of a sum
_MARKS = re.compile(
    r"(?<![a-z0-9])[a-z0-9]*\d[a-z0-9]*(?![a-z0-9])|(?<![a-z0-9'’])[b-hj-z](?![a-z0-9'’])"
    r"|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|hundred|thousand|million|second|third)\b"
    r"|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b"
    r"|\b(?:january|february|april|june|july|august|september|october|november|december)\b"
    r"|[二三四五六七八九十百千万两零〇]"
    r"|[+=<>\N{MINUS SIGN}\N{MULTIPLICATION SIGN}\N{DIVISION SIGN}\N{DOT OPERATOR}\N{RATIO}\ue000-\ue004]"
)


class _Fold(dict[int, str | int | None]):
    """Replacement of each character, found at its first use: its simplified form, a break, or nothing."""

    def __missing__(self, code: int) -> str | int | None:
        self[code] = kept = _fold(code)
        return kept


def _fold(code: int) -> str | int | None:
    char = chr(code)
    category = unicodedata.category(char)
    if char == "\n" or category[0] == "P" or char in _NO_SYMBOLS:
        return _BREAK
    if category[0] in "LN" or category in ("Mn", "Mc", "Me", "Co", "Sc", "Sm"):
        return None if 0xFE00 <= code <= 0xFE0F else code  # variation selectors
    return None


_FOLD = _Fold(SIMPLIFIED)


def prepared(text: str) -> str:
    """Return the text in compatibility forms and lower case, with the punctuation of its numbers kept as symbols."""
    found = text.casefold() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    if _DIGIT.search(found):
        found = _THOUSANDS.sub("", found)
        found = _BETWEEN_DIGITS.sub(_between, found)
        found = _AFTER_DIGIT.sub(_PERCENT, _NEGATIVE.sub("\N{MINUS SIGN}", found))
    return _AFTER_LETTER.sub(_SHARP, found) if "#" in found else found


def _between(found: re.Match[str]) -> str:
    kept = [_OPERATORS.get(each, each if unicodedata.category(each) == "Sm" else "") for each in found.group()]
    return "".join(kept) or _SEPARATOR


def segments(text: str) -> list[str]:
    """Return the normal forms of the parts between punctuation and line breaks."""
    return [part for part in prepared(text).translate(_FOLD).split(_BREAK) if part]


@lru_cache(maxsize=4096)
def normal(text: str) -> str:
    """Return the normal form; a text of punctuation alone is its own."""
    return "".join(segments(text)) or " ".join(text.split())


def marks(text: str) -> tuple[str, ...]:
    """Return the numbers, codes and signs of a text in order: questions with other marks are other questions."""
    return tuple(_MARKS.findall(prepared(text).translate(SIMPLIFIED)))


def weight(text: str) -> int:
    """Return the length of a text, in which a Chinese, Japanese or Korean character counts double."""
    return len(text) if text.isascii() else len(text) + len(IDEOGRAPHIC.findall(text))
