"""MLflow: traces of `search_traces` as JSON (`Trace.to_json`), or as rows of its dataframe (Parquet, CSV, JSONL).

Fields: https://mlflow.org/docs/latest/genai/concepts/trace/ and mlflow/entities (trace, span, assessment), in the
versions 2 (`context`, `parent_id`), 3 and 4 of a span.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from compiler.run.imports.span import Item, NotARowError, Note, Row, Span
from compiler.run.imports.values import count, decoded, mapping, messages, nanoseconds, number, rows_in, text
from runtime.contract.traces import StepKind

_KINDS: dict[str, StepKind] = {
    "LLM": "model",
    "CHAT_MODEL": "model",
    "CHAIN": "chain",
    "AGENT": "agent",
    "TOOL": "tool",
    "RETRIEVER": "retrieval",
    "RERANKER": "retrieval",
}
_FAILED = ("ERROR", "STATUS_CODE_ERROR", 2)
_SOURCE = "mlflow"


def recognises(row: Row) -> bool:
    """Return whether a row is a trace, a row of the dataframe, or an object that holds traces."""
    if isinstance(row.get("info"), dict) and isinstance(row.get("data"), dict):
        return "spans" in row["data"]
    if ("trace_id" in row or "request_id" in row) and ("spans" in row or "trace" in row):
        return "request" in row or "execution_time_ms" in row or "execution_duration" in row
    traces = rows_in(row.get("traces"))
    return bool(traces) and recognises(traces[0])


def read(row: Row) -> Iterator[Item]:
    """Yield the trace of a row with its spans and assessments."""
    if "traces" in row:
        for each in rows_in(row["traces"]):
            yield from read(each)
        return
    if "info" in row:
        info, data = mapping(row["info"]), mapping(row.get("data"))
    else:
        held = mapping(row.get("trace"))
        info, data = {**mapping(held.get("info")), **row}, {**mapping(held.get("data")), **row}
        data["spans"] = row.get("spans") or mapping(held.get("data")).get("spans")
    trace = text(info.get("trace_id") or info.get("request_id") or info.get("client_request_id"))
    if not trace:
        raise NotARowError("is a trace without `trace_id`")
    spans = rows_in(data.get("spans"))
    metadata = {**mapping(info.get("request_metadata")), **mapping(info.get("trace_metadata"))}
    tags = mapping(info.get("tags"))
    yield Span(
        trace=trace,
        id=trace,
        component=text(tags.get("mlflow.traceName")) or "trace",
        source=_SOURCE,
        input=_io(data.get("request")),
        output=_io(data.get("response")),
        failed=(info.get("state") or info.get("status")) == "ERROR",
        start=nanoseconds(info.get("request_time") or info.get("timestamp_ms")),
        milliseconds=_milliseconds(info),
        session=text(metadata.get("mlflow.trace.session")),
        head=True,
    )
    for each in spans:
        yield _span(each, trace)
    for each in rows_in(info.get("assessments")):
        if note := _assessment(each, trace):
            yield note


def _span(row: Mapping[str, Any], trace: str) -> Span:
    attributes = mapping(row.get("attributes"))
    context = mapping(row.get("context"))
    span = text(row.get("span_id") or context.get("span_id"))
    if not span:
        raise NotARowError("holds a span without `span_id`")
    status = mapping(row.get("status"))
    given = _io(attributes.get("mlflow.spanInputs"))
    answered = _io(attributes.get("mlflow.spanOutputs"))
    kind = _KINDS.get(str(decoded(attributes.get("mlflow.spanType"))), "other")
    used = mapping(attributes.get("mlflow.chat.tokenUsage"))
    failed = (row.get("status_code") or status.get("code")) in _FAILED
    message = text(row.get("status_message") or status.get("message"))
    return Span(
        trace=trace,
        id=span,
        parent=text(row.get("parent_span_id") or row.get("parent_id")),
        component=text(row.get("name")) or "unnamed",
        source=_SOURCE,
        kind=kind,
        input=given,
        output=answered,
        failed=failed,
        error=(message or _exception(row)) if failed else None,
        start=nanoseconds(row.get("start_time_unix_nano") or row.get("start_time")),
        end=nanoseconds(row.get("end_time_unix_nano") or row.get("end_time")),
        model=_model(attributes, given) if kind == "model" else None,
        tokens_in=count(used.get("input_tokens")),
        tokens_out=count(used.get("output_tokens")),
        is_streamed=isinstance(given, dict) and given.get("stream") is True,
    )


def _io(value: Any) -> Any:
    """Return an input or output, which MLflow writes as text of JSON."""
    value = decoded(value)
    if isinstance(value, dict) and set(value) == {"messages"}:
        value = value["messages"]
    return messages(value)


def _model(attributes: Mapping[str, Any], given: Any) -> str | None:
    for name in ("mlflow.llm.model", "gen_ai.request.model", "model", "model_name"):
        if found := text(decoded(attributes.get(name))):
            return found
    parameters = mapping(attributes.get("invocation_params"))
    held = given if isinstance(given, dict) else {}
    return text(parameters.get("model") or parameters.get("model_name") or held.get("model"))


def _exception(row: Mapping[str, Any]) -> str | None:
    for event in rows_in(row.get("events")):
        held = mapping(event.get("attributes"))
        parts = (text(held.get("exception.type")), text(held.get("exception.message")))
        if any(parts):
            return ": ".join(each for each in parts if each)
    return None


def _milliseconds(info: Mapping[str, Any]) -> float | None:
    for name in ("execution_duration_ms", "execution_time_ms"):
        if (found := number(info.get(name))) is not None:
            return max(found, 0.0)
    duration = info.get("execution_duration")
    if isinstance(duration, str) and duration.endswith("s"):  # protobuf: `1.250s`
        seconds = number(duration[:-1])
        return None if seconds is None else seconds * 1000
    return number(duration)


def _assessment(row: Mapping[str, Any], trace: str) -> Note | None:
    """Return feedback, or an expectation as a correction; None for an assessment that failed."""
    expectation, feedback = row.get("expectation"), row.get("feedback")
    source = mapping(row.get("source"))
    held: dict[str, Any] = {"name": row.get("assessment_name") or row.get("name")}
    if isinstance(expectation, dict):
        held["correction"] = expectation.get("value", mapping(expectation.get("serialized_value")).get("value"))
    elif isinstance(feedback, dict) and not feedback.get("error"):
        value = feedback.get("value")
        held["label" if isinstance(value, str) else "value"] = float(value) if isinstance(value, bool) else value
    else:
        return None
    held |= {"comment": row.get("rationale"), "source": source.get("source_type")}
    made = {name: value for name, value in held.items() if value is not None}
    return Note(trace, text(row.get("span_id")) or "", "feedback", made)
