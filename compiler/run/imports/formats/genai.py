"""The GenAI conventions of OpenTelemetry: the events of 1.36, the messages of 1.37 and later, and release 0.1.0.

Attributes: https://github.com/open-telemetry/semantic-conventions-genai (docs/gen-ai) and, before it moved,
https://github.com/open-telemetry/semantic-conventions. Attributes of the libraries that came before them
(`gen_ai.prompt.0.content`, `traceloop.entity.input`) are read as well.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from compiler.run.imports.span import Item, Note, Span
from compiler.run.imports.values import count, decoded, message, messages, number, text
from runtime.contract.traces import StepKind

_KINDS: dict[str, StepKind] = {
    "chat": "model",
    "text_completion": "model",
    "generate_content": "model",
    "execute_tool": "tool",
    "invoke_agent": "agent",
    "create_agent": "agent",
    "invoke_workflow": "agent",
    "retrieval": "retrieval",
    "plan": "intent",
}
_TRACELOOP: dict[str, StepKind] = {"workflow": "chain", "task": "chain", "agent": "agent", "tool": "tool"}
_INPUTS = (
    "gen_ai.input.messages",
    "gen_ai.tool.call.arguments",
    "gen_ai.retrieval.query.text",
    "gen_ai.prompt",
    "traceloop.entity.input",
    "input.value",
    "mlflow.spanInputs",
    "langfuse.observation.input",
)
_OUTPUTS = (
    "gen_ai.output.messages",
    "gen_ai.tool.call.result",
    "gen_ai.retrieval.documents",
    "gen_ai.completion",
    "traceloop.entity.output",
    "output.value",
    "mlflow.spanOutputs",
    "langfuse.observation.output",
)
_INPUT_EVENTS = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
_OLD_MESSAGE = re.compile(r"gen_ai\.(prompt|completion)\.(\d{1,4})\.(role|content)")
_KEPT = ("gen_ai.provider.name", "gen_ai.system", "gen_ai.response.finish_reasons", "gen_ai.agent.name", "error.type")
_VERSION = re.compile(r"/(?:schemas|gen-ai)/(?:gen-ai/)?(\d+\.\d+\.\d+)$")
Events = Sequence[tuple[str, Mapping[str, Any]]]


def of_otel(span: Span, attributes: Mapping[str, Any], events: Events, schema: str) -> Iterator[Item]:
    """Yield a span of OTLP with what its attributes and events say, and its evaluations as notes."""
    given, answered, dialect = _content(attributes, events)
    operation = text(attributes.get("gen_ai.operation.name")) or ""
    model = text(attributes.get("gen_ai.response.model") or attributes.get("gen_ai.request.model"))
    error = span.error or _error(attributes, events)
    yield span._replace(
        component=_component(span.component, operation, attributes),
        source=f"opentelemetry/{_version(schema, dialect)}",
        kind=_KINDS.get(operation) or _other_kind(attributes, operation, has_model=model is not None),
        input=given,
        output=answered,
        failed=span.failed or "error.type" in attributes,
        error=error,
        model=model,
        tokens_in=count(attributes.get("gen_ai.usage.input_tokens", attributes.get("gen_ai.usage.prompt_tokens"))),
        tokens_out=count(
            attributes.get("gen_ai.usage.output_tokens", attributes.get("gen_ai.usage.completion_tokens"))
        ),
        prompt_version=text(attributes.get("gen_ai.prompt.version") or attributes.get("langfuse.prompt.version")),
        session=span.session or text(attributes.get("gen_ai.conversation.id")),
        attributes={name: attributes[name] for name in _KEPT if name in attributes},
        is_streamed=attributes.get("gen_ai.request.stream") is True or attributes.get("llm.is_streaming") is True,
    )
    for name, held in events:
        if name == "gen_ai.evaluation.result":
            yield Note(span.trace, span.id, "feedback", _evaluation(held), span.start)


def notes(
    trace: str, span: str, name: str, attributes: Mapping[str, Any], body: Mapping[str, Any], at: int | None
) -> Iterator[Note]:
    """Yield what a log record of these conventions adds to a span."""
    if name in _INPUT_EVENTS or name == "gen_ai.choice":
        what, held = _event_message(name, {**attributes, **body})
        yield Note(trace, span, "output" if what else "input", held, at)
    elif name == "gen_ai.client.inference.operation.details":
        for key in ("input", "output"):
            value = decoded(attributes.get(f"gen_ai.{key}.messages", body.get(f"gen_ai.{key}.messages")))
            for each in messages(value) if isinstance(value, list) else []:
                yield Note(trace, span, "input" if key == "input" else "output", each, at)
    elif name == "gen_ai.evaluation.result":
        yield Note(trace, span, "feedback", _evaluation({**attributes, **body}), at)


def _content(attributes: Mapping[str, Any], events: Events) -> tuple[Any, Any, str]:
    """Return input, output, and the version of the conventions that has these names."""
    given = next((attributes[name] for name in _INPUTS if attributes.get(name) is not None), None)
    answered = next((attributes[name] for name in _OUTPUTS if attributes.get(name) is not None), None)
    dialect = "1.37" if "gen_ai.input.messages" in attributes or "gen_ai.output.messages" in attributes else ""
    if given is None or answered is None:
        asked: list[Any] = []
        replied: list[Any] = []
        for name, held in events:
            if name in _INPUT_EVENTS or name == "gen_ai.choice":
                is_output, one = _event_message(name, held)
                (replied if is_output else asked).append(one)
            elif name == "gen_ai.content.prompt":
                asked.append(decoded(held.get("gen_ai.prompt")))
            elif name == "gen_ai.content.completion":
                replied.append(decoded(held.get("gen_ai.completion")))
        dialect = dialect or ("1.36" if asked or replied else "")
        if not asked and not replied:
            asked, replied = _numbered(attributes)
        given = (asked or None) if given is None else given
        answered = (replied or None) if answered is None else answered
    return messages(decoded(given)), messages(decoded(answered)), dialect


def _event_message(name: str, held: Mapping[str, Any]) -> tuple[bool, dict[str, Any]]:
    """Return whether an event is an output, and its message."""
    content = decoded(held.get("gen_ai.event.content"))
    body = {**held, **content} if isinstance(content, dict) else {"content": content, **held}
    if name == "gen_ai.choice":
        inner = body.get("message")
        inner = decoded(inner)
        return True, message({"role": "assistant", **(inner if isinstance(inner, dict) else body)})
    return False, message({**body, "role": body.get("role") or _INPUT_EVENTS[name]})


def _numbered(attributes: Mapping[str, Any]) -> tuple[list[Any], list[Any]]:
    """Return the messages of attributes such as `gen_ai.prompt.0.content`."""
    found: dict[str, dict[int, dict[str, Any]]] = {"prompt": {}, "completion": {}}
    for name, value in attributes.items():
        if match := _OLD_MESSAGE.fullmatch(name):
            found[match[1]].setdefault(int(match[2]), {})[match[3]] = value
    asked, replied = (
        [{"role": role, "content": None, **held[index]} for index in sorted(held)]
        for held, role in ((found["prompt"], "user"), (found["completion"], "assistant"))
    )
    return asked, replied


def _component(name: str, operation: str, attributes: Mapping[str, Any]) -> str:
    """Return the tool, agent or data source that a span calls; its own name otherwise."""
    if operation == "execute_tool":
        return text(attributes.get("gen_ai.tool.name")) or name
    if operation in ("invoke_agent", "create_agent"):
        return text(attributes.get("gen_ai.agent.name")) or name
    if operation == "retrieval":
        return text(attributes.get("gen_ai.data_source.id")) or name
    return text(attributes.get("traceloop.entity.name")) or name


def _other_kind(attributes: Mapping[str, Any], operation: str, *, has_model: bool) -> StepKind:
    if operation:
        return "other"
    kind = attributes.get("traceloop.span.kind")
    if isinstance(kind, str) and kind in _TRACELOOP:
        return _TRACELOOP[kind]
    return "model" if has_model or attributes.get("llm.request.type") in ("chat", "completion") else "other"


def _error(attributes: Mapping[str, Any], events: Events) -> str | None:
    for name, held in events:
        if name in ("exception", "gen_ai.exception"):
            parts = (text(held.get("exception.type")), text(held.get("exception.message")))
            if any(parts):
                return ": ".join(each for each in parts if each)
    return text(attributes.get("error.message") or attributes.get("error.type"))


def _evaluation(held: Mapping[str, Any]) -> dict[str, Any]:
    names = {"name": "name", "value": "score.value", "label": "score.label"}
    made = {ours: held.get(f"gen_ai.evaluation.{theirs}") for ours, theirs in names.items()}
    made["value"] = number(made["value"])
    made["comment"] = held.get("gen_ai.evaluation.explanation")
    return {name: value for name, value in made.items() if value is not None}


def _version(schema: str, dialect: str) -> str:
    match = _VERSION.search(schema)
    return match[1] if match else dialect or "unknown"
