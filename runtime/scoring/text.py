"""Comparison of an answer with a right one, as text and as a number, for metrics and rewards."""

import re
from typing import Any

# The final answer is at the end of the text, and the patterns that find it take longer than linear time.
MAX_NUMERIC_CHARACTERS = 2000
PARSE_SECONDS = 2
VERIFY_SECONDS = 2

_IDEOGRAPH = re.compile("[\u3400-\u9fff]")
# math-verify finds no number next to 是, before 。 or after −. NFKC would fix this too, but it turns 10² into 102.
_PLAIN = str.maketrans("０１２３４５６７８９，．。：；（）％＋－＝／−–　", "0123456789,. :;()%+-=/-- ")
# A sum or product at the end of the text: `3 + 4` has the value 7, but repeats the question and is not an answer.
_UNEVALUATED = re.compile(r"\d\s*(?:[-+*×·−÷^]|\\times|\\cdot)[\s({-]*\d[\d.,]*\D*\Z")


def without_thoughts(text: str) -> str:
    """Return the text after a reasoning model's thoughts, `<think>…</think>`; empty if they do not end.

    Templates of such models (Qwen3, DeepSeek-R1) write an empty block before answers without thoughts.
    """
    _, ended, answer = text.rpartition("</think>")
    return "" if not ended and text.lstrip().startswith("<think>") else answer


def final_answer(text: str, marker: str | None) -> str:
    """Return the text after the last `marker`, or all of it without one, stripped and without thoughts."""
    answer = without_thoughts(text)
    return (answer.rsplit(marker, 1)[-1] if marker else answer).strip()


def same_text(reference: str, answer: str) -> bool:
    """Return whether two texts are equal except for white space."""
    return answer.split() == reference.split()


def parse_number(text: str) -> list[Any]:
    """Return math-verify's parse of the last number or formula of `text`; empty without any.

    It is slow on hostile text, and its time limit is an alarm, which works only in the main thread: use `NumericJudge`
    instead.
    """
    from math_verify import parse

    plain = _IDEOGRAPH.sub(" ", text[-MAX_NUMERIC_CHARACTERS:].translate(_PLAIN))
    found: list[Any] = parse(plain, parsing_timeout=PARSE_SECONDS)
    # the list ends with the text itself; without a parsed formula it is the only element
    return found if found and not isinstance(found[0], str) else []


def same_number(reference: str, answer: str) -> bool:
    """Return whether the last number or formula of `answer` equals that of the reference.

    math-verify parses units, thousands separators, percentages, fractions and LaTeX. An unevaluated sum or product is
    wrong unless the reference is one too: a model that repeats the question is wrong. Limits as in `parse_number`.
    """
    from math_verify import verify

    answer = answer[-MAX_NUMERIC_CHARACTERS:]
    if _UNEVALUATED.search(answer) and not _UNEVALUATED.search(reference):
        return False
    wanted, found = parse_number(reference), parse_number(answer)
    return bool(wanted and found and verify(wanted[0], found[0], timeout_seconds=VERIFY_SECONDS))
