"""OpenInference: the spans of Arize Phoenix, as rows of its spans dataframe, of its REST API, or in OTLP.

Attributes: https://github.com/Arize-ai/openinference/tree/main/spec; columns: `Client().spans.get_spans_dataframe()`
(`context.trace_id`, `attributes.input.value`, …), written by pandas as Parquet, CSV or JSON lines.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from compiler.run.imports.span import Item, NotARowError, Note, Row, Span
from compiler.run.imports.values import count, decoded, mapping, messages, nanoseconds, number, rows_in, text
from runtime.contract.traces import StepKind

KIND = "openinference.span.kind"
_KINDS: dict[str, StepKind] = {
    "LLM": "model",
    "CHAIN": "chain",
    "AGENT": "agent",
    "TOOL": "tool",
    "RETRIEVER": "retrieval",
    "RERANKER": "retrieval",
}
_TURN = re.compile(r"(\d{1,4})\.message\.(role|content)")
_DOCUMENT = re.compile(r"(\d{1,4})\.document\.(id|content|score)")
_ANNOTATION = re.compile(r"annotations?\.(.+)\.(score|label|explanation)")
_IS_STREAM = ('"stream": true', '"stream":true', "'stream': True")
# fields of a span of OTLP that are not attributes
_OWN = ("trace", "id", "component", "parent", "failed", "start", "end", "session", "is_remote", "dropped")
Events = Sequence[tuple[str, Mapping[str, Any]]]


class _Side(NamedTuple):
    """Names of the attributes that hold a side of a span."""

    messages: str
    value: str
    type: str


class _Names(NamedTuple):
    """Names of attributes, as they are in OTLP or as columns of the dataframe."""

    input: _Side
    output: _Side
    documents: str
    parameters: str
    tool: str
    session: str
    model: str
    tokens_in: str
    tokens_out: str
    template_version: str
    prompt_version: str


def _names(prefix: str) -> _Names:
    return _Names(
        _Side(f"{prefix}llm.input_messages", f"{prefix}input.value", f"{prefix}input.mime_type"),
        _Side(f"{prefix}llm.output_messages", f"{prefix}output.value", f"{prefix}output.mime_type"),
        f"{prefix}retrieval.documents",
        f"{prefix}llm.invocation_parameters",
        f"{prefix}tool.name",
        f"{prefix}session.id",
        f"{prefix}llm.model_name",
        f"{prefix}llm.token_count.prompt",
        f"{prefix}llm.token_count.completion",
        f"{prefix}llm.prompt_template.version",
        f"{prefix}prompt.version",
    )


_NAMES, _COLUMNS = _names(""), _names("attributes.")


def recognises(row: Row) -> bool:
    """Return whether a row is a span of the dataframe or of the API, or an annotation of one."""
    if "context.span_id" in row or "context.trace_id" in row:
        return True
    context = row.get("context")
    if isinstance(context, dict) and "trace_id" in context and "span_kind" in row:
        return True
    if "span_id" in row and ("annotation_name" in row or "annotator_kind" in row):
        return True
    held = rows_in(row.get("data"))  # a page of the REST API
    return bool(held) and "data" not in held[0] and recognises(held[0])


def read(row: Row) -> Iterator[Item]:
    """Yield the span of a row, and its annotations; or the annotation that the row is."""
    if "annotation_name" in row or "annotator_kind" in row:
        yield _annotation(row)
        return
    if "data" in row and "context" not in row:
        for each in rows_in(row["data"]):
            yield from read({name: held for name, held in each.items() if name != "data"})
        return
    context = row.get("context")
    if isinstance(context, dict):
        trace, span = context.get("trace_id"), context.get("span_id")
        held: Mapping[str, Any] = _flat(mapping(row.get("attributes")))
        names = _NAMES
    else:
        trace, span, held, names = row.get("context.trace_id"), row.get("context.span_id"), row, _COLUMNS
    if not isinstance(trace, str) or not isinstance(span, str) or not trace or not span:
        raise NotARowError("has no `context.trace_id` or `context.span_id`")
    events = row.get("events")
    status = row.get("status_code")
    yield _span(
        held,
        names,
        kind=text(row.get("span_kind")) or "",
        trace=trace,
        id=span,
        parent=text(row.get("parent_id")),
        component=text(row.get("name")) or "unnamed",
        start=nanoseconds(row.get("start_time")),
        end=nanoseconds(row.get("end_time")),
        failed=status == "ERROR",
        error=text(row.get("status_message")) or (_exception(_events(events)) if events else None),
    )
    if annotated := _annotated(tuple(row)):
        yield from _held_annotations(row, annotated, trace, span)


def of_otel(span: Span, attributes: Mapping[str, Any], events: Events, schema: str) -> Iterator[Item]:
    """Yield a span of OTLP whose attributes follow OpenInference."""
    held = {name: value for name, value in span._asdict().items() if name in _OWN}
    held["error"] = span.error or _exception(events)
    yield _span(attributes, _NAMES, kind=text(attributes.get(KIND)) or "", **held)


def _events(value: Any) -> list[tuple[str, Mapping[str, Any]]]:
    return [(str(each.get("name")), mapping(each.get("attributes"))) for each in rows_in(value)]


def _span(held: Mapping[str, Any], names: "_Names", *, kind: str, **own: Any) -> Span:
    """Return a span whose attributes are `held` under `names`; `own` are fields of the span itself."""
    get = held.get
    parameters = get(names.parameters)
    tool = get(names.tool) if kind == "TOOL" else None
    if tool:
        own["component"] = str(tool)
    if own.get("session") is None:
        own["session"] = text(get(names.session))
    return Span(
        source="openinference",
        kind=_KINDS.get(kind.upper(), "other"),
        input=_side(held, names, names.input),
        output=_side(held, names, names.output),
        model=text(get(names.model)),
        tokens_in=count(get(names.tokens_in)),
        tokens_out=count(get(names.tokens_out)),
        prompt_version=text(get(names.template_version) or get(names.prompt_version)),
        is_streamed=isinstance(parameters, str) and any(each in parameters for each in _IS_STREAM),
        **own,
    )


def _side(held: Mapping[str, Any], names: "_Names", side: "_Side") -> Any:
    """Return the value of a side of a span: its documents, its messages, or its own value."""
    if side is names.output and (documents := held.get(names.documents)) is not None:
        return decoded(documents)
    turns = held.get(side.messages)
    if turns is not None:
        return [_message(each) for each in rows_in(turns)]
    value = held.get(side.value)
    if value is not None:
        return messages(decoded(value)) if held.get(side.type) == "application/json" else value
    numbered = _numbered(held, side.messages, _TURN)
    return _numbered(held, names.documents, _DOCUMENT) if numbered is None and side is names.output else numbered


def _message(value: dict[str, Any]) -> dict[str, Any]:
    """Return a message whose fields may have the prefix `message.`, or lie in a field `message`."""
    inner = value.get("message")
    if isinstance(inner, dict):
        return _message(inner)
    get = value.get
    content = get("message.content", get("content"))
    made = {"role": get("message.role") or get("role") or "user"}
    made["content"] = get("message.contents", get("contents")) if content is None else content
    calls = get("message.tool_calls") or get("tool_calls")
    return made | {"tool_calls": calls} if calls else made


def _numbered(held: Mapping[str, Any], name: str, field: re.Pattern[str]) -> Any:
    """Return a list whose items lie under numbered names, such as `llm.input_messages.0.message.role`."""
    found: dict[int, dict[str, Any]] = {}
    start = f"{name}."
    for key, value in held.items():
        if key.startswith(start) and value is not None and (match := field.fullmatch(key, len(start))):
            found.setdefault(int(match[1]), {})[match[2]] = value
    if field is _TURN:
        return [{"role": "user", "content": None} | found[index] for index in sorted(found)] or None
    return [found[index] for index in sorted(found)] or None


def _flat(attributes: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Return nested attributes, as the REST API may write them, under dotted names."""
    made: dict[str, Any] = {}
    for name, value in attributes.items():
        if isinstance(value, dict) and depth < 5:
            made |= _flat(value, f"{prefix}{name}.", depth + 1)
        else:
            made[f"{prefix}{name}"] = value
    return made


