"""When an answer says the same as a right one: as text, and as a number. Pure functions, for metrics and rewards."""

import re
from typing import Any

# An answer stands at the end, and the patterns that look for it take longer than linear time.
MAX_NUMERIC_CHARACTERS = 2000
PARSE_SECONDS = 2
VERIFY_SECONDS = 2

_IDEOGRAPH = re.compile("[\u3400-\u9fff]")
# math-verify sees no number beside 是, before 。 or behind −; NFKC would say the same, but makes 10² into 102
_PLAIN = str.maketrans("０１２３４５６７８９，．。：；（）％＋－＝／−–　", "0123456789,. :;()%+-=/-- ")
# a sum or product whose last number ends the text: `3 + 4` has the value of 7, and is what was asked, not the answer
_NOT_WORKED_OUT = re.compile(r"\d\s*(?:[-+*×·−÷^]|\\times|\\cdot)[\s({-]*\d[\d.,]*\D*\Z")


def without_thoughts(text: str) -> str:
    """Return what follows a reasoning model's thoughts, `<think>…</think>`; nothing where they do not end.

    Templates of such models (Qwen3, DeepSeek-R1) put an empty block before answers that have none.
    """
    _, ended, answer = text.rpartition("</think>")
    return "" if not ended and text.lstrip().startswith("<think>") else answer


def final_answer(text: str, marker: str | None) -> str:
    """Return what follows the last `marker` in `text`, or all of it where there is none, without outer white space and
    thoughts.
    """
    answer = without_thoughts(text)
    return (answer.rsplit(marker, 1)[-1] if marker else answer).strip()


def same_text(reference: str, answer: str) -> bool:
    """Tell whether two texts are equal but for white space."""
    return answer.split() == reference.split()


def parse_number(text: str) -> list[Any]:
    """Return what math-verify reads as the last number or formula of `text`; empty where there is none.

    Slow on hostile text, and limited by an alarm, which only a main thread can have: ask `NumericJudge` instead.
    """
    from math_verify import parse

    plain = _IDEOGRAPH.sub(" ", text[-MAX_NUMERIC_CHARACTERS:].translate(_PLAIN))
    found: list[Any] = parse(plain, parsing_timeout=PARSE_SECONDS)
    # the text itself stands behind a formula, and alone where none could be read
    return found if found and not isinstance(found[0], str) else []


def same_number(reference: str, answer: str) -> bool:
    """Tell whether the last number or formula of `answer` has the value of the reference's; limited as `parse_number`.

    Units, thousands separators, percentages, fractions and LaTeX are read as math-verify reads them. A sum or product
    that is not worked out is no answer, unless the reference is one too: a model that says the question again is wrong.
    """
    from math_verify import verify

    answer = answer[-MAX_NUMERIC_CHARACTERS:]
    if _NOT_WORKED_OUT.search(answer) and not _NOT_WORKED_OUT.search(reference):
        return False
    wanted, found = parse_number(reference), parse_number(answer)
    return bool(wanted and found and verify(wanted[0], found[0], timeout_seconds=VERIFY_SECONDS))
