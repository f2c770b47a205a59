"""English number words: twenty-one, one hundred and twenty, minus five, two and a half, three quarters, 1.5 million."""

import re
from fractions import Fraction

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORDS = {word: value for value, word in enumerate(_ONES)} | {
    word: value for value, word in zip(range(20, 100, 10), _TENS, strict=True)
}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_PARTS = {
    "half": 2,
    "halves": 2,
    "third": 3,
    "quarter": 4,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "eighth": 8,
    "tenth": 10,
}
_PARTS |= {f"{word}s": value for word, value in _PARTS.items() if not word.endswith(("half", "halves"))}

_ANY = "|".join(sorted({*_WORDS, *_SCALES, *_PARTS, "hundred", "dozen"}, key=len, reverse=True))
# A run of number words; `and`, `a` and `point` only within it.
NUMBER = re.compile(
    rf"\b(?:(?P<sign>minus|negative) )?"
    rf"(?P<words>(?:an? )?(?:{_ANY})(?:(?: and a | and |-| point | of a | )(?:{_ANY}))*)\b",
    re.IGNORECASE,
)


def value_of(found: "re.Match[str]") -> Fraction | None:
    """Return the value of a match of `NUMBER`; None if its words do not form a number."""
    words = re.sub(r"-| of a ", " ", found["words"].lower()).split()
    value = _value([word for word in words if word != "a" and word != "an"])
    return -value if value is not None and found["sign"] else value


def _value(words: list[str]) -> Fraction | None:
    if len(words) > 1 and words[-1] in _SCALES and ("point" in words or _PARTS.keys() & set(words)):
        part = _value(words[:-1])
        return None if part is None else part * _SCALES[words[-1]]
    if "point" in words:
        at = words.index("point")
        whole, places = _value(words[:at]), [_WORDS.get(word, 10) for word in words[at + 1 :]]
        if whole is None or not places or max(places) > 9:
            return None
        return whole + Fraction(int("".join(map(str, places))), 10 ** len(places))
    if words and words[-1] in _PARTS:
        return _parts(words[:-1], _PARTS[words[-1]])
    if words[-1:] == ["dozen"]:
        count = _cardinal(words[:-1]) if words[:-1] else 1
        return None if count is None else Fraction(12 * count)
    whole_number = _cardinal(words)
    return None if whole_number is None else Fraction(whole_number)


def _parts(words: list[str], below: int) -> Fraction | None:
    """Return `three quarters`, `two and a half`, or `half`, without the last word, which is a part of `below`."""
    whole: int | None = 0
    above: int | None = 1
    if "and" in words:
        at = len(words) - 1 - words[::-1].index("and")
        whole, words = _cardinal(words[:at]), words[at + 1 :]
    if words:
        above = _cardinal(words)
    return None if whole is None or above is None else whole + Fraction(above, below)


def _cardinal(words: list[str]) -> int | None:
    """Return the value of a cardinal number; None for words in an order that no number has."""
    total = section = 0
    last = ""
    for word in words:
        if word == "and":
            if last not in ("hundred", *_SCALES):
                return None
        elif word == "hundred":
            section = (section or 1) * 100
        elif word in _SCALES:
            total, section = total + (section or 1) * _SCALES[word], 0
        elif word not in _WORDS or not _follows(_WORDS[word], last):
            return None
        else:
            section += _WORDS[word]
        last = word
    return total + section if words and last != "and" else None


def _follows(value: int, last: str) -> bool:
    """Return whether a word of this value may follow `last`: a digit follows a ten, and both a hundred."""
    before = _WORDS.get(last)
    return before is None or (before >= 20 and 0 < value < 10)
