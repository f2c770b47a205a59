"""The metrics of evaluations. `runtime/scoring/metrics.py` implements them."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """A metric; with `needs_databases` it runs queries on the databases of a folder."""

    needs_databases: bool = False


GENERAL_GUARD = "general"  # as the name of a guard: the check of general ability

METRICS: dict[str, Metric] = {
    "exact_match": Metric(),
    "execution_accuracy": Metric(needs_databases=True),
    "numeric_answer": Metric(),
    "tool_call": Metric(),
}
