"""Plain form of a text before its numbers are read: ASCII digits and signs, no LaTeX, no spelled numbers."""

import re
import unicodedata
from fractions import Fraction

from runtime.contract.numbers import chinese, english

# NFKC for all characters would turn 10² into 102, so only these are translated.
_ASCII = str.maketrans(
    "０１２３４５６７８９，．：；（）％＋－＝／×−–‒﹣⁄　\u00a0\u2007\u2009\u202f’′＾～〜＄",
    "0123456789,.:;()%+-=/×----/    " + " ''^~~$",
)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_SUPERSCRIPT = re.compile(r"(?<=[\d)])[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_VULGAR = re.compile(r"(?P<before>\d)? ?(?P<fraction>[¼½¾⅐-⅞])")

_BOXED = re.compile(r"\\boxed\s*\{")
_LATEX = (
    (re.compile(r"\\left|\\right|\\[,;:! ]|\\quad|\\displaystyle"), ""),
    (re.compile(r"\\(?:text|mathrm|textbf|mathbf)\s*\{([^{}]*)\}"), r"\1"),
    (re.compile(r"\\([%$#])"), r"\1"),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"\\(?:times|cdot)(?![a-z])"), "×"),
    (re.compile(r"(\d)\s*\\[dt]?frac\s*\{(\d+)\}\s*\{(\d+)\}"), r"\1 \2/\3"),
    (re.compile(r"\\[dt]?frac\s*\{\s*(-?[\d.]+)\s*\}\s*\{\s*([\d.]+)\s*\}"), r"\1/\2"),
    (re.compile(r"\\[dt]?frac\s*(\d)\s*(\d)(?!\d)"), r"\1/\2"),
    (re.compile(r"\^\s*\{?\\circ\}?"), "°"),
    (re.compile(r"\^\s*\{\s*([-+]?\d+)\s*\}"), r"^\1"),
    (re.compile(r"\\[()\[\]]|\$\$"), " "),
    (re.compile(r"\$([^$\n]*[^$\s])\$(?!\d)"), r"\1"),  # not `$5 and $6`, which are prices
)

_END = r"[\s。.!！?？)）」』\"'*]*$"
_COUNTED = (
    r"[个只人元块天年月日岁次件本张辆名位斤里米克吨升倍条台家组间层页种号度头匹棵套份颗瓶杯箱袋包盒小时分钟秒公美%]"
)
_AFTER_WORD = re.compile(r"(?:[是为等於于约共得有到了达值剩即]|[=:,、。;\s(（]|^)$")
_IDIOM = re.compile(r"[第唯统之周期单同万专逐]$")
_STRONG = re.compile(
    r"[一二三四五六七八九两][十百千万亿]|十[一二三四五六七八九]|分之|[一二三四五六七八九零]点[零一二三四五六七八九]"
)
_SAID = re.compile(
    r"(?:^|\b(?:is|are|was|were|be|equals?|to|of|get|gives?|has|have|about|exactly|answer)\s+|[=:(\n]\s*)$", re.I
)
_LAST_WORDS = re.compile(r"^(?:[\s-][A-Za-z]+){0,2}[\s.!)*\"']*$")
_AND_A_HALF = re.compile(r"(?<![\d.,/])(\d+) and (?:a|one) half\b", re.I)
_MINUS = re.compile(r"\b(?:minus|negative) (?=[$€£¥]?\d)|零下(?=[\d一二三四五六七八九十])|负(?=\d)", re.I)
_TAG = re.compile(r"</?[A-Za-z][A-Za-z_]*>")  # `<answer>12</answer>`


def plain_text(text: str) -> str:
    """Return `text` with its numbers in ASCII digits. LaTeX that is more than a number keeps its backslashes."""
    text = _TAG.sub(" ", _boxed(text)).translate(_ASCII)
    text = _VULGAR.sub(_vulgar, text)
    text = _SUPERSCRIPT.sub(lambda found: "^" + found[0].translate(_RAISED), text)
    if "\\" in text or "$" in text:
        for pattern, plain in _LATEX:
            text = pattern.sub(plain, text)
    text = _MINUS.sub("-", _AND_A_HALF.sub(r"\1.5", text))
    return _without_words(_without_numerals(text))


def _boxed(text: str) -> str:
    r"""Return the content of the last `\boxed{…}`, or the text without any."""
    starts = [found.end() for found in _BOXED.finditer(text)]
    if not starts:
        return text
    depth = 1
    for at in range(starts[-1], len(text)):
        depth += (text[at] == "{") - (text[at] == "}")
        if depth == 0:
            return text[starts[-1] : at]
    return text


def _vulgar(found: "re.Match[str]") -> str:
    fraction = unicodedata.normalize("NFKC", found["fraction"]).replace("⁄", "/")
    return f"{found['before']} {fraction}" if found["before"] else fraction


def _without_numerals(text: str) -> str:
    """Replace Chinese numerals that mean a number, not those of words such as 唯一 and 十分."""
    text = chinese.plain_numerals(text)
    if not chinese.SPELLED & set(text):
        return text

    def replaced(found: "re.Match[str]") -> str:
        if not chinese.SPELLED & set(found[0]) or not _means_number(found, text):
            return found[0]
        read = chinese.value_of(found)
        return found[0] if read is None else _written(*read)

    return chinese.NUMBER.sub(replaced, text)


def _means_number(found: "re.Match[str]", text: str) -> bool:
    before, after = text[: found.start()], text[found.end() :]
    if any(each.isdigit() and each.isascii() for each in found[0]):
        return True  # 12万
    if _IDIOM.search(before):
        return False
    if _STRONG.search(found[0]):
        return not after.startswith("分") or "分之" in found[0] or after.startswith("分钟")
    at_end = re.match(rf"{_COUNTED}{{0,3}}{_END}", after)
    return bool(at_end and (_AFTER_WORD.search(before) or re.match(_COUNTED, after)))


def _without_words(text: str) -> str:
    """Replace English number words that end the text, or that are several words of one number."""

    def replaced(found: "re.Match[str]") -> str:
        value = english.value_of(found)
        before, after = text[: found.start()], text[found.end() :]
        many = len(re.split(r"[ -]", found["words"])) > 2
        ends = bool(_LAST_WORDS.match(after)) and bool(_SAID.search(before))
        if value is None or not (many or ends):
            return found[0]
        return _written(value, 1)

    return english.NUMBER.sub(replaced, text)


def _written(value: Fraction, share: int) -> str:
    """Return a value in digits, exactly: `12.5`, `1/3`, `50%`."""
    sign = {1: "", 100: "%", 1000: "‰"}[share]
    value *= share
    below = value.denominator
    for prime in (2, 5):
        while below % prime == 0:
            below //= prime
    if below > 1:
        return f"{value.numerator}/{value.denominator}{sign}"
    places = 0
    while (value * 10**places).denominator > 1:
        places += 1
    whole = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    digits = f"{whole[:-places]}.{whole[-places:]}" if places else whole
    return f"{'-' if value < 0 else ''}{digits}{sign}"
