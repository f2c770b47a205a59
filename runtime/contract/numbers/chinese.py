"""Chinese numerals, alone and with digits: 一百二十, 12万, 1亿2000万, 三分之一, 百分之五十, 两成, 一个半."""

import re
from fractions import Fraction

_DIGITS = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {"两": 2, "〇": 0}
_SMALL = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10**4, "亿": 10**8, "兆": 10**12}
# Formal, traditional and short forms, each with the plain one.
_PLAIN = str.maketrans("壹贰叁肆伍陆柒捌玖拾佰仟貳參陸兩萬億負點個幺", "一二三四五六七八九十百千二三六两万亿负点个一")
_SHORT = {"廿": "二十", "卅": "三十"}

_ARABIC = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_CHARACTERS = "零〇一二三四五六七八九两十百千万亿兆"
# After digits, the first character of 千克 and 兆瓦 belongs to the unit.
_NUMERAL = (
    rf"(?:(?:{_ARABIC}|(?!(?<=\d)(?:千[克米瓦卡帕]|兆[瓦赫]))[{_CHARACTERS}])+(?:点[零〇一二三四五六七八九]+[万亿]*)?)"
)
NUMBER = re.compile(
    rf"(?P<sign>负)?(?:(?P<whole>{_NUMERAL})又)?"
    rf"(?:(?P<half>一?半)|(?P<below>{_NUMERAL})分之(?P<above>{_NUMERAL})"
    rf"|(?P<tenths>{_NUMERAL})成(?P<more>[一二三四五六七八九半](?!\w))?"
    rf"|(?P<number>{_NUMERAL})(?P<and_half>个半)?)"
)
_TOKEN = re.compile(rf"{_ARABIC}|.")
SPELLED = frozenset(_CHARACTERS + "半")


def plain_numerals(text: str) -> str:
    """Return `text` with the plain form of each Chinese numeral."""
    for short, long in _SHORT.items():
        text = text.replace(short, long)
    return text.translate(_PLAIN)


def value_of(found: "re.Match[str]") -> tuple[Fraction, int] | None:
    """Return the value of a match of `NUMBER`, and 100 or 1000 if it is a share of so many; None if it has none.

    A share counts as its value: 百分之五十 is 1/2.
    """
    sign = -1 if found["sign"] else 1
    if found["half"]:
        return sign * Fraction(1, 2), 1
    if found["tenths"]:
        tenths, more = _numeral(found["tenths"]), found["more"]
        part = Fraction(1, 2) if more == "半" else Fraction(_DIGITS[more]) if more else Fraction(0)
        return None if tenths is None else (sign * (tenths + part / 10 * (1 if more else 0)) / 10, 100)
    if found["below"]:
        below, above = _numeral(found["below"]), _numeral(found["above"])
        whole = _numeral(found["whole"]) if found["whole"] else Fraction(0)
        if below is None or above is None or whole is None or not below:
            return None
        return sign * (whole + above / below), 100 if below == 100 else 1000 if below == 1000 else 1
    number = _numeral(found["number"])
    if number is None or found["whole"]:
        return None
    return sign * (number + (Fraction(1, 2) if found["and_half"] else 0)), 1


def _numeral(text: str) -> Fraction | None:
    """Return the value of one numeral without a sign; None if its parts do not fit together."""
    text, point, decimals = text.partition("点")
    multiplier = 1
    while decimals and decimals[-1] in _LARGE:
        multiplier *= _LARGE[decimals[-1]]
        decimals = decimals[:-1]
    value = _whole(_TOKEN.findall(text))
    if value is None or not point:
        return value
    places = "".join(str(_DIGITS[each]) for each in decimals)
    return (value + Fraction(int(places), 10 ** len(places))) * multiplier


def _whole(tokens: list[str]) -> Fraction | None:
    """Return the value of a numeral without 点, from its digits, characters and runs of Arabic digits."""
    if len(tokens) > 1 and all(each in _DIGITS for each in tokens):  # a year or a code: 二〇二四
        return Fraction("".join(str(_DIGITS[each]) for each in tokens))
    total = section = Fraction(0)
    number: Fraction | None = None
    largest, last, gap = 0, 0, False  # the largest unit so far, the last one, and whether 零 follows it
    for each in tokens:
        if each in _SMALL:
            section += (Fraction(1) if number is None else number) * _SMALL[each]
            number, last, gap = None, _SMALL[each], False
        elif each in _LARGE:
            section += number or 0
            unit = _LARGE[each]
            if not section and not total:
                return None
            if largest and unit < largest:
                total += section * unit
            else:
                total = (total + section) * unit
            section, number, largest, last, gap = Fraction(0), None, unit, unit, False
        elif each in "零〇":
            if number is not None:
                return None
            gap = bool(last)
            number = None if last else Fraction(0)
        elif number is not None and number != 0:
            return None  # two digits in a row within units: 一百二三
        else:
            number = Fraction(_DIGITS[each]) if each in _DIGITS else Fraction(each.replace(",", ""))
    if number is not None and last >= 100 and not gap and len(tokens[-1]) == 1:
        number *= Fraction(last, 10)  # 三千五 is 3500
    return total + section + (number or 0)
