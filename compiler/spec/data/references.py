"""References of evaluation rows that a metric of the goal cannot use, which a stage would find before it trains."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from compiler.spec.data.errors import Problem
from compiler.spec.data.texts import Row
from compiler.spec.schema.training_spec import DataSource, TrainingSpec
from compiler.spec.schema.types import Purpose, Shape
from runtime.contract.metrics import METRICS
from runtime.contract.options import option_faults
from runtime.contract.references import reference_fault

_HINT = "correct the reference, or choose a metric that can use it"
_HINTS = {
    "numeric_answer": "write one number, or a formula in LaTeX; measure several values with `set_f1`, text otherwise",
    "tool_call": 'write the call as `{"name": …, "arguments": {…}}`',
    "label_accuracy": "write one of `labels`, or add it there",
    "macro_f1": "write one of `labels`, or add it there",
    "execution_accuracy": "add the name of the database that the query runs on",
}

Check = Callable[[Row], Iterator[Problem]]


def reference_check(spec: TrainingSpec, source: DataSource) -> Check | None:
    """Return a check of the rows of an evaluation source by the metrics of the goal; None for other sources.

    A reference with the answer marker counts with it and without: whether a stage trains chains is not known yet.
    """
    uses = _uses(spec)
    if source.shape is not Shape.EVALUATION or source.purpose is not Purpose.EVALUATION or not uses:
        return None
    marker = spec.spec.evaluation.answer_marker

    def check(row: Row) -> Iterator[Problem]:
        for name, (use, options) in uses.items():
            fault = reference_fault(row, use, options, None)
            if fault and reference_fault(row, use, options, marker):
                common = f"metric `{name}` cannot use the row: {fault.partition(': `')[0]}"
                yield Problem(
                    f"metric `{name}` cannot use the row: {fault}",
                    _HINTS.get(use, _HINT),
                    code="CHK218",
                    common=common,
                )

    return check


def _uses(spec: TrainingSpec) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Return the function and the options of each metric of the library that evaluations measure, by its name."""
    goal = spec.spec.goal
    guarded: dict[str, tuple[str, Mapping[str, Any]]] = {
        each.name: (str(each.name), {}) for each in goal.must_not_fall if each.use is None
    }
    own = {each.name: (each.function, each.options) for each in goal.metrics}
    return {
        name: (use, options)
        for name, (use, options) in (guarded | own).items()
        if use in METRICS
        and not (METRICS[use].needs_settings and name in guarded.keys() - own.keys())
        and not any(option_faults(options, METRICS[use].known, METRICS[use].required))
    }
