"""Answers that are one label."""

import re
from collections.abc import Iterable, Sequence

from runtime.contract.goal_blocks import MetricBlock
from runtime.contract.metrics import METRICS
from runtime.contract.options import label_key
from runtime.scoring.text import final_answer

_AFTER_COLON = re.compile(r"[:：]\s*([^:：]+)$")


def is_set_level(metric: MetricBlock) -> bool:
    """Return whether the value of a metric is no mean over the rows."""
    return not metric.is_own and METRICS[metric.use].of_set


def labels_in(texts: Iterable[str], metric: MetricBlock) -> list[str | None]:
    """Return the label that each text is, by the options of a metric; None if it is none."""
    labels = metric.options.get("labels")
    return [label_of(final_answer(text, metric.answer_marker), labels) for text in texts]


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
