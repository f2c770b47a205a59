"""Answers that are a set of items: precision, recall and F1."""

import json
import re
from contextlib import suppress
from typing import Any

from runtime.scoring.measures.words import folded

_SEPARATORS = re.compile(r"[,，、;；|\n]")
_MARK = re.compile(r"^(?:[-*•]|\d+[.)、])\s+")
_FENCED = re.compile(r"```\w*\n(.*?)\n?```", re.DOTALL)


def items_of(text: str, separator: str | None) -> set[str]:
    """Return the items of a text, folded: a JSON list, or parts between `separator`, by default commas or lines."""
    if separator is None:
        with suppress(ValueError, RecursionError):
            fenced = _FENCED.fullmatch(text.strip())
            read = json.loads(fenced[1] if fenced else text)
            if isinstance(read, list):
                return {folded(_written(each)) for each in read} - {""}
    parts = text.split(separator) if separator else _SEPARATORS.split(text)
    return {folded(_MARK.sub("", part.strip())).strip(" .。") for part in parts} - {""}


def _written(item: Any) -> str:
    """Return an item of a JSON list as text; the order of an object's keys does not count."""
    return json.dumps(item, ensure_ascii=False, sort_keys=True) if isinstance(item, dict | list) else str(item)


def set_scores(reference: str, answer: str, separator: str | None) -> tuple[float, float, float]:
    """Return precision, recall and F1 of the answer's items; an empty answer has none of them."""
    wanted, found = items_of(reference, separator), items_of(answer, separator)
    common = len(wanted & found)
    if not common:
        return 0.0, 0.0, 0.0
    return common / len(found), common / len(wanted), 2 * common / (len(found) + len(wanted))
