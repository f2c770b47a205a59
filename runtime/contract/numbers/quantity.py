"""One number at a place of plain text: its digits, exponent, fraction, multiplier, share and unit."""

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from runtime.contract.numbers.units import CODES, LETTERS, MONEY_LETTERS, SIGNS, UNITS, WORDS, Unit

_MAX_DIGITS = 400  # of a power's value: `1e999999999` must not fill the memory


@dataclass(frozen=True, kw_only=True, slots=True)
class Quantity:
    """A number: its value, the whole that it is a share of (100 for percent, 1000 for permille, else 1), and its unit.

    `places` counts the decimals of a plain decimal number, None for a fraction.

    """

    value: Fraction
    share: int = 1
    unit: Unit | None = None
    places: int | None = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Unclear:
    """Why a text with numbers has no value. `is_formula`: it may be a formula, such as `3 + 4` or `2x`."""

    reason: str
    is_formula: bool = False


_GROUPS = (
    r"\d{1,3}(?:,\d{3})+(?!\d)",
    r"\d{1,2}(?:,\d{2})+,\d{3}(?!\d)",  # 12,34,567, as in India
    r"\d{1,4}(?:,\d{4}){2,}(?!\d)",  # 1,2000,0000, as in China
    r"\d{1,3}(?:'\d{3})+(?!\d)",
    r"\d{1,3}(?: \d{3})+(?![\d/]|,\d| \d)",
)
_GROUPED = "|".join(_GROUPS)
_EUROPEAN = r"\d{1,3}(?:\.\d{3})+,\d+(?![\d,.])|\d{1,3}(?:\.\d{3}){2,}(?![\d,.])"
_CURRENCY = "|".join(re.escape(each) for each in (*SIGNS, *CODES))
NUMBER = re.compile(
    rf"(?:(?P<currency>{_CURRENCY}) ?(?P<inner>[-+])?)?"
    rf"(?:(?P<european>{_EUROPEAN})|(?P<digits>(?:{_GROUPED}|\d+)(?:\.\d+)?|(?<!\w)\.\d+))"
    r"(?:(?P<exponent>[eE][-+]?\d+)(?!\w)"
    r"| ?[×xX*·] ?10 ?(?:\^|\*\*) ?\(?(?P<ten>[-+]?\d+)\)?"
    r"|(?: ?\^ ?|\*\*)\(?(?P<power>[-+]?\d+)\)?"
    r"| (?P<part>\d+/\d+)(?![\d/])"
    r"| ?/ ?(?P<below>\d+(?:\.\d+)?))?"
)
_SHARE = re.compile(r" ?(?:(?P<percent>%|percent\b|per cent\b|pct\b|个?百分点)|‰|permille\b|per mille\b)", re.I)


def _any(names: "dict[str, int] | dict[str, Unit]") -> str:
    return "|".join(re.escape(each) for each in sorted(names, key=len, reverse=True))


_LETTER = re.compile(rf"({_any(LETTERS)})(?![A-Za-z0-9/^²³])")
_MONEY_LETTER = re.compile(rf" ?({_any(MONEY_LETTERS)})(?![A-Za-z])")
_WORD = re.compile(rf"[ -]?({_any(WORDS)})\b", re.I)
_UNIT = re.compile(rf"[ -]?({_any(UNITS)})(?:(?<=[^A-Za-z])|(?![A-Za-z²³]|\^\d|/[A-Za-z]))")
_ORDINAL = re.compile(r"(?:st|nd|rd|th)\b")


def quantity_at(text: str, found: "re.Match[str]") -> tuple[Quantity | Unclear, int]:
    """Return the number of a match of `NUMBER` in `text`, and where it ends; `2x` is unclear."""
    number = _value(found)
    if number is None:
        return Unclear(reason="a number out of range"), found.end()
    end, currency = found.end(), found["currency"]
    quantity = replace(number, value=-number.value) if found["inner"] == "-" else number
    quantity, end = _multiplied(quantity, text, end, is_money=bool(currency))
    unit = UNITS.get(currency) if currency else None
    if share := _SHARE.match(text, end):
        return replace(quantity, share=100 if share["percent"] else 1000, unit=unit), share.end()
    if named := _UNIT.match(text, end):
        return replace(quantity, unit=unit or UNITS[named[1]]), named.end()
    if ordinal := _ORDINAL.match(text, end):
        return quantity, ordinal.end()
    if re.match(r"[A-Za-z](?![A-Za-z])", text[end:]):
        return Unclear(reason="a part of a formula", is_formula=True), end
    return replace(quantity, unit=unit), end


def _multiplied(number: Quantity, text: str, end: int, *, is_money: bool) -> tuple[Quantity, int]:
    """Return a number with a multiplier that follows it: `1.5 million`, `$3m`, `12k`."""
    word, letter = _WORD.match(text, end), _LETTER.match(text, end)
    money = _MONEY_LETTER.match(text, end) if is_money else None
    for found, values in ((word, WORDS), (money, MONEY_LETTERS), (letter, LETTERS)):
        if found:
            name = found[1].lower() if values is WORDS else found[1]
            return replace(number, value=number.value * values[name], places=0), found.end()
    return number, end


def _value(found: "re.Match[str]") -> Quantity | None:
    """Return the value of the digits with their exponent or fraction; None if it is out of range."""
    if found["european"]:
        return Quantity(value=Fraction(found["european"].replace(".", "").replace(",", ".")))
    digits = re.sub(r"[,' ]", "", found["digits"])
    value, places = Fraction(digits), len(digits.partition(".")[2])
    exponent = found["ten"] or (found["exponent"] or "")[1:]
    if exponent:
        return None if abs(int(exponent[:9])) > _MAX_DIGITS else Quantity(value=value * Fraction(10) ** int(exponent))
    if found["power"]:
        power = int(found["power"][:9])
        if abs(power) * len(digits) > _MAX_DIGITS or (not value and power < 0):
            return None
        return Quantity(value=value**power, places=None)
    if found["part"]:
        above, _, below = found["part"].partition("/")
        return None if not int(below) else Quantity(value=value + Fraction(int(above), int(below)), places=None)
    if found["below"]:
        part = Fraction(found["below"])
        return None if not part else Quantity(value=value / part, places=None)
    return Quantity(value=value, places=places)
