"""The rows that each tool exports for the traces of `support.exports`, in the form that its documentation shows."""

import json
from collections.abc import Callable
from typing import Any

from support.exports import Item, iso

Row = dict[str, Any]


def _value(value: Any) -> Row:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(each) for each in value]}}
    return {"stringValue": value}


def _attributes(values: Row) -> list[Row]:
    return [{"key": name, "value": _value(value)} for name, value in values.items() if value is not None]


def _json(value: Any) -> str | None:
    return None if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _parts(messages: Any) -> str | None:
    if not isinstance(messages, list):
        return _json(messages)
    made = [{"role": each["role"], "parts": [{"type": "text", "content": each["content"]}]} for each in messages]
    return json.dumps(made, ensure_ascii=False)


def _otlp_attributes(item: Item) -> Row:
    if item.kind == "model":
        tokens = item.tokens or (None, None)
        return {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": item.model,
            "gen_ai.request.stream": item.stream,
            "gen_ai.input.messages": _parts(item.input),
            "gen_ai.output.messages": _parts(item.output),
            "gen_ai.usage.input_tokens": tokens[0],
            "gen_ai.usage.output_tokens": tokens[1],
        }
    if item.kind == "tool":
        names = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": item.name}
        return names | {"gen_ai.tool.call.arguments": _json(item.input), "gen_ai.tool.call.result": _json(item.output)}
    if item.kind == "retrieval":
        held = {"gen_ai.operation.name": "retrieval", "gen_ai.retrieval.query.text": item.input}
        return held | {"gen_ai.retrieval.documents": _json(item.output)}
    if item.kind == "agent":
        turns = {"gen_ai.operation.name": "invoke_agent", "gen_ai.conversation.id": item.session}
        given = item.input and _parts([{"role": "user", "content": item.input}])
        answered = item.output and _parts([{"role": "assistant", "content": item.output}])
        return turns | {"gen_ai.input.messages": given, "gen_ai.output.messages": answered}
    return {}


def otlp(items: list[Item]) -> list[Row]:
    """One request a line, as the collector's file exporter writes them, of 7 spans each."""
    spans = []
    for item in items:
        span: Row = {
            "traceId": item.trace,
            "spanId": item.id,
            "parentSpanId": item.parent or "",
            "flags": 0x301 if item.remote else 0x101,
            "name": item.name,
            "kind": 1,
            "startTimeUnixNano": str(item.start),
            "attributes": _attributes(_otlp_attributes(item)),
            "status": {"code": 2, "message": item.error or ""} if item.failed else {},
        }
        if item.end is not None:
            span["endTimeUnixNano"] = str(item.end)
        spans.append(span)
    return [
        {
            "resourceSpans": [
                {
                    "resource": {"attributes": _attributes({"service.name": "shop"})},
                    "scopeSpans": [
                        {
                            "scope": {"name": "app"},
                            "schemaUrl": "https://opentelemetry.io/schemas/1.38.0",
                            "spans": some,
                        }
                    ],
                }
            ]
        }
        for some in (spans[at : at + 7] for at in range(0, len(spans), 7))
    ]


_OPENINFERENCE = {"model": "LLM", "tool": "TOOL", "retrieval": "RETRIEVER", "agent": "AGENT", "other": "CHAIN"}


def openinference(items: list[Item]) -> list[Row]:
    """Rows of Phoenix's spans dataframe, with a column for every attribute of any span."""
    rows = []
    for item in items:
        tokens = item.tokens or (None, None)
        is_model = item.kind == "model"
        turns = item.input if is_model else None
        replies = item.output if is_model and isinstance(item.output, list) else None
        rows.append(
            {
                "name": item.name,
                "span_kind": _OPENINFERENCE[item.kind],
                "parent_id": item.parent,
                "start_time": iso(item.start),
                "end_time": iso(item.end),
                "status_code": "ERROR" if item.failed else "OK",
                "status_message": item.error or "",
                "events": [],
                "context.span_id": item.id,
                "context.trace_id": item.trace,
                "attributes.session.id": item.session,
                "attributes.llm.model_name": item.model,
                "attributes.llm.invocation_parameters": json.dumps({"stream": True}) if item.stream else None,
                "attributes.llm.token_count.prompt": tokens[0],
                "attributes.llm.token_count.completion": tokens[1],
                "attributes.llm.input_messages": _prefixed(turns),
                "attributes.llm.output_messages": _prefixed(replies),
                "attributes.input.value": None if is_model else _json(item.input),
                "attributes.output.value": None if is_model else _json(item.output),
                "attributes.retrieval.documents": item.output if item.kind == "retrieval" else None,
            }
        )
    return rows


def _prefixed(messages: Any) -> Any:
    if messages is None:
        return None
    return [{f"message.{name}": value for name, value in each.items()} for each in messages]


_LANGFUSE = {"model": "GENERATION", "tool": "TOOL", "retrieval": "RETRIEVER", "agent": "AGENT", "other": "SPAN"}


