"""Whether a reference is one number: its last number is taken for its value, and must not be one of several."""

import re
from itertools import pairwise

from runtime.contract.numbers.plain import plain_text
from runtime.contract.numbers.quantity import NUMBER, Quantity, Unclear, quantity_at
from runtime.contract.numbers.read import MAX_CHARACTERS, read_number

MAX_LISTED = 400  # characters of a reference that may be a list; a longer one is prose with a number at its end
MAX_FORMULA = 60
_NUMBER = "\ufffc"  # stands for a number; the plain form of a text is without it
# no part is tried in two ways (`(?>…)`), because rows are untrusted
_LABEL = r"(?>(?:[^\W\d][\w ]{0,20}?['₀-₉]* ?(?:[=:≈∈]|\bis\b|\bare\b|是|为) ?)?)"
_WORD = r"(?>(?: ?[^\W\d_]{1,20})?)"
_SIGN = r"[\s,;、|&和或与及]"
_SEPARATOR = rf"(?>{_SIGN}+(?:(?:and|or)\b{_SIGN}+)?|以及|或者|还是|(?<=[{_NUMBER}\u4e00-\u9fff]))"
_ONE = f"(?>{_LABEL}{_NUMBER}{_WORD})"
_LIST = re.compile(rf"(?>[\s(\[{{]*){_ONE}(?:{_SEPARATOR}{_ONE})+[\s.)\]}}]*")
# a variable, or a function of what follows, in plain text: `2x + 3`, `y^2`, `sqrt(2)`
_FORMULA = re.compile(r"\b(?:sqrt|log|ln|exp|sin|cos|tan)\s*\(|(?<![\w\\])[a-z] ?(?:(?:\^|\*\*|[*+]) ?[\da-z]|/ ?\d)")
_SIGNS = re.compile(r"[\\√π∞^]")
_DIGIT = re.compile(r"\d")


def one_number_fault(text: str) -> str:
    """Return what a reference is instead of one number; empty if it is one, or a formula that only a library reads."""
    found = read_number(text)
    plain = plain_text(text[-MAX_CHARACTERS:]).replace(_NUMBER, " ")
    if isinstance(found, Unclear):
        return "" if found.is_formula else f"not one number but {found.reason}"
    if found is None:
        return "" if _DIGIT.search(plain) or _SIGNS.search(text) else "not a number"
    if len(text) <= MAX_LISTED and _LIST.fullmatch(_template(plain)) and not _is_sum_of_units(plain):
        return "several numbers, of which only the last would count"
    value = plain.rpartition("=")[2]
    if len(text) <= MAX_FORMULA and (_FORMULA.search(value) or _has_variable(value)):
        return "a formula, of which only the last number would count"
    return ""


def _quantities(plain: str) -> list[tuple[int, int, Quantity | Unclear]]:
    """Return the numbers of a plain text with their places, units included; digits of names do not count."""
    found, end = [], 0
    for each in NUMBER.finditer(plain):
        if each.start() < end or (not each["currency"] and re.search(r"[A-Za-z_]-?$", plain[: each.start()])):
            continue
        quantity, end = quantity_at(plain, each)
        found.append((each.start(), end, quantity))
    return found


def _template(plain: str) -> str:
    """Return a plain text with one sign for each number."""
    text, last = "", 0
    for start, end, _ in _quantities(plain):
        text += re.sub(r"[-+] ?$", "", plain[last:start]) + _NUMBER
        last = end
    return text + plain[last:]


def _is_sum_of_units(plain: str) -> bool:
    """Return whether the numbers are one quantity in falling units: `5 feet, 3 inches`."""
    units = [each.unit if isinstance(each, Quantity) else None for _, _, each in _quantities(plain)]
    return all(
        one is not None and other is not None and one.measures == other.measures and one.size > other.size
        for one, other in pairwise(units)
    )


def _has_variable(plain: str) -> bool:
    """Return whether a number before the last one is a factor of a variable, as in `2x + 6`."""
    return any(isinstance(each, Unclear) and each.is_formula for _, _, each in _quantities(plain)[:-1])