def _exception(events: Events) -> str | None:
    for _, held in events:
        parts = (text(held.get("exception.type")), text(held.get("exception.message")))
        if any(parts):
            return ": ".join(each for each in parts if each)
    return None


def _annotation(row: Row) -> Note:
    span = text(row.get("span_id"))
    if not span:
        raise NotARowError("is an annotation without `span_id`")
    result = mapping(row.get("result"))
    held = {
        "name": row.get("annotation_name") or row.get("name"),
        "value": number(row.get("score", row.get("result.score", result.get("score")))),
        "label": row.get("label") or row.get("result.label") or result.get("label"),
        "comment": row.get("explanation") or row.get("result.explanation") or result.get("explanation"),
        "source": row.get("annotator_kind"),
    }
    made = {name: value for name, value in held.items() if value is not None}
    return Note(text(row.get("trace_id")) or "", span, "feedback", made)


@lru_cache(maxsize=1024)
def _annotated(columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns of annotations, such as `annotation.thumbs.score`, of which most exports have none."""
    return tuple(name for name in columns if _ANNOTATION.fullmatch(name))


def _held_annotations(row: Row, columns: Sequence[str], trace: str, span: str) -> Iterator[Note]:
    """Yield the annotations in columns of the row."""
    found: dict[str, dict[str, Any]] = {}
    for name in columns:
        match = _ANNOTATION.fullmatch(name)
        if match is not None and row[name] is not None:
            key = {"score": "value", "label": "label", "explanation": "comment"}[match[2]]
            found.setdefault(match[1], {"name": match[1]})[key] = row[name]
    for held in found.values():
        yield Note(trace, span, "feedback", held)
