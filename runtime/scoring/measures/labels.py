"""Answers that are one label."""

from collections.abc import Iterable

from runtime.contract.answers import final_answer
from runtime.contract.goal_blocks import MetricBlock
from runtime.contract.metrics import METRICS
from runtime.contract.parts import label_of


def is_set_level(metric: MetricBlock) -> bool:
    """Return whether the value of a metric is no mean over the rows."""
    return not metric.is_own and METRICS[metric.use].of_set


def labels_in(texts: Iterable[str], metric: MetricBlock) -> list[str | None]:
    """Return the label that each text is, by the options of a metric; None if it is none."""
    labels = metric.options.get("labels")
    return [label_of(final_answer(text, metric.answer_marker), labels) for text in texts]
