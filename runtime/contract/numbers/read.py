"""The last number of a text. Text that may mean several numbers, or none, is unclear."""

import re
from dataclasses import dataclass, replace
from itertools import pairwise

from runtime.contract.numbers.plain import plain_text
from runtime.contract.numbers.quantity import NUMBER, Quantity, Unclear, quantity_at

# The answer is at the end of a text.
MAX_CHARACTERS = 2000
_LAST = 6  # numbers that are looked at; earlier ones cannot change the meaning of the last

_FORMULA = re.compile(r"[\\√π∞{}]")
_BRACKETED = re.compile(r"\s*\(\s*[$€£¥]?\s*[\d.,' ]+\s*%?\s*\)\s*\.?\s*")
_LISTED = re.compile(r"\s*[\[(]\s*-?[\d./]+\s*,.*[\])]\s*\.?\s*", re.DOTALL)
_BOUND = re.compile(r"[<>≤≥≠]=? ?$")
# What is between two numbers, and what they then are.
_BETWEEN: tuple[tuple["re.Pattern[str]", str], ...] = (
    (re.compile(r" ?(?:[-~—]{1,2}|to|到|至|through) ?"), "a range, a difference or a date"),
    (re.compile(r" ?/ ?"), "a date"),
    (re.compile(r":| : "), "a time or a ratio"),
    (re.compile(r"[,.、]"), "a list, or a number in another notation"),
    (re.compile(r" ?± ?"), "a number with its error"),
)
_CHOICE = re.compile(r" ?(?:or|或|或者|还是) ?")
_OPERATOR = re.compile(r" ?(?:[+*×·xX÷^]|\*\*) ?[-(]?")
_JOINED = re.compile(r" ?(?:and|零|又|,)? ?")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """A number and where it lies in the text, with its sign."""

    start: int
    end: int
    quantity: Quantity | Unclear


def read_number(text: str) -> Quantity | Unclear | None:
    """Return the last number of `text`; None if there is none, or a formula.

    Ranges, dates, times, ratios, lists without spaces, bounds, and sums that are not worked out are unclear.
    """
    plain = plain_text(text[-MAX_CHARACTERS:])
    bracketed = bool(_BRACKETED.fullmatch(plain))
    if _FORMULA.search(plain) or (_LISTED.fullmatch(plain) and not bracketed):
        return None
    places = _places(plain)
    if not places:
        return None
    last = places[-1]
    if not isinstance(last.quantity, Quantity):
        return last.quantity
    if _BOUND.search(plain[: last.start]):
        return Unclear(reason="a bound")
    if re.match(r"\+(?!\d)", plain[last.end :]):
        return Unclear(reason="a bound")
    if re.match(r"/\d", plain[last.end :]) or re.search(r"\d ?[年月] ?$", plain[: last.start]):
        return Unclear(reason="a date")
    whole = _with_earlier_units(plain, places)
    if whole is not None:
        return whole
    for one, other in pairwise(places[-2:]):
        between = plain[one.end : other.start]
        if between == " and " and re.search(r"\bbetween $", plain[: one.start], re.I):
            return Unclear(reason="a range")
        if (
            _CHOICE.fullmatch(between)
            and isinstance(one.quantity, Quantity)
            and one.quantity.value != last.quantity.value
        ):
            return Unclear(reason="a choice of several")
        if _OPERATOR.fullmatch(between):
            return Unclear(reason="a sum or a product that is not worked out", is_formula=True)
        for pattern, meaning in _BETWEEN:
            if pattern.fullmatch(between):
                return Unclear(reason=meaning)
    if bracketed:  # as accounts write a negative amount
        return replace(last.quantity, value=-last.quantity.value)
    return last.quantity


def _places(text: str) -> list[_Place]:
    """Return the last numbers of the text, without the digits of names such as `A5` and `GPT-4`."""
    places: list[_Place] = []
    end = 0
    for found in list(NUMBER.finditer(text))[-_LAST:]:
        before = text[: found.start()]
        if found.start() < end:  # within the last one's unit: `3 m^2`
            continue
        if not found["currency"] and re.search(r"[A-Za-z_]-?$", before):
            continue
        quantity, next_end = quantity_at(text, found)
        start = found.start()
        signed = re.search(r"([-+]) ?$", before)
        if signed and _is_sign(text, signed, end):
            start = signed.start()
            if signed[1] == "-" and isinstance(quantity, Quantity):
                quantity = replace(quantity, value=-quantity.value)
        end = next_end
        places.append(_Place(start=start, end=end, quantity=quantity))
    return places


def _is_sign(text: str, found: "re.Match[str]", last_end: int) -> bool:
    """Return whether a `-` or `+` before a number is its sign, not a subtraction or the mark of a list."""
    before = text[: found.start()]
    if last_end and len(before.rstrip()) <= last_end:
        return False
    if found[0].endswith(" "):  # a mark of a list, unless something on the line comes before it, or nothing follows
        return bool(before.rpartition("\n")[2].strip()) or (
            "\n" not in text.strip() and not re.search("[A-Za-z]", text)
        )
    return True


def _with_earlier_units(text: str, places: list[_Place]) -> Quantity | None:
    """Return the sum of a quantity in several units, such as `1 hour 30 minutes`; None for any other."""
    total = places[-1].quantity
    if not isinstance(total, Quantity) or total.unit is None:
        return None
    joined = False
    unit, value = total.unit, total.value * total.unit.size
    for one, other in reversed(list(pairwise(places))):
        earlier = one.quantity
        if (
            not isinstance(earlier, Quantity)
            or earlier.unit is None
            or earlier.unit.measures != total.unit.measures
            or earlier.unit.size <= unit.size
            or not _JOINED.fullmatch(text[one.end : other.start])
        ):
            break
        joined, unit, value = True, earlier.unit, value + earlier.value * earlier.unit.size
    return replace(total, value=value / unit.size, unit=unit, places=None) if joined else None
