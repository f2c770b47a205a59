"""Against the real SDK of OpenTelemetry."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from openinference.semconv.trace import (
    DocumentAttributes,
    MessageAttributes,
    OpenInferenceSpanKindValues,
    SpanAttributes,
)
from opentelemetry import trace as api
from opentelemetry.sdk.trace import TracerProvider

from runtime.trace.otel import TraceSpans

MESSAGES = [{"role": "user", "parts": [{"type": "text", "content": "Where is it?"}]}]
ANSWER = [{"role": "assistant", "parts": [{"type": "text", "content": "There."}], "finish_reason": "stop"}]
ASKED, ANSWERED = [{"role": "user", "content": "Where is it?"}], [{"role": "assistant", "content": "There.", "finish_reason": "stop"}]  # fmt: skip


def tracer(schema: str | None = None) -> api.Tracer:
    provider = TracerProvider()
    provider.add_span_processor(TraceSpans())
    return provider.get_tracer("test", schema_url=schema)


def set_all(span: api.Span, **attributes: Any) -> None:
    span.set_attributes({name.replace("__", "."): value for name, value in attributes.items()})


def model(version: str, span: api.Span) -> None:
    """A call of a model in a dialect."""
    usage = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.response.model": "m-1"}
    usage |= {"gen_ai.usage.input_tokens": 12, "gen_ai.usage.output_tokens": 3}
    if version == "openinference":
        usage = {
            SpanAttributes.OPENINFERENCE_SPAN_KIND: OpenInferenceSpanKindValues.LLM.value,
            SpanAttributes.LLM_MODEL_NAME: "m-1",
            SpanAttributes.LLM_TOKEN_COUNT_PROMPT: 12,
            SpanAttributes.LLM_TOKEN_COUNT_COMPLETION: 3,
            f"{SpanAttributes.LLM_INPUT_MESSAGES}.0.{MessageAttributes.MESSAGE_ROLE}": "user",
            f"{SpanAttributes.LLM_INPUT_MESSAGES}.0.{MessageAttributes.MESSAGE_CONTENT}": "Where is it?",
            f"{SpanAttributes.LLM_OUTPUT_MESSAGES}.0.{MessageAttributes.MESSAGE_ROLE}": "assistant",
            f"{SpanAttributes.LLM_OUTPUT_MESSAGES}.0.{MessageAttributes.MESSAGE_CONTENT}": "There.",
            f"{SpanAttributes.LLM_OUTPUT_MESSAGES}.0.finish_reason": "stop",
            SpanAttributes.SESSION_ID: "s",
        }
    elif version == "gen-ai/1.36":
        usage["gen_ai.system"] = "openai"
        span.add_event("gen_ai.user.message", {"gen_ai.system": "openai", "content": "Where is it?"})
        message = json.dumps({"role": "assistant", "content": "There."})
        span.add_event("gen_ai.choice", {"message": message, "finish_reason": "stop"})
    elif version == "gen-ai/1.37 event":
        content = {"gen_ai.input.messages": json.dumps(MESSAGES), "gen_ai.output.messages": json.dumps(ANSWER)}
        span.add_event("gen_ai.client.inference.operation.details", content)
    else:
        usage |= {"gen_ai.input.messages": json.dumps(MESSAGES), "gen_ai.output.messages": json.dumps(ANSWER)}
        usage["gen_ai.conversation.id"] = "s"
        if version == "gen-ai/0.1":
            usage["gen_ai.prompt.version"] = "v3"
    span.set_attributes(usage)


@pytest.mark.parametrize("version", ["openinference", "gen-ai/1.36", "gen-ai/1.37", "gen-ai/1.37 event", "gen-ai/0.1"])
def test_a_call_of_a_model_in_each_dialect(recorded: Callable, version: str) -> None:
    read = recorded()
    with tracer().start_as_current_span("chat m") as span:
        model(version, span)
    (made,) = read()
    (step,) = made["steps"]
    assert made["source"] == f"opentelemetry:{version.split()[0]}"
    assert (step["kind"], step["model"], step["tokens"]) == ("model", "m-1", {"input": 12, "output": 3})
    assert (made["query"], made["answer"]) == (ASKED, ANSWERED)
    assert made["losses"] == []
    assert made["id"] == f"{span.get_span_context().trace_id:032x}"


def test_a_whole_agent(recorded: Callable) -> None:
    read = recorded()
    spans = tracer("https://opentelemetry.io/schemas/gen-ai/0.1.0")
    with spans.start_as_current_span("GET /ask"):
        with spans.start_as_current_span("invoke_agent shop") as span:
            set_all(
                span, gen_ai__operation__name="invoke_agent", gen_ai__agent__name="shop", gen_ai__conversation__id="c1"
            )
            with spans.start_as_current_span("retrieval docs") as span:
                set_all(span, gen_ai__operation__name="retrieval", gen_ai__data_source__id="docs")
                set_all(
                    span,
                    gen_ai__retrieval__query__text="it",
                    gen_ai__retrieval__documents='[{"id": "d", "score": 0.5}]',
                )
            with spans.start_as_current_span("chat m") as span:
                model("gen-ai/0.1", span)
            with suppress(KeyError), spans.start_as_current_span("execute_tool weigh") as span:
                set_all(span, gen_ai__operation__name="execute_tool", gen_ai__tool__name="weigh")
                set_all(span, gen_ai__tool__call__arguments='{"parcel": 3}')
                raise KeyError("lost")
        with spans.start_as_current_span("SELECT"):
            pass
    (made,) = read()
    names = {each["id"]: each["component"] for each in made["steps"]}
    shown = [(each["component"], each["kind"], names.get(each.get("parent"))) for each in made["steps"]]
    assert shown == [
        ("GET /ask", "other", None),
        ("shop", "agent", "GET /ask"),
        ("docs", "retrieval", "shop"),
        ("chat", "model", "shop"),
        ("weigh", "tool", "shop"),
        ("SELECT", "other", "GET /ask"),
    ]
    steps = {each["component"]: each for each in made["steps"]}
    assert (steps["docs"]["input"], steps["docs"]["output"]) == ("it", [{"id": "d", "score": 0.5}])
    assert (steps["weigh"]["input"], steps["weigh"]["error"]) == ({"parcel": 3}, "KeyError: 'lost'")
    assert (made["session"], made["prompt_version"], made["query"], made["answer"]) == ("c1", "v3", ASKED, ANSWERED)


def test_a_retriever_of_openinference(recorded: Callable) -> None:
    read = recorded()
    with tracer().start_as_current_span("shelf") as span:
        span.set_attributes({
            SpanAttributes.OPENINFERENCE_SPAN_KIND: "RETRIEVER",
            SpanAttributes.INPUT_VALUE: "it",
            f"{SpanAttributes.RETRIEVAL_DOCUMENTS}.1.{DocumentAttributes.DOCUMENT_CONTENT}": "b",
            f"{SpanAttributes.RETRIEVAL_DOCUMENTS}.0.{DocumentAttributes.DOCUMENT_CONTENT}": "a",
            f"{SpanAttributes.RETRIEVAL_DOCUMENTS}.0.{DocumentAttributes.DOCUMENT_SCORE}": 0.5,
        })  # fmt: skip
    assert read()[0]["steps"][0]["output"] == [{"content": "a", "score": 0.5}, {"content": "b"}]


def test_traces_without_genai_are_left_out(recorded: Callable) -> None:
    read = recorded()
    with tracer().start_as_current_span("GET /"):
        pass
    assert read() == []


def test_a_distributed_trace_that_passes_twice_makes_two_records(recorded: Callable) -> None:
    read = recorded()
    spans = tracer()
    remote = api.SpanContext(trace_id=7, span_id=9, is_remote=True, trace_flags=api.TraceFlags(1))
    for _ in range(2):
        with spans.start_as_current_span("chat", context=api.set_span_in_context(api.NonRecordingSpan(remote))) as span:
            model("gen-ai/1.37", span)
    made = read()
    assert len({each["id"] for each in made}) == 2
    assert all(each["losses"] == [] for each in made)


def test_spans_that_never_end_do_not_fill_the_memory(recorded: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.trace.otel.MOST_TRACES", 10)
    read = recorded()
    provider = TracerProvider()
    processor = TraceSpans()
    provider.add_span_processor(processor)
    spans = provider.get_tracer("test")
    roots = []
    for _ in range(30):
        roots.append(spans.start_span("root"))
        with spans.start_as_current_span("chat", context=api.set_span_in_context(roots[-1])) as span:
            model("gen-ai/1.37", span)
    assert len(processor._open) == 10
    assert len(read()) == 20
    assert {each["kind"] for each in read()[0]["losses"]} == {"no-parent"}
    provider.shutdown()
    assert len(read()) == 30
