"""Spans of any tool as steps of native traces, written as JSON once, with the losses that a step alone shows."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from pydantic_core import to_json

from compiler.run.imports.span import Note, Span
from compiler.run.imports.texts import Lengths, leaves, text_losses
from compiler.run.imports.values import is_empty

HEAD, STEP, NOTE = range(3)  # roles of a row, in the order in which a trace is put together
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST, _LATEST = 946_684_800 * 10**9, 4_102_444_800 * 10**9  # the years 2000 and 2100
UNKNOWN = "unknown error"
MAX_BODY = 1 << 20  # bytes of a step as JSON: the input and output of a larger one are left out
MAX_MILLISECONDS = 1e11  # three years
MAX_ID = 512  # characters of an id or of a name; what is longer is cut


class StepRow(NamedTuple):
    """One row of what is grouped: `body` is the JSON of the step, head or note; `losses` are kinds with commas.

    `cut_in` and `cut_out` are keys of `Lengths.limits` that decide whether a text was cut.
    """

    trace: str
    role: int
    id: str
    parent: str | None
    start: int | None
    end: int | None
    kind: str
    source: str
    session: str | None
    model: str | None
    prompt: str | None
    failed: bool
    remote: bool
    has_content: bool
    losses: str
    cut_in: str
    cut_out: str
    file: int
    line: int
    body: bytes


def step_row(span: Span, lacks: frozenset[str], lengths: Lengths, file: int, line: int) -> StepRow:
    """Return the row of a span; `lacks` are losses that its format always has."""
    ends = span.end
    milliseconds = span.milliseconds if span.milliseconds is None or 0 <= span.milliseconds < MAX_MILLISECONDS else None
    if ends is None and span.start is not None and milliseconds is not None:
        ends = min(span.start, _LATEST) + int(milliseconds * 1e6)
    if milliseconds is None and span.start is not None and ends is not None and ends >= span.start:
        milliseconds = round((ends - span.start) / 1e6, 3)
    body = _head(span, milliseconds) if span.head else _step(span, milliseconds)
    written = to_json(body, inf_nan_mode="null", serialize_unknown=True)
    given, answered = leaves(span.input), leaves(span.output)
    losses = text_losses(given + answered)
    if len(written) > MAX_BODY:
        small = span._replace(input=None, output=None, attributes={})
        written = to_json(_head(small, milliseconds) if span.head else _step(small, milliseconds), inf_nan_mode="null")
        losses.add("no-detail")
    cut_in, is_cut = lengths.limit_of("input", given)
    cut_out, is_cut_out = lengths.limit_of("output", answered)
    if is_cut or is_cut_out:
        losses.add("cut-text")
    if not span.head:
        losses |= _own_losses(span, milliseconds)
    losses -= lacks
    return StepRow(
        span.trace[:MAX_ID],
        HEAD if span.head else STEP,
        span.id[:MAX_ID],
        span.parent and span.parent[:MAX_ID],
        span.start,
        ends,
        span.kind,
        span.source,
        span.session,
        span.model,
        span.prompt_version,
        span.failed,
        span.is_remote,
        not (is_empty(span.input) and is_empty(span.output)),
        ",".join(sorted(losses)) if losses else "",
        cut_in,
        cut_out,
        file,
        line,
        written,
    )


def note_row(note: Note, file: int, line: int) -> StepRow:
    """Return the row of a note."""
    written = to_json({"what": note.what, "value": note.value}, inf_nan_mode="null", serialize_unknown=True)
    trace, span = note.trace[:MAX_ID], note.span[:MAX_ID]
    return StepRow(
        trace, NOTE, span, None, note.start, None, note.what, "", None, None, None, False, False, False, "", "", "",
        file, line, written,
    )  # fmt: skip


def moment(nanoseconds: int | None) -> str | None:
    """Return a time as ISO 8601 in UTC; None without a time, and for one that no clock shows."""
    if nanoseconds is None:
        return None
    try:
        return (_EPOCH + timedelta(microseconds=nanoseconds // 1000)).isoformat().replace("+00:00", "Z")
    except OverflowError:
        return None


def _head(span: Span, milliseconds: float | None) -> dict[str, Any]:
    return {
        "input": span.input,
        "output": span.output,
        "error": span.error,
        "milliseconds": milliseconds,
        "attributes": span.attributes,
        "component": span.component,
    }


def _step(span: Span, milliseconds: float | None) -> dict[str, Any]:
    """Return a step of the contract, without fields that have nothing."""
    made: dict[str, Any] = {"id": span.id[:MAX_ID], "kind": span.kind, "component": span.component[:MAX_ID]}
    if span.parent is not None:
        made["parent"] = span.parent[:MAX_ID]
    if span.input is not None:
        made["input"] = span.input
    if span.output is not None:
        made["output"] = span.output
    if span.failed:
        made["error"] = span.error or UNKNOWN
    if span.start is not None:
        made["started"] = moment(span.start)
    if milliseconds is not None:
        made["milliseconds"] = milliseconds
    if span.model is not None:
        made["model"] = span.model
    if span.prompt_version is not None:
        made["prompt_version"] = span.prompt_version
    if span.tokens_in is not None or span.tokens_out is not None:
        made["tokens"] = {"input": span.tokens_in, "output": span.tokens_out}
    if span.attributes:
        made["attributes"] = span.attributes
    return made


def _own_losses(span: Span, milliseconds: float | None) -> set[str]:
    losses = set()
    if span.start is None or (milliseconds is None and not span.is_event):
        is_backward = span.start is not None and span.end is not None and span.end < span.start
        losses.add("clock" if is_backward else "no-latency")
    if span.start is not None and not _EARLIEST < span.start < _LATEST:
        losses.add("clock")
    if span.failed and not span.error:
        losses.add("no-error")
    if span.dropped:
        losses.add("no-detail")
    if span.kind == "model":
        if is_empty(span.input):
            losses.add("no-query")
        if span.model is None:
            losses.add("no-model")
        if not span.failed:
            if is_empty(span.output):
                losses.add("no-answer")
            if span.tokens_out is None and span.tokens_in is None and not span.is_streamed:
                losses.add("no-tokens")
    return losses
