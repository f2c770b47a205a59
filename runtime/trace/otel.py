"""Make traces of finished OpenTelemetry spans: `provider.add_span_processor(TraceSpans())`."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import StatusCode

from .dialects import dialect_of, read
from .form import SCHEMA, loss, name_of, present, step_losses, time_of, tokens_of
from .report import report
from .snapshot import error_text, snapshot
from .writer import Recorder, default_recorder

MOST_TRACES = 1_000  # that are open
MOST_SPANS = 10_000  # of a trace


@dataclass(slots=True)
class _Open:
    """The spans of a trace in this process: how many run, and those that have ended."""

    running: int = 0
    ended: list[ReadableSpan] = field(default_factory=list)
    missed: int = 0


class TraceSpans(SpanProcessor):
    """Collects the spans of each trace, and records it when the last one has ended, if any has GenAI content.

    Spans without it are kept as steps of kind `other` without their attributes. A trace whose spans never end is
    recorded when 1,000 newer ones are open.
    """

    def __init__(self, recorder: Recorder | None = None) -> None:
        self._recorder = recorder
        self._open: OrderedDict[int, _Open] = OrderedDict()
        self._lock = threading.Lock()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Count a span as running."""
        context, oldest = span.context, None
        with self._lock:
            self._open.setdefault(context.trace_id, _Open()).running += 1
            if len(self._open) > MOST_TRACES:
                oldest = self._open.popitem(last=False)[1]
        self._record(oldest)

    def on_end(self, span: ReadableSpan) -> None:
        """Keep a span; record its trace if it is the last one."""
        context, done = span.context, None
        with self._lock:
            known = self._open.setdefault(context.trace_id, _Open(running=1))
            known.running -= 1
            if len(known.ended) < MOST_SPANS:
                known.ended.append(span)
            else:
                known.missed += 1
            if known.running <= 0:
                done = self._open.pop(context.trace_id)
        self._record(done)

    def shutdown(self) -> None:
        """Record what has ended of the traces that are open."""
        with self._lock:
            rest, self._open = list(self._open.values()), OrderedDict()
        for each in rest:
            self._record(each)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Do nothing: finished traces are written already."""
        return True

    def _record(self, spans: _Open | None) -> None:
        try:
            recorder = self._recorder or default_recorder()
            made = trace_of(spans, recorder) if spans is not None and spans.ended else None
            if made is not None:
                recorder.write(made)
        except Exception as error:
            report("a trace of OpenTelemetry is lost", error_text(error))


def trace_of(spans: _Open, recorder: Recorder) -> dict[str, Any] | None:
    """Return the trace that finished spans make; None if none has GenAI content."""
    ordered = sorted(spans.ended, key=lambda span: span.start_time or 0)
    dialects = {span.context.span_id: _dialect(span) for span in ordered}
    used = sorted({each for each in dialects.values() if each})
    if not used:
        return None
    room = recorder.trace_characters
    losses: list[dict[str, str]] = []
    steps, sessions = [], []
    for span in ordered:
        found = read(dialects[span.context.span_id], span.name, span.attributes or {}, _events(span))
        sessions.append(found.get("session"))
        step, room, lost = _step(span, found, min(room, recorder.value_characters), room, dialects)
        losses += [*step_losses(step, lost)]
        steps.append(step)
    root = next((each for each in steps if "parent" not in each), steps[0])
    asked = _first_of(root, steps, "input")
    answered = _first_of(root, [*reversed(steps)], "output")
    losses += [loss("no-query", "")] if asked is None else []
    losses += [loss("no-answer", "")] if answered is None and "error" not in root else []
    losses += [loss("no-detail", "", f"{spans.missed} more steps")] if spans.missed else []
    models = {each["model"] for each in steps if "model" in each}
    first = ordered[0]
    # a trace may pass through this process more than once
    part = "" if first.parent is None else f"-{first.context.span_id:016x}"
    return {
        "schema": SCHEMA,
        "id": f"{first.context.trace_id:032x}{part}",
        "source": f"opentelemetry:{'+'.join(used)}",
    } | present(
        session=name_of(next((each for each in sessions if each), None)),
        started=root.get("started"),
        milliseconds=root.get("milliseconds"),
        query=asked,
        answer=answered,
        error=root.get("error"),
        model=models.pop() if len(models) == 1 else None,
        prompt_version=next((each["prompt_version"] for each in steps if "prompt_version" in each), None),
        steps=steps,
        losses=losses,
    )


def _step(
    span: ReadableSpan, found: dict[str, Any], limit: int, room: int, dialects: dict[int, str]
) -> tuple[dict[str, Any], int, list[tuple[str, str]]]:
    """Return the step of a span, what is left of the budget, and what its values lack."""
    name, lost, values = f"{span.context.span_id:016x}", [], {}
    if span.parent is not None and not span.parent.is_remote and span.parent.span_id not in dialects:
        lost.append(("no-parent", f"{span.parent.span_id:016x}"))
    for which in ("input", "output"):
        values[which], more, used = snapshot(found.get(which), max(0, min(limit, room)))
        room -= used
        lost += [(kind, f"{which}: {detail}") for kind, detail in more]
    started, ended = span.start_time, span.end_time
    step = {"id": name, "kind": found["kind"], "component": name_of(found["component"]) or "unnamed"} | present(
        parent=f"{span.parent.span_id:016x}" if span.parent is not None and not span.parent.is_remote else None,
        input=values["input"],
        output=values["output"],
        error=_error(span),
        started=time_of(started) if started else None,
        milliseconds=max(0.0, round((ended - started) / 1e6, 3)) if started and ended else None,
        model=name_of(found.get("model")),
        prompt_version=name_of(found.get("prompt_version")),
        tokens=tokens_of(found.get("tokens") or ()) or None,
    )
    return step, room, lost


def _first_of(root: dict[str, Any], steps: list[dict[str, Any]], name: str) -> Any:
    """Return what the root has, or else the first call of a model, or else any step."""
    models = [each for each in steps if each["kind"] == "model"]
    return next((each[name] for each in (root, *models, *steps) if each.get(name) is not None), None)


def _dialect(span: ReadableSpan) -> str:
    scope = span.instrumentation_scope
    return dialect_of(span.attributes or {}, _events(span), (scope.schema_url or "") if scope else "")


def _events(span: ReadableSpan) -> list[tuple[str, Any]]:
    return [(event.name, event.attributes or {}) for event in span.events]


def _error(span: ReadableSpan) -> str | None:
    """Return the error of a span: its exception, or else its status."""
    for name, attributes in reversed(_events(span)):
        if name == "exception":
            text = attributes.get("exception.message")
            return f"{attributes.get('exception.type', 'Exception')}{': ' if text else ''}{text or ''}"[:4000]
    if span.status.status_code is not StatusCode.ERROR:
        return None
    return str((span.attributes or {}).get("error.type") or span.status.description or "error")[:4000]
