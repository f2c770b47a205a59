"""Losses inside of texts: what a length limit cut, what was decoded wrongly, masked, or never written out.

Each sign was chosen so that whole exports do not show it: a text that merely ends with an ellipsis is not cut.
"""

import re
from collections.abc import Callable
from typing import Any
from zlib import crc32

from pydantic_core import from_json

MIN_CUT = 200  # characters below which a text of a round length says nothing
MAX_NODES = 2_000  # values of one input or output that are looked at
# lengths at which tools, databases and sheets cut text, in characters or bytes
LIMITS = frozenset(
    {255, 256, 500, 512, 1_000, 1_023, 1_024, 2_000, 2_047, 2_048, 3_000, 4_000, 4_095, 4_096, 5_000, 8_000, 8_191}
    | {8_192, 10_000, 16_000, 16_383, 16_384, 20_000, 30_000, 32_000, 32_766, 32_767, 32_768, 50_000, 64_000, 65_000}
    | {65_534, 65_535, 65_536, 100_000, 128_000, 131_072, 200_000, 250_000, 262_144, 500_000, 524_288, 1_000_000}
    | {1_048_576}
)
_CUT_END = re.compile(
    r"(?:[\[(<{]\s*(?:\.\.\.|…)?\s*(?:[\w\s]{0,20}\s)?truncated[^\])>}]{0,60}[\])>}]|(?:\.\.\.|…)\s?\(?truncated\)?"
    r"|(?:\.\.\.|…)\s*[\[(<]?\s*\+?[\d,]{1,12} (?:more )?(?:chars|characters|bytes|tokens)(?: more| omitted)?[\])>]?)"
    r"\.?\s*$",
    re.IGNORECASE,
)
_CUT_INSIDE = re.compile(
    r"[\[(<]\s*(?:\.\.\.|…)?\s*(?:truncated )?[\d,]{1,12} (?:more )?(?:chars|characters|bytes|tokens|lines) "
    r"(?:truncated|omitted|trimmed)\s*(?:\.\.\.|…)?[\])>]",
    re.IGNORECASE,
)
# UTF-8 that was read as Latin-1 or Windows-1252, and UTF-8 that was read as GBK
_MOJIBAKE = re.compile(
    "[\u00c2-\u00f4][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)
_BROKEN = ("\ufffd", "锟斤拷", "烫烫烫")
_WHOLE = re.compile("[^\u00c2-\u00f4\ufffd锟烫]*")  # text without the first character of any sign of them
_QUESTION_MARKS = re.compile(r"\?{2,}")
_MASK = re.compile(
    r"[\[<({_*]{1,2}\s*(?:REDACTED|MASKED|FILTERED|HIDDEN|SCRUBBED|PII|REMOVED FOR PRIVACY)(?:[:_ -][\w -]{1,30})?"
    r"\s*[\])>}_*]{1,2}",
    re.IGNORECASE,
)
_STARS = re.compile(r"[*•█x]{3,}|[*•█]+", re.IGNORECASE)
_DETAIL = re.compile(r"<[\w.]{1,200} object at 0x[0-9a-fA-F]{4,16}>|\[object Object\]")


def leaves(value: Any) -> list[str]:
    """Return the texts of a value of JSON, up to a bound."""
    if isinstance(value, str):
        return [value]
    if value is None:
        return []
    waiting, texts, seen = [value], [], 0
    while waiting and seen < MAX_NODES:
        each = waiting.pop()
        seen += 1
        if isinstance(each, str):
            texts.append(each)
        elif isinstance(each, dict):
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
    return texts


def text_losses(texts: list[str]) -> set[str]:
    """Return the kinds of losses of a step's texts.

    Most texts hold none of the few characters with which every sign begins, and are not looked at any further: this is
    done for every step of an export.
    """
    found: set[str] = set()
    joined = texts[0] if len(texts) == 1 else "\n".join(texts)
    if (not joined.isascii() and not _WHOLE.fullmatch(joined)) or "????" in joined:
        found |= {"encoding" for text in texts if is_mojibake(text)}
    if (
        "[" in joined
        or "<" in joined
        or "(" in joined
        or "{" in joined
        or "..." in joined
        or "…" in joined
        or "*" in joined
        or "__" in joined
    ):
        for kind, words, is_lost in _SIGNS:
            if any(word in joined for word in words) and any(map(is_lost, texts)):
                found.add(kind)
    return found


def has_cut_mark(text: str) -> bool:
    """Return whether a text says that it was cut."""
    return _CUT_END.search(text[-120:]) is not None or _CUT_INSIDE.search(text) is not None


def is_mask(value: Any) -> bool:
    """Return whether a value is nothing but the mask of a text."""
    if not isinstance(value, str):
        return False
    text = value.strip()
    return bool(_MASK.fullmatch(text)) or (len(text) >= 3 and _STARS.fullmatch(text) is not None)


def _has_mask(text: str) -> bool:
    return is_mask(text) or _MASK.search(text) is not None


def _lacks_detail(text: str) -> bool:
    return _DETAIL.search(text) is not None


_SIGNS: tuple[tuple[str, tuple[str, ...], Callable[[str], bool]], ...] = (
    ("cut-text", ("runcat", "RUNCAT", " omitted", " trimmed", " char", " bytes", " tokens"), has_cut_mark),
    (
        "redacted",
        ("EDACTED", "edacted", "MASKED", "masked", "FILTERED", "HIDDEN", "SCRUBBED", "PII", "FOR PRIVACY", "***"),
        _has_mask,
    ),
    ("no-detail", (" object at 0x", "[object Object]"), _lacks_detail),
)


def is_mojibake(text: str) -> bool:
    """Return whether a text was decoded wrongly, or lost its characters to question marks."""
    if text.isascii():
        inner = text.rstrip("?!. ")  # at the end, question marks are emphasis
        marks = sum(map(len, _QUESTION_MARKS.findall(inner)))
        return (marks >= 4 and marks * 2 >= len(inner.replace(" ", ""))) or (not inner and text.count("?") >= 8)
    if any(each in text for each in _BROKEN):
        return True
    match = _MOJIBAKE.search(text)
    if match is None:
        return False
    around = text[max(0, match.start() - 1) : match.end() + 2]
    for encoding in ("cp1252", "latin-1"):
        for end in range(len(around), 1, -1):
            for start in range(min(2, end - 1)):
                try:
                    if len(around[start:end].encode(encoding).decode()) < end - start:
                        return True
                except (UnicodeEncodeError, UnicodeDecodeError):
                    continue
    return False


class Lengths:
    """The longest text of each side of a format's steps, and how many different ones have a length in `LIMITS`."""

    def __init__(self) -> None:
        self.longest: dict[str, int] = {}
        self.at_limit: dict[str, set[int]] = {}

    def limit_of(self, side: str, texts: list[str]) -> tuple[str, bool]:
        """Note the texts of a side; return the key of a limit that one has (or ""), and whether that is cut JSON."""
        key, is_cut = "", False
        for text in texts:
            size = len(text)
            if size < MIN_CUT:
                continue
            for unit, length in (("characters", size), ("bytes", size if text.isascii() else len(text.encode()))):
                name = f"{side} {unit}"
                if length > self.longest.get(name, 0):
                    self.longest[name] = length
                if length in LIMITS:
                    key = f"{name} {length}"
                    seen = self.at_limit.setdefault(key, set())
                    if len(seen) < 4:
                        seen.add(crc32(text[-200:].encode("utf-8", "replace")))
                    is_cut = is_cut or _is_cut_json(text)
        return key, is_cut

    def merge(self, other: "Lengths") -> None:
        """Add what was noted elsewhere."""
        for name, length in other.longest.items():
            self.longest[name] = max(self.longest.get(name, 0), length)
        for key, seen in other.at_limit.items():
            self.at_limit.setdefault(key, set()).update(seen)

    def limits(self) -> frozenset[str]:
        """Return the keys at which text was cut: two different texts have that length, and none is longer."""
        return frozenset(
            key
            for key, seen in self.at_limit.items()
            if len(seen) >= 2 and self.longest[key.rpartition(" ")[0]] == int(key.rpartition(" ")[2])
        )


def _is_cut_json(text: str) -> bool:
    if not text.startswith(('{"', '[{"', '["')):
        return False
    try:
        from_json(text)
    except ValueError as error:
        return "EOF" in str(error)
    return False
