"""Comparison of numbers: exactly for numbers in plain text, by math-verify for formulas."""

import re
from fractions import Fraction
from typing import Any

from runtime.contract.numbers.quantity import Quantity, Unclear
from runtime.contract.numbers.read import MAX_CHARACTERS, read_number

PARSE_SECONDS = 2
VERIFY_SECONDS = 2
_AGREED_PLACES = 6  # decimals in which a rounded value agrees with one that never ends

# math-verify drops what it cannot read: `4\sqrt(2)` would be 4, and `1 + \frac{1}{\mathrm{e}}` 1.
_READABLE = (
    (re.compile(r"\\sqrt\s*\(([^()]*)\)"), r"\\sqrt{\1}"),
    (re.compile(r"\\(?:mathrm|text|operatorname)\s*\{\s*(e|i|\\pi)\s*\}"), r"\1"),
)
_SAME_SHARE = 1e-6  # math-verify rounds to places, so that all tiny numbers are equal
_IDEOGRAPH = re.compile("[\u3400-\u9fff]")
# math-verify finds no number next to 是, before 。 or after −. NFKC would fix this too, but it turns 10² into 102.
_PLAIN = str.maketrans("０１２３４５６７８９，．。：；（）％＋－＝／−–　", "0123456789,. :;()%+-=/-- ")


def number_fault(text: str) -> str:
    """Return why a reference has no value; empty if it has one. Limits as in `same_number`."""
    found = read_number(text)
    if isinstance(found, Unclear):
        return "" if found.is_formula and _formula(text) else found.reason
    return "" if found is not None or _formula(text) else "no number"


def same_number(reference: str, answer: str) -> bool:
    """Return whether the last number or formula of `answer` equals that of the reference.

    A sum that is not worked out is wrong unless the reference is one too: a model that repeats the question is wrong.
    math-verify is slow on hostile formulas, and its time limit is an alarm, which works only in the main thread: use
    `NumericJudge` instead.
    """
    wanted, found = read_number(reference), read_number(answer)
    if isinstance(wanted, Quantity) and isinstance(found, Quantity):
        return _equal(wanted, found)
    if isinstance(wanted, Unclear) and not wanted.is_formula:
        return False
    if isinstance(found, Unclear) and not (found.is_formula and not isinstance(wanted, Quantity)):
        return False
    return _same_formula(_plain(wanted) or reference, _plain(found) or answer)


def _equal(wanted: Quantity, found: Quantity) -> bool:
    if wanted.unit and found.unit:
        if wanted.unit.measures != found.unit.measures:
            return False
        return _close(wanted, found, wanted.value * wanted.unit.size, found.value * found.unit.size)
    if (wanted.share > 1) == (found.share > 1):
        return _close(wanted, found, wanted.value / wanted.share, found.value / found.share)
    part, plain = (wanted, found) if wanted.share > 1 else (found, wanted)
    if _close(part, plain, part.value / part.share, plain.value):
        return True
    # beyond 1, a plain number may count percent; up to 1 it is a share, so that 0.5 % is not 0.5
    return abs(plain.value) > 1 and _close(part, plain, part.value, plain.value)


def _close(wanted: Quantity, found: Quantity, one: Fraction, other: Fraction) -> bool:
    """Return whether two values are equal; decimals of six places or more may be rounded."""
    if one == other:
        return True
    if 0 in (one, other) or any(each.places is not None and each.places < _AGREED_PLACES for each in (wanted, found)):
        return False
    difference = abs(one - other)
    return difference < Fraction(1, 10**_AGREED_PLACES) and difference < max(abs(one), abs(other)) / 10**_AGREED_PLACES


def _plain(found: Quantity | Unclear | None) -> str:
    """Return a quantity as a formula; empty for anything else."""
    if not isinstance(found, Quantity):
        return ""
    value = found.value / found.share
    return f"{value.numerator}/{value.denominator}" if value.denominator > 1 else str(value.numerator)


def _formula(text: str) -> list[Any]:
    """Return math-verify's parse of the last formula of `text`; empty without any."""
    from math_verify import parse

    plain = _IDEOGRAPH.sub(" ", text[-MAX_CHARACTERS:].translate(_PLAIN))
    for pattern, readable in _READABLE:
        plain = pattern.sub(readable, plain)
    found: list[Any] = parse(plain, parsing_timeout=PARSE_SECONDS)
    # the list ends with the text itself; without a parsed formula it is the only element
    return found if found and not isinstance(found[0], str) else []


def _same_formula(reference: str, answer: str) -> bool:
    from math_verify import verify

    wanted, found = _formula(reference), _formula(answer)
    if not (wanted and found and verify(wanted[0], found[0], timeout_seconds=VERIFY_SECONDS)):
        return False
    one, other = wanted[0], found[0]
    if not (getattr(one, "is_number", False) and getattr(other, "is_number", False)):
        return True
    largest = max(abs(one.evalf()), abs(other.evalf()))
    return bool(abs((one - other).evalf()) <= _SAME_SHARE * largest)
