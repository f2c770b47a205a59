"""The metrics of evaluations. `runtime/scoring/metrics.py` implements them.

A new metric is a row of `METRICS`. A new option also needs its type in `options.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """A metric: the names of its options, and of those that it requires.

    With `needs_databases` it runs queries on the databases of a folder. A `graded` metric scores from 0 to 1, another
    one 0 or 1; its option `passes_at` is the score from which on an answer counts as right. The value of a metric
    `of_set` is no mean over the rows. One that does not `compare` needs no reference.
    """

    options: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    needs_databases: bool = False
    graded: bool = False
    of_set: bool = False
    compares: bool = True

    @property
    def known(self) -> tuple[str, ...]:
        """All options of the metric."""
        return (*self.options, "passes_at") if self.graded else self.options

    @property
    def needs_settings(self) -> bool:
        """Whether the metric cannot be used by its name alone."""
        return self.needs_databases or bool(self.required)


GENERAL_GUARD = "general"  # as the name of a guard: the check of general ability
PEOPLE = "people"  # as `use` of a metric: people measure it, no Job does
JUDGE = "judge"  # as `use` of a metric: a model behind an endpoint judges answers by a rubric

METRICS: dict[str, Metric] = {
    "exact_match": Metric(),
    "execution_accuracy": Metric(needs_databases=True),
    JUDGE: Metric(options=("rubric",), required=("rubric",)),
    "numeric_answer": Metric(),
    "tool_call": Metric(),
    "contains": Metric(options=("need", "separator", "fold")),
    "regex": Metric(options=("pattern",), required=("pattern",), compares=False),
    "json_schema": Metric(options=("schema",), required=("schema",), compares=False),
    "token_f1": Metric(graded=True),
    "rouge_l": Metric(graded=True),
    "chrf": Metric(graded=True),
    "refusal": Metric(options=("phrases",)),
    "label_accuracy": Metric(options=("labels",)),
    "macro_f1": Metric(options=("labels",), of_set=True),
    "set_precision": Metric(options=("separator",), graded=True),
    "set_recall": Metric(options=("separator",), graded=True),
    "set_f1": Metric(options=("separator",), graded=True),
}


def passes_at(use: str, options: Mapping[str, Any]) -> float:
    """Return the score from which on an answer is right by the metric `use`.

    It is the option `passes_at`; without it 1, or 0.5 for a metric that scores from 0 to 1.
    """
    graded = use in METRICS and METRICS[use].graded
    return float(options.get("passes_at", 0.5 if graded else 1.0))
