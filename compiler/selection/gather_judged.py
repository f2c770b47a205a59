"""Figures of a judge: left out where it does not count, else corrected for its errors."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from compiler.selection.current import measure_of
from compiler.selection.figures import Measure, Round
from compiler.spec.inputs import Inputs
from compiler.spec.judged import agreements, counts, judged_metrics
from compiler.spec.schema.stage_result import StageResultBody
from runtime.contract.agreement import corrected_share


def judged_rounds(rounds: Iterable[Round], metric: str, inputs: Inputs) -> Iterator[Round]:
    """Yield prompt rounds of `metric` as rules may use them; all rounds of a metric that is not judged."""
    if all(each.name != metric for each in judged_metrics(inputs)):
        yield from rounds
        return
    agreement = agreements(inputs).get(metric)
    if agreement is None:
        return
    for each in rounds:
        value, low, high = corrected_share(each.score, each.questions, agreement)
        yield replace(each, score=value, interval=(low, high))


def counted_scores(body: StageResultBody, file: str, inputs: Inputs) -> dict[str, Measure]:
    """Return the scores of a result that rules may use, by metric; `file` is its path as shown to people."""
    return {each.name: measure_of(each, file) for each in body.metrics if counts(each, inputs)}
