"""Native traces, as the recorder of an application writes them; losses are sought in them as in any other."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from compiler.run.imports.span import Item, NotARowError, Note, Row, Span
from compiler.run.imports.values import nanoseconds
from runtime.contract.traces import TRACE_SCHEMA, Trace


def recognises(row: Row) -> bool:
    """Return whether a row is a native trace."""
    return row.get("schema") == TRACE_SCHEMA


def read(row: Row) -> Iterator[Item]:
    """Yield the trace of a row, its steps, its known losses and its feedback."""
    try:
        trace = Trace.model_validate(row)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise NotARowError(f"is no native trace: {'.'.join(map(str, first['loc']))}: {first['msg'].lower()}") from None
    attributes = dict(trace.attributes)
    feedback = attributes.pop("feedback", None)
    yield Span(
        trace=trace.id,
        id=trace.id,
        component="trace",
        source=trace.source,
        input=trace.query,
        output=trace.answer,
        failed=trace.error is not None,
        error=trace.error,
        start=_time(trace.started),
        milliseconds=trace.milliseconds,
        model=trace.model,
        prompt_version=trace.prompt_version,
        session=trace.session,
        attributes=attributes | ({"intent": trace.intent} if trace.intent else {}),
        head=True,
    )
    for step in trace.steps:
        start = _time(step.started)
        yield Span(
            trace=trace.id,
            id=step.id,
            parent=step.parent,
            component=step.component,
            source=trace.source,
            kind=step.kind,
            input=step.input,
            output=step.output,
            failed=step.error is not None,
            error=step.error,
            start=start,
            milliseconds=step.milliseconds,
            model=step.model,
            tokens_in=step.tokens.input if step.tokens else None,
            tokens_out=step.tokens.output if step.tokens else None,
            prompt_version=step.prompt_version,
            attributes=step.attributes,
        )
    for loss in trace.losses:
        yield Note(trace.id, loss.step, "loss", {"kind": loss.kind, "detail": loss.detail})
    for each in feedback if isinstance(feedback, list) else []:
        yield Note(trace.id, "", "feedback", each)


def _time(value: datetime | None) -> int | None:
    held: Any = value
    return nanoseconds(held)
