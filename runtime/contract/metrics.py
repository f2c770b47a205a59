"""The metrics that an evaluation can compute. `runtime/scoring/metrics.py` holds the code of each."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """`needs_databases`: the metric runs queries on the databases of a folder."""

    needs_databases: bool = False


METRICS: dict[str, Metric] = {
    "exact_match": Metric(),
    "execution_accuracy": Metric(needs_databases=True),
    "numeric_answer": Metric(),
    "tool_call": Metric(),
}
