"""OTLP/JSON: what the file exporter of the OpenTelemetry Collector writes, one request a line, or one request a file.

Field names and encodings: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding and
https://github.com/open-telemetry/opentelemetry-proto (trace.proto, logs.proto); attributes of other instrumentations
are read by their own conventions.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from compiler.run.imports.formats import genai, openinference
from compiler.run.imports.span import Item, NotARowError, Row, Span
from compiler.run.imports.values import count, nanoseconds, text

_GROUPS = ("resourceSpans", "resource_spans", "resourceLogs", "resource_logs", "batches")
_SCOPES = ("scopeSpans", "scope_spans", "instrumentationLibrarySpans", "scopeLogs", "scope_logs")
_RECORDS = ("spans", "logRecords", "log_records")
_REMOTE = 0x300  # flags: it is known whether the parent is remote, and it is
_FAILED = (2, "2", "STATUS_CODE_ERROR", "ERROR")
_DROPPED = ("droppedAttributesCount", "droppedEventsCount", "dropped_attributes_count", "dropped_events_count")
_VALUES: dict[str, Callable[[Any], Any]] = {
    "stringValue": lambda value: value,
    "string_value": lambda value: value,
    "intValue": lambda value: int(value) if isinstance(value, str) and value.lstrip("-").isdecimal() else value,
    "int_value": lambda value: int(value) if isinstance(value, str) and value.lstrip("-").isdecimal() else value,
    "boolValue": lambda value: value,
    "bool_value": lambda value: value,
    "doubleValue": lambda value: value,
    "double_value": lambda value: value,
    "bytesValue": lambda value: value,
    "bytes_value": lambda value: value,
    "arrayValue": lambda value: [any_value(each) for each in _list(value, "values")],
    "array_value": lambda value: [any_value(each) for each in _list(value, "values")],
    "kvlistValue": lambda value: attributes_of(_list(value, "values")),
    "kvlist_value": lambda value: attributes_of(_list(value, "values")),
}


def recognises(row: Row) -> bool:
    """Return whether a row is a request of OTLP, or one of its resources."""
    return any(name in row for name in _GROUPS) or any(name in row for name in _SCOPES)


def read(row: Row) -> Iterator[Item]:
    """Yield the spans of a request, or the messages and evaluations of its log records."""
    groups = next((row[name] for name in _GROUPS if name in row), [row])
    for group in _objects(groups):
        resource = group.get("resource")
        service = attributes_of(_list(resource, "attributes")) if resource else {}
        for name in _SCOPES:
            for scope in _objects(group.get(name)):
                schema = text(scope.get("schemaUrl")) or text(group.get("schemaUrl")) or ""
                for records in _RECORDS:
                    read_one = _span if records == "spans" else _log
                    for record in _objects(scope.get(records)):
                        yield from read_one(record, service, schema)


def any_value(value: Any) -> Any:
    """Return the value of an `AnyValue`."""
    if isinstance(value, dict):
        for name, held in value.items():
            decode = _VALUES.get(name)
            return held if decode is None else decode(held)
    return None


def attributes_of(pairs: Any) -> dict[str, Any]:
    """Return a list of `KeyValue` as an object."""
    made = {}
    for pair in pairs:
        if isinstance(pair, dict) and "key" in pair:
            value = pair.get("value")
            if isinstance(value, dict) and "stringValue" in value:
                made[str(pair["key"])] = value["stringValue"]
            else:
                made[str(pair["key"])] = any_value(value)
    return made


def _span(record: Mapping[str, Any], service: Mapping[str, Any], schema: str) -> Iterator[Item]:
    trace = text(record.get("traceId") or record.get("trace_id"))
    span = text(record.get("spanId") or record.get("span_id"))
    if not trace or not span:
        raise NotARowError("holds a span without `traceId` or `spanId`")
    attributes = attributes_of(_list(record, "attributes"))
    events = [
        (str(each.get("name")), attributes_of(_list(each, "attributes"))) for each in _objects(record.get("events"))
    ]
    status = record.get("status")
    status = status if isinstance(status, dict) else {}
    start = nanoseconds(record.get("startTimeUnixNano") or record.get("start_time_unix_nano"))
    made = Span(
        trace=trace,
        id=span,
        parent=text(record.get("parentSpanId") or record.get("parent_span_id")),
        component=text(record.get("name")) or "unnamed",
        source="",
        start=start,
        end=nanoseconds(record.get("endTimeUnixNano") or record.get("end_time_unix_nano")),
        failed=status.get("code") in _FAILED,
        error=text(status.get("message")),
        is_remote=((count(record.get("flags")) or 0) & _REMOTE) == _REMOTE,
        dropped=sum(count(record.get(name)) or 0 for name in _DROPPED if name in record),
        session=text(attributes.get("session.id") or service.get("session.id")),
    )
    conventions = openinference if openinference.KIND in attributes else genai
    yield from conventions.of_otel(made, attributes, events, schema)


def _log(record: Mapping[str, Any], service: Mapping[str, Any], schema: str) -> Iterator[Item]:
    """Yield what a log record of the GenAI conventions adds to a span; nothing for any other record."""
    attributes = attributes_of(_list(record, "attributes"))
    name = text(record.get("eventName") or record.get("event_name") or attributes.get("event.name"))
    trace = text(record.get("traceId") or record.get("trace_id"))
    span = text(record.get("spanId") or record.get("span_id")) or ""
    if name and trace:
        body = any_value(record.get("body"))
        at = nanoseconds(record.get("timeUnixNano") or record.get("observedTimeUnixNano"))
        yield from genai.notes(trace, span, name, attributes, body if isinstance(body, dict) else {}, at)


def _objects(value: Any) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise NotARowError("is not OTLP: a list of objects is something else")
    return value


def _list(value: Any, name: str) -> list[Any]:
    held = value.get(name) if isinstance(value, dict) else None
    return held if isinstance(held, list) else []
