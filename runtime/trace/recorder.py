"""What an application calls: `record` a query, and its `step`s."""

from typing import Any

from .part import Part
from .report import report
from .steps import Step
from .traces import Trace
from .writer import default_recorder


def record(
    query: object = None,
    *,
    session: object = None,
    intent: object = None,
    model: object = None,
    prompt_version: object = None,
    id: object = None,  # noqa: A002
    **attributes: Any,
) -> Trace:
    """Return a query to be recorded by `with`; its line is written when the block ends, also by an error.

    `model` is `name/revision`. `id` is a random number by default. Further arguments are attributes of the trace.
    """
    return Trace(query, default_recorder(), session, intent, model, prompt_version, id, attributes)


def step(
    component: object,
    input: object = None,  # noqa: A002
    *,
    kind: str = "other",
    parent: object = None,
    model: object = None,
    prompt_version: object = None,
    **attributes: Any,
) -> Step:
    """Return one call of a component to be recorded by `with`, or a decorator that records each call of a function.

    `kind` is `intent`, `retrieval`, `tool`, `model`, `agent`, `chain` or `other`. `parent` is the step or trace that it
    belongs to, by default the innermost that is open in this thread or task. Further arguments are attributes.
    """
    above = parent if isinstance(parent, Part) else None
    if above is not parent:
        report("`parent` is not a step or trace, and is ignored")
    return Step(component, input, kind, above, model, prompt_version, attributes)
