"""Langfuse: observations, traces and scores, from blob storage exports (enriched and legacy), the API and the UI.

Fields: https://langfuse.com/docs/api-and-data-platform/features/blob-storage-export-fields; the API and the UI
write the same names in camel case, and a downloaded trace holds its observations.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from compiler.run.imports.span import Item, NotARowError, Note, Row, Span
from compiler.run.imports.values import count, decoded, mapping, messages, nanoseconds, number, rows_in, text
from runtime.contract.traces import StepKind

_KINDS: dict[str, StepKind] = {
    "GENERATION": "model",
    "AGENT": "agent",
    "TOOL": "tool",
    "CHAIN": "chain",
    "RETRIEVER": "retrieval",
}
_TYPES = {*_KINDS, "SPAN", "EVENT", "EVALUATOR", "EMBEDDING", "GUARDRAIL"}
_SOURCE = "langfuse"
_HELD = ("observations", "traces", "scores", "data")


def recognises(row: Row) -> bool:
    """Return whether a row is an observation, a trace, a score, or an object that holds some."""
    if row.get("type") in _TYPES and ("trace_id" in row or "traceId" in row):
        return True
    if _is_score(row) or _is_trace(row):
        return True
    if isinstance(row.get("trace"), dict) and "observations" in row:
        return True
    held = next((rows[0] for name in _HELD if (rows := rows_in(row.get(name)))), None)
    return held is not None and held is not row and recognises(held)


def read(row: Row) -> Iterator[Item]:
    """Yield the observation, the trace or the score of a row, or everything that it holds."""
    if row.get("type") in _TYPES and ("trace_id" in row or "traceId" in row):
        yield from _observation(row, None)
    elif _is_score(row):
        yield _score(row, "")
    elif _is_trace(row):
        yield from _trace(row)
    elif isinstance(row.get("trace"), dict):
        inner = dict(row["trace"])
        inner["observations"] = row.get("observations") or inner.get("observations")
        yield from _trace(inner)
    else:
        held = [each for name in _HELD for each in rows_in(row.get(name))]
        if not held:
            raise NotARowError("is neither an observation, a trace nor a score of Langfuse")
        for each in held:
            yield from read(each)


def _is_score(row: Row) -> bool:
    return ("data_type" in row or "dataType" in row) and "value" in row and ("trace_id" in row or "traceId" in row)


def _is_trace(row: Row) -> bool:
    return "timestamp" in row and "id" in row and ("session_id" in row or "sessionId" in row or "observations" in row)


def _get(row: Row, snake: str, camel: str) -> Any:
    value = row.get(snake)
    return row.get(camel) if value is None else value


def _observation(row: Row, trace: str | None) -> Iterator[Item]:
    trace = text(_get(row, "trace_id", "traceId")) or trace
    span = text(row.get("id"))
    if not trace or not span:
        raise NotARowError("is an observation without `id` or `trace_id`")
    parent = text(_get(row, "parent_observation_id", "parentObservationId"))
    start = nanoseconds(_get(row, "start_time", "startTime"))
    kind = str(row.get("type") or "SPAN")
    session = text(_get(row, "session_id", "sessionId"))
    prompt = text(_get(row, "prompt_version", "promptVersion"))
    name = text(_get(row, "prompt_name", "promptName"))
    model = text(_get(row, "provided_model_name", "providedModelName")) or text(row.get("model"))
    failed = row.get("level") == "ERROR"
    message = text(_get(row, "status_message", "statusMessage"))
    if parent is None:  # the trace is the parent: a trace may hold many of these
        yield Span(trace, trace, text(_get(row, "trace_name", "traceName")) or "trace", _SOURCE, head=True, start=start)
    tokens = _tokens(row)
    yield Span(
        trace=trace,
        id=span,
        parent=parent,
        component=text(row.get("name")) or kind.lower(),
        source=_SOURCE,
        kind=_KINDS.get(kind, "other"),
        input=messages(decoded(row.get("input"))),
        output=messages(decoded(row.get("output"))),
        failed=failed,
        error=message if failed else None,
        start=start,
        end=nanoseconds(_get(row, "end_time", "endTime")),
        model=model,
        tokens_in=tokens[0],
        tokens_out=tokens[1],
        prompt_version=f"{name}/{prompt}" if name and prompt else prompt,
        session=session,
        is_event=kind == "EVENT",
        is_streamed=_get(row, "completion_start_time", "completionStartTime") is not None,
    )
    for each in rows_in(row.get("scores")):
        yield _score(each, trace)


def _tokens(row: Row) -> tuple[int | None, int | None]:
    used = mapping(_get(row, "usage_details", "usageDetails")) or mapping(row.get("usage"))
    given = count(used.get("input", used.get("promptTokens")))
    answered = count(used.get("output", used.get("completionTokens")))
    if given is None and answered is None:
        given = count(row.get("promptTokens", row.get("inputUsage")))
        answered = count(row.get("completionTokens", row.get("outputUsage")))
        if not given and not answered:  # the API writes 0 for what it does not know
            return None, None
    return given, answered


def _trace(row: Row) -> Iterator[Item]:
    trace = text(row.get("id"))
    if not trace:
        raise NotARowError("is a trace without `id`")
    latency = number(row.get("latency"))
    start = nanoseconds(row.get("timestamp"))
    tags = decoded(row.get("tags"))
    yield Span(
        trace=trace,
        id=trace,
        component=text(row.get("name")) or "trace",
        source=_SOURCE,
        input=messages(decoded(row.get("input"))),
        output=messages(decoded(row.get("output"))),
        start=start,
        milliseconds=None if latency is None or latency < 0 else latency * 1000,
        prompt_version=None,
        session=text(_get(row, "session_id", "sessionId")),
        attributes={"tags": tags} if isinstance(tags, list) and tags else {},
        head=True,
    )
    for each in rows_in(row.get("observations")):
        yield from _observation(each, trace)
    for each in rows_in(row.get("scores")):
        yield _score(each, trace)


def _score(row: Mapping[str, Any], trace: str) -> Note:
    held = {
        "name": row.get("name"),
        "value": number(row.get("value")),
        "label": _get(row, "string_value", "stringValue"),
        "comment": row.get("comment"),
        "source": row.get("source"),
    }
    made = {name: value for name, value in held.items() if value is not None and value != ""}
    owner = text(_get(row, "trace_id", "traceId")) or trace
    return Note(owner, text(_get(row, "observation_id", "observationId")) or "", "feedback", made)
