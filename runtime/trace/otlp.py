"""Send traces to an OpenTelemetry collector: `configure(sink=OtlpSender("http://localhost:4318"))`.

Writes OTLP/HTTP with JSON (opentelemetry-proto 1.x: ids in hex, 64-bit numbers as texts) and the GenAI conventions of
semantic-conventions-genai 0.1.0. What these have no attribute for goes to attributes that start with `trainspec.`.
"""

import atexit
import contextlib
import json
import os
import queue
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any

from .report import report
from .snapshot import error_text

SCHEMA_URL = "https://opentelemetry.io/schemas/gen-ai/0.1.0"
OPERATIONS = {"model": "chat", "tool": "execute_tool", "retrieval": "retrieval", "agent": "invoke_agent"}
MOST_IN_ONE = 100  # traces in a request
TRIES = 4
AGAIN = (429, 502, 503, 504)  # what OTLP/HTTP lets a client send again
FLUSH_SECONDS = 2.0  # at the end of the process


class OtlpSender:
    """A sink that sends traces in a thread of its own.

    `endpoint` is the address of a collector, with `/v1/traces` or without a path. At most `waiting` traces wait; more
    are dropped and counted, as are those that the collector refuses or that four tries do not deliver.
    """

    def __init__(
        self, endpoint: str, *, headers: Mapping[str, str] | None = None, service: str = "", waiting: int = 1_000
    ) -> None:
        parts = urllib.parse.urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ValueError(f"`{endpoint}` is no address of a collector, such as http://localhost:4318")
        self._url = endpoint if parts.path.strip("/") else f"{parts.scheme}://{parts.netloc}/v1/traces"
        self._headers = {**(headers or {}), "Content-Type": "application/json"}
        self._service = service or os.environ.get("OTEL_SERVICE_NAME", "unknown_service")
        self._waiting = waiting
        self._start()
        atexit.register(self.flush, FLUSH_SECONDS)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._start)

    def _start(self) -> None:
        self._queue: queue.Queue[dict[str, Any]] = queue.Queue(self._waiting)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def __call__(self, record: dict[str, Any]) -> None:
        """Queue a trace, and return at once."""
        try:
            self._queue.put_nowait(record)
        except queue.Full:
            report("a trace is not sent, too many are waiting for the collector")
            return
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="trainspec-otlp", daemon=True)
                    self._thread.start()

    def flush(self, seconds: float) -> bool:
        """Wait until everything is sent or dropped, for at most so many seconds; return whether it is."""
        deadline = time.monotonic() + seconds
        while self._queue.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.01)
        return not self._queue.unfinished_tasks

    def _run(self) -> None:
        while True:
            records = [self._queue.get()]
            with contextlib.suppress(queue.Empty):
                while len(records) < MOST_IN_ONE:
                    records.append(self._queue.get_nowait())
            try:
                self._send(records)
            except Exception as error:
                report("traces are not sent", error_text(error))
            for _ in records:
                self._queue.task_done()

    def _send(self, records: list[dict[str, Any]]) -> None:
        body = json.dumps(request_of(records, self._service), ensure_ascii=False).encode("utf-8", "replace")
        request = urllib.request.Request(self._url, data=body, headers=self._headers, method="POST")  # noqa: S310
        for tried in range(1, TRIES + 1):
            try:
                with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
                    response.read(65_536)
                return
            except urllib.error.HTTPError as error:
                if error.code not in AGAIN or tried == TRIES:
                    raise
                after = error.headers.get("Retry-After", "")
            except OSError:
                if tried == TRIES:
                    raise
                after = ""
            time.sleep(min(float(after), 30.0) if after.isdecimal() else 0.25 * 2**tried)


def request_of(records: list[dict[str, Any]], service: str) -> dict[str, Any]:
    """Return traces as an `ExportTraceServiceRequest`."""
    spans = [span for record in records for span in _spans(record)]
    scope = {"scope": {"name": "trainspec_trace"}, "schemaUrl": SCHEMA_URL, "spans": spans}
    resource = {"attributes": _attributes({"service.name": service})}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]}


