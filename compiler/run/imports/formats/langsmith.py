"""LangSmith: runs and feedback, from bulk exports (Parquet), `list_runs` and `list_feedback` (JSON, JSONL, CSV).

Fields: https://docs.langchain.com/langsmith/run-data-format and https://docs.langchain.com/langsmith/data-export.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from compiler.run.imports.span import Item, NotARowError, Note, Row, Span
from compiler.run.imports.values import count, decoded, mapping, messages, nanoseconds, number, rows_in, text
from runtime.contract.traces import StepKind

_KINDS: dict[str, StepKind] = {"llm": "model", "chain": "chain", "tool": "tool", "retriever": "retrieval"}
_SESSIONS = ("session_id", "thread_id", "conversation_id")  # in this order, in the metadata of a run
_USAGE = ("usage_metadata", "usage", "token_usage")


def recognises(row: Row) -> bool:
    """Return whether a row is a run, a feedback, or an object that holds runs."""
    if "run_type" in row and ("trace_id" in row or "dotted_order" in row or "parent_run_id" in row):
        return True
    if "run_id" in row and "key" in row and ("score" in row or "value" in row):
        return True
    runs = rows_in(row.get("runs"))
    return bool(runs) and recognises(runs[0])


def read(row: Row) -> Iterator[Item]:
    """Yield the run of a row with its child runs, or the feedback that it is."""
    if "run_type" in row:
        yield from _run(row)
    elif "run_id" in row:
        yield _feedback(row)
    else:
        runs = rows_in(row.get("runs"))
        if not runs:
            raise NotARowError("is neither a run nor a feedback of LangSmith")
        for each in runs:
            yield from read(each)


def _run(row: Row) -> Iterator[Item]:
    span = text(row.get("id"))
    order = text(row.get("dotted_order")) or ""
    path = [each.rpartition("Z")[2] for each in order.split(".")] if order else []
    trace = text(row.get("trace_id")) or (path[0] if path else None)
    if not span or not trace:
        raise NotARowError("is a run without `id` or `trace_id`")
    parent = text(row.get("parent_run_id")) or (path[-2] if len(path) > 1 else None)
    extra = mapping(row.get("extra"))
    metadata, parameters = mapping(extra.get("metadata")), mapping(extra.get("invocation_params"))
    given, answered = decoded(row.get("inputs")), decoded(row.get("outputs"))
    kind = _KINDS.get(str(row.get("run_type")), "other")
    used = _usage(answered)
    error = text(row.get("error"))
    stored = [name for name in ("inputs", "outputs") if not row.get(name) and mapping(row.get(f"{name}_s3_urls"))]
    yield Span(
        trace=trace,
        id=span,
        parent=parent,
        component=text(row.get("name")) or kind,
        source="langsmith",
        kind=kind,
        input=_input(given),
        output=_output(answered),
        error=error,
        failed=error is not None or row.get("status") == "error",
        start=nanoseconds(row.get("start_time")),
        end=nanoseconds(row.get("end_time")),
        model=_model(metadata, parameters, answered) if kind == "model" else None,
        tokens_in=count(row.get("prompt_tokens") or used.get("input_tokens") or used.get("prompt_tokens")),
        tokens_out=count(row.get("completion_tokens") or used.get("output_tokens") or used.get("completion_tokens")),
        prompt_version=text(metadata.get("prompt_version") or metadata.get("lc_hub_commit_hash")),
        session=next((found for name in _SESSIONS if (found := text(metadata.get(name)))), None),
        is_streamed=parameters.get("stream") is True or parameters.get("streaming") is True,
        dropped=len(stored),
    )
    for name, stats in mapping(row.get("feedback_stats")).items():
        if isinstance(stats, dict) and number(stats.get("avg")) is not None:
            yield Note(trace, span, "feedback", {"name": name, "value": number(stats["avg"]), "source": "statistics"})
    for each in rows_in(row.get("child_runs")):
        yield from _run({"trace_id": trace, "parent_run_id": span, **each})


def _input(value: Any) -> Any:
    """Return the messages of a call of a chat model; any other input as it is."""
    if isinstance(value, dict) and isinstance(value.get("messages"), list) and len(value) == 1:
        return messages(value["messages"])
    return value


def _output(value: Any) -> Any:
    """Return the message of a chat model; any other output as it is."""
    if isinstance(value, dict) and isinstance(value.get("generations"), list) and value["generations"]:
        first = value["generations"][0]
        first = first[0] if isinstance(first, list) and first else first
        if isinstance(first, dict):
            held = first.get("message")
            return messages([held])[0] if isinstance(held, dict) else first.get("text", first)
    return value


def _usage(value: Any) -> Mapping[str, Any]:
    """Return the token counts that a provider's answer holds."""
    if not isinstance(value, dict):
        return {}
    for holder in (value, value.get("llm_output"), value.get("message")):
        for name in _USAGE if isinstance(holder, dict) else ():
            if found := mapping(mapping(holder).get(name)):
                return found
    return {}


def _model(metadata: Mapping[str, Any], parameters: Mapping[str, Any], answered: Any) -> str | None:
    named = metadata.get("ls_model_name") or parameters.get("model") or parameters.get("model_name")
    held = answered if isinstance(answered, dict) else {}
    return text(named) or text(held.get("model")) or text(mapping(held.get("llm_output")).get("model_name"))


def _feedback(row: Row) -> Note:
    span = text(row.get("run_id"))
    if not span:
        raise NotARowError("is a feedback without `run_id`")
    source = mapping(row.get("feedback_source"))
    held = {
        "name": row.get("key"),
        "value": number(row.get("score")),
        "label": row.get("value"),
        "comment": row.get("comment"),
        "correction": decoded(row.get("correction")),
        "source": source.get("type"),
    }
    made = {name: value for name, value in held.items() if value is not None and value != ""}
    return Note(text(row.get("trace_id")) or "", span, "feedback", made)