def langfuse(items: list[Item]) -> list[Row]:
    """Enriched observations of the blob storage export; empty text is what is not set."""
    return [
        {
            "id": item.id,
            "trace_id": item.trace,
            "project_id": "p",
            "type": _LANGFUSE[item.kind],
            "parent_observation_id": item.parent or "",
            "start_time": (iso(item.start) or "").replace("T", " ").removesuffix("+00:00"),
            "end_time": item.end and (iso(item.end) or "").replace("T", " ").removesuffix("+00:00"),
            "name": item.name,
            "level": "ERROR" if item.failed else "DEFAULT",
            "status_message": item.error or "",
            "input": _json(item.input) or "",
            "output": _json(item.output) or "",
            "provided_model_name": item.model or "",
            "model_parameters": "",
            "usage_details": {"input": item.tokens[0], "output": item.tokens[1]} if item.tokens else {},
            "completion_start_time": iso(item.start + 1_000_000) if item.stream else None,
            "session_id": item.session or "",
            "trace_name": "assistant",
        }
        for item in items
    ]


_LANGSMITH = {"model": "llm", "tool": "tool", "retrieval": "retriever", "agent": "chain", "other": "chain"}


def langsmith(items: list[Item]) -> list[Row]:
    """Runs as `list_runs` returns them."""
    return [
        {
            "id": item.id,
            "trace_id": item.trace,
            "parent_run_id": item.parent,
            "name": item.name,
            "run_type": _LANGSMITH[item.kind],
            "start_time": (iso(item.start) or "").removesuffix("+00:00"),
            "end_time": item.end and (iso(item.end) or "").removesuffix("+00:00"),
            "inputs": None if item.input is None else {"messages" if item.kind == "model" else "input": item.input},
            "outputs": None
            if item.output is None
            else {"generations": [[{"message": each} for each in item.output]]}
            if item.kind == "model" and isinstance(item.output, list)
            else {"output": item.output},
            "error": item.error,
            "status": "error" if item.failed else "success",
            "extra": {
                "metadata": {"session_id": item.session, "ls_model_name": item.model},
                "invocation_params": {"stream": item.stream},
            },
            "prompt_tokens": item.tokens[0] if item.tokens else None,
            "completion_tokens": item.tokens[1] if item.tokens else None,
        }
        for item in items
    ]


_MLFLOW = {"model": "CHAT_MODEL", "tool": "TOOL", "retrieval": "RETRIEVER", "agent": "AGENT", "other": "UNKNOWN"}


def mlflow(items: list[Item]) -> list[Row]:
    """Traces as `Trace.to_dict` writes them, one a row."""
    by_trace: dict[str, list[Item]] = {}
    for item in items:
        by_trace.setdefault(item.trace, []).append(item)
    rows = []
    for trace, own in by_trace.items():
        root = next((item for item in own if item.parent is None), None)
        state = "ERROR" if root and root.failed else "OK"
        info = {"trace_id": f"tr-{trace}", "request_time": iso(own[0].start), "state": state}
        info["trace_metadata"] = {"mlflow.trace.session": root.session} if root else {}
        rows.append({"info": info, "data": {"spans": [_mlflow_span(item) for item in own]}})
    return rows


def _mlflow_span(item: Item) -> Row:
    attributes = {
        "mlflow.traceRequestId": json.dumps(f"tr-{item.trace}"),
        "mlflow.spanType": json.dumps(_MLFLOW[item.kind]),
        "mlflow.spanInputs": _mlflow_inputs(item),
        "mlflow.spanOutputs": None if item.output is None else json.dumps(item.output, ensure_ascii=False),
        "mlflow.llm.model": item.model and json.dumps(item.model),
        "mlflow.chat.tokenUsage": item.tokens
        and json.dumps({"input_tokens": item.tokens[0], "output_tokens": item.tokens[1]}),
    }
    return {
        "trace_id": item.trace,
        "span_id": item.id,
        "parent_span_id": item.parent,
        "name": item.name,
        "start_time_unix_nano": item.start,
        "end_time_unix_nano": item.end,
        "events": [],
        "status": {"code": "ERROR" if item.failed else "OK", "message": item.error or ""},
        "attributes": {name: value for name, value in attributes.items() if value is not None},
    }


def _mlflow_inputs(item: Item) -> str | None:
    if item.input is None:
        return None
    given = {"messages": item.input, "stream": True} if item.stream else item.input
    return json.dumps(given, ensure_ascii=False)


def openai(items: list[Item]) -> list[Row]:
    """Logs of requests and responses: the calls of the traces' models, and no other step."""
    rows = []
    for item in items:
        if item.kind != "model":
            continue
        usage = item.tokens and {"prompt_tokens": item.tokens[0], "completion_tokens": item.tokens[1]}
        response: Row = {"id": f"chatcmpl-{item.id}", "object": "chat.completion", "created": item.start // 10**9}
        response |= {
            "model": item.model,
            "usage": usage,
            "error": (item.failed and {"message": item.error or ""}) or None,
        }
        if isinstance(item.output, list):
            response["choices"] = [{"index": 0, "message": each, "finish_reason": "stop"} for each in item.output]
        request = {"model": item.model, "messages": item.input, "stream": item.stream}
        rows.append({"request": request, "response": response})
    return rows


Writer = Callable[[list[Item]], list[Row]]
WRITERS: dict[str, Writer] = {
    "otlp": otlp,
    "openinference": openinference,
    "langfuse": langfuse,
    "langsmith": langsmith,
    "mlflow": mlflow,
    "openai": openai,
}
# losses that a format cannot have, or cannot show
IMPOSSIBLE = {
    "langfuse": {"roots", "no-detail of attributes"},
    "mlflow": {"roots"},
    "openai": {"no-latency", "backwards", "skew", "no root", "no-parent", "roots", "no-error", "cut in JSON", "window"}
    | {"doubled differently"},
}
