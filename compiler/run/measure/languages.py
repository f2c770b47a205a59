"""The language that a text is in, as well as a few words can tell."""

import re

import py3langid

MAX_TEXT = 1_000  # characters that are looked at
MIN_LETTERS = 12  # in a script of words; an ideograph counts as three
# varieties that a sentence or two in Chinese characters cannot tell from Mandarin
_CHINESE = {"yue": "zh", "wuu": "zh"}
_LETTER = re.compile(r"[^\W\d_]")
_IDEOGRAPH = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
UNDETERMINED = "und"


def language_of(text: str) -> str:
    """ISO 639 code of the text's language; `und` where it is too short to tell."""
    shown = text[:MAX_TEXT]
    letters = len(_LETTER.findall(shown)) + 2 * len(_IDEOGRAPH.findall(shown))
    if letters < MIN_LETTERS:
        return UNDETERMINED
    found = str(py3langid.classify(shown)[0])
    return _CHINESE.get(found, found)