def _spans(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the span of the query, and those of its steps."""
    number = record["id"] if _is_id(record["id"]) else blake2b(record["id"].encode(), digest_size=16).hexdigest()
    lacks: dict[str, list[str]] = {}
    for each in record["losses"]:
        lacks.setdefault(each["step"], []).append(f"{each['kind']} {each['detail']}".strip())
    whole = record | {"kind": "agent", "component": "query", "input": record.get("query")}
    whole |= {"output": record.get("answer"), "step": ""}
    made = []
    for part in (whole, *({**each, "step": each["id"]} for each in record["steps"])):
        more = {"gen_ai.conversation.id": record.get("session"), "trainspec.losses": lacks.get(part["step"])}
        above = part.get("parent", "") if part is not whole else None
        made.append(_span(number, part, None if above is None else _span_id(number, above), more))
    return made


def _span(number: str, part: dict[str, Any], parent: str | None, more: dict[str, Any]) -> dict[str, Any]:
    operation = OPERATIONS.get(part["kind"])
    started = _nanoseconds(part.get("started"))
    span = {
        "traceId": number,
        "spanId": _span_id(number, part["step"]),
        "name": f"{operation or part['kind']} {part['component']}",
        "kind": 3 if part["kind"] == "model" else 1,
        "startTimeUnixNano": str(started),
        "endTimeUnixNano": str(started + round(1e6 * (part.get("milliseconds") or 0))),
        "attributes": _attributes({"gen_ai.operation.name": operation, **_content(part), **more}),
        "status": {"code": 2, "message": part["error"]} if part.get("error") else {},
    }
    return span if parent is None else span | {"parentSpanId": parent}


def _content(part: dict[str, Any]) -> dict[str, Any]:
    """Return the GenAI attributes of a step."""
    kind, given, made = part["kind"], part.get("input"), part.get("output")
    tokens = part.get("tokens") or {}
    found = {
        "gen_ai.request.model": part.get("model"),
        "gen_ai.prompt.version": part.get("prompt_version"),
        "gen_ai.usage.input_tokens": tokens.get("input"),
        "gen_ai.usage.output_tokens": tokens.get("output"),
        "error.type": (part.get("error") or "").partition(":")[0] or None,
        "trainspec.attributes": part.get("attributes"),
        "trainspec.intent": part.get("intent"),
    }
    if kind in ("model", "agent"):
        names = "gen_ai.input.messages", "gen_ai.output.messages"
        given, made = _messages(given, "user"), _messages(made, "assistant")
        found["gen_ai.agent.name"] = part["component"] if kind == "agent" else None
    elif kind == "tool":
        names = "gen_ai.tool.call.arguments", "gen_ai.tool.call.result"
        found["gen_ai.tool.name"] = part["component"]
    elif kind == "retrieval":
        names = "gen_ai.retrieval.query.text", "gen_ai.retrieval.documents"
        found["gen_ai.data_source.id"] = part["component"]
    else:
        names = "trainspec.input", "trainspec.output"
    return found | dict(zip(names, (given, made), strict=True))


def _messages(value: Any, role: str) -> Any:
    """Return a text or messages in the form of the conventions; other values as one message of JSON."""
    if value is None:
        return None
    given = value if isinstance(value, list) and all(isinstance(each, dict) for each in value) else [value]
    return [_message(each, role) for each in given]


def _message(value: Any, role: str) -> dict[str, Any]:
    if not isinstance(value, dict) or "role" not in value:
        return {"role": role, "parts": [{"type": "text", "content": _text(value)}]}
    if "parts" in value:
        return value
    content = value.get("content")
    if value["role"] == "tool":
        answered = {"type": "tool_call_response", "id": value.get("tool_call_id"), "response": content}
        return {"role": "tool", "parts": [answered]}
    parts = [] if content in (None, "") else [{"type": "text", "content": _text(content)}]
    calls = value.get("tool_calls")
    return {"role": value["role"], "parts": parts + [_call(each) for each in calls or () if isinstance(each, dict)]}


def _call(call: dict[str, Any]) -> dict[str, Any]:
    """Return a call of a tool, given as OpenAI's API or LangChain writes it."""
    inner = call.get("function")
    function = inner if isinstance(inner, dict) else call
    arguments = function.get("arguments", call.get("args"))
    return {"type": "tool_call", "id": call.get("id"), "name": str(function.get("name")), "arguments": arguments}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Return attributes that have a value; structures are texts of JSON, as most collectors expect them."""
    return [{"key": name, "value": _any_value(value)} for name, value in values.items() if value not in (None, [], {})]


def _any_value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int) and abs(value) < 1 << 63:
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": _text(value)}


def _is_id(text: str) -> bool:
    return len(text) == 32 and set(text) <= set("0123456789abcdef") and set(text) != {"0"}


def _span_id(number: str, step: str) -> str:
    return blake2b(f"{number}/{step}".encode("utf-8", "replace"), digest_size=8).hexdigest()


def _nanoseconds(started: str | None) -> int:
    return round(1e6 * round(1e3 * datetime.fromisoformat(started).timestamp(), 3)) if started else 0
