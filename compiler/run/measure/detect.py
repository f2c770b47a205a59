"""Detect kinds of personal data, and the language, of a text; results never hold the text itself."""

import ipaddress
import re
from collections.abc import Callable

import phonenumbers
import py3langid
from stdnum import luhn
from stdnum.cn import ric

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}")
_DIGITS = re.compile(r"\d(?:[ .()-]{0,2}\d){6}")  # the minimum of any phone number
_CARD = re.compile(r"(?<![\w.-])[3-6]\d(?:[ -]?\d){11,17}(?![\w.-]*\d)")
_RESIDENT = re.compile(r"(?<![0-9A-Za-z])\d{17}[0-9Xx](?![0-9A-Za-z])")
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)")
_IPV6 = re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{1,4}:{1,2}){2,7}[0-9A-Fa-f]{1,4}(?![\w:])")
MAX_TEXT = 20_000  # characters of a text that are searched


def has_email(text: str) -> bool:
    """Return whether the text seems to hold an e-mail address."""
    return "@" in text and _EMAIL.search(text) is not None


def has_phone(text: str) -> bool:
    """Return whether the text seems to hold a phone number with a country code, or a Chinese mobile number."""
    if not _DIGITS.search(text):
        return False
    for found in phonenumbers.PhoneNumberMatcher(text, "CN"):
        mobile = phonenumbers.number_type(found.number) == phonenumbers.PhoneNumberType.MOBILE
        if found.raw_string.startswith(("+", "＋")) or mobile:
            return True
    return False


def has_chinese_id(text: str) -> bool:
    """Return whether the text seems to hold a Chinese identity card number with valid birthday and checksum."""
    return any(ric.is_valid(found[0]) for found in _RESIDENT.finditer(text))


def has_credit_card(text: str) -> bool:
    """Return whether the text seems to hold a payment card number with a valid checksum."""
    numbers = (re.sub(r"[ -]", "", found[0]) for found in _CARD.finditer(text))
    return any(13 <= len(number) <= 19 and len(set(number)) > 3 and luhn.is_valid(number) for number in numbers)


def has_ip_address(text: str) -> bool:
    """Return whether the text seems to hold a public IP address, not a reserved one such as 127.0.0.1."""
    candidates = [found[0] for pattern in (_IPV4, _IPV6) for found in pattern.finditer(text)]
    return any(_is_global(candidate) for candidate in candidates)


def _is_global(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_global
    except ValueError:
        return False


KINDS: dict[str, Callable[[str], bool]] = {
    "e-mail": has_email,
    "phone": has_phone,
    "chinese-id": has_chinese_id,
    "credit-card": has_credit_card,
    "ip-address": has_ip_address,
}


def kinds_in(text: str) -> list[str]:
    """Return the kinds of personal data that the text seems to hold."""
    shown = text[:MAX_TEXT]
    return [kind for kind, holds in KINDS.items() if holds(shown)]


MAX_TEXT = 1_000  # characters that are classified
MIN_LETTERS = 12  # of an alphabetic script; an ideograph counts as three
# varieties that the classifier confuses with Mandarin in a sentence or two of Chinese characters
_CHINESE = {"yue": "zh", "wuu": "zh"}
_LETTER = re.compile(r"[^\W\d_]")
_IDEOGRAPH = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
UNDETERMINED = "und"


def language_of(text: str) -> str:
    """Return the ISO 639 code of the text's language; `und` if the text is too short."""
    shown = text[:MAX_TEXT]
    letters = len(_LETTER.findall(shown)) + 2 * len(_IDEOGRAPH.findall(shown))
    if letters < MIN_LETTERS:
        return UNDETERMINED
    found = str(py3langid.classify(shown)[0])
    return _CHINESE.get(found, found)
