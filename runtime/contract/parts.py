"""What a reference or an answer is made of, for metrics that compare parts: a label, items of a set, or phrases."""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from runtime.contract.options import label_key
from runtime.contract.words import folded

_AFTER_COLON = re.compile(r"[:：]\s*([^:：]+)$")
_SEPARATORS = re.compile(r"[,，、;；|\n]")
_MARK = re.compile(r"^(?:[-*•]|\d+[.)、])\s+")
_FENCED = re.compile(r"```\w*\n(.*?)\n?```", re.DOTALL)


def label_of(text: str, labels: Sequence[str] | None) -> str | None:
    """Return the label that a text is, folded; None if it is none of `labels`.

    Punctuation around it does not count, nor words before a colon: `Category: refund.` is `refund`. A text that only
    mentions a label is none.
    """
    whole = label_key(text)
    if labels is None:
        return whole or None
    known = {label_key(label) for label in labels}
    if whole in known:
        return whole
    named = _AFTER_COLON.search(whole)
    after = label_key(named[1]) if named else ""
    return after if after in known else None


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


def phrases_of(reference: str, separator: str | None) -> list[str]:
    """Return the phrases of a reference, without the white space around them."""
    parts = reference.split(separator) if separator else [reference]
    return [" ".join(part.split()) for part in parts if part.strip()]
