"""Answers that are a set of items: precision, recall and F1."""

import json
import re
from contextlib import suppress

from runtime.scoring.measures.words import folded

_SEPARATORS = re.compile(r"[,，、;；|\n]")
_MARK = re.compile(r"^(?:[-*•]|\d+[.)、])\s+")


def items_of(text: str, separator: str | None) -> set[str]:
    """Return the items of a text, folded: a JSON list, or parts between `separator`, by default commas or lines."""
    if separator is None:
        with suppress(ValueError, RecursionError):
            read = json.loads(text)
            if isinstance(read, list):
                return {folded(str(each)) for each in read} - {""}
    parts = text.split(separator) if separator else _SEPARATORS.split(text)
    return {folded(_MARK.sub("", part.strip())).strip(" .。") for part in parts} - {""}


def set_scores(reference: str, answer: str, separator: str | None) -> tuple[float, float, float]:
    """Return precision, recall and F1 of the answer's items; an empty answer has none of them."""
    wanted, found = items_of(reference, separator), items_of(answer, separator)
    common = len(wanted & found)
    if not common:
        return 0.0, 0.0, 0.0
    return common / len(found), common / len(wanted), 2 * common / (len(found) + len(wanted))
