"""Read the GenAI content of a finished OpenTelemetry span, in the dialects that are in use.

- `openinference`: OpenInference semantic conventions 0.1.42, with lists spread over attributes
  (`llm.input_messages.0.message.role`).
- `gen-ai/0.1`: semantic-conventions-genai 0.1.0; known by its schema URL or by attributes that came with it.
- `gen-ai/1.37`: semantic-conventions 1.37 to 1.41, with `gen_ai.input.messages` as an attribute of the span or of its
  event `gen_ai.client.inference.operation.details`.
- `gen-ai/1.36`: semantic-conventions up to 1.36, with one event a message (`gen_ai.user.message`, `gen_ai.choice`), or
  older still with `gen_ai.prompt` and `gen_ai.completion`, also flattened.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

Attributes = Mapping[str, Any]
Events = Iterable[tuple[str, Attributes]]

OPERATIONS = {
    "chat": "model",
    "text_completion": "model",
    "generate_content": "model",
    "execute_tool": "tool",
    "retrieval": "retrieval",
    "invoke_agent": "agent",
    "create_agent": "agent",
    "plan": "agent",
    "invoke_workflow": "chain",
}
SPAN_KINDS = {
    "LLM": "model",
    "RETRIEVER": "retrieval",
    "RERANKER": "retrieval",
    "TOOL": "tool",
    "AGENT": "agent",
    "CHAIN": "chain",
}
_NEW = ("gen_ai.retrieval.top_k", "gen_ai.prompt.version")
_ROLES = {f"gen_ai.{role}.message": role for role in ("system", "user", "assistant", "tool")}


def dialect_of(attributes: Attributes, events: Events, schema_url: str = "") -> str:
    """Return the dialect of a span; empty if it has no GenAI content."""
    if "openinference.span.kind" in attributes:
        return "openinference"
    names = [name for name, _ in events]
    if not any(name.startswith("gen_ai.") for name in (*attributes, *names)):
        return ""
    if "gen-ai" in schema_url or any(name in attributes for name in _NEW):
        return "gen-ai/0.1"
    old = any(name in _ROLES or name in ("gen_ai.choice", "gen_ai.content.prompt") for name in names)
    old = old or "gen_ai.system" in attributes or any(name.startswith("gen_ai.prompt.0") for name in attributes)
    messages = "gen_ai.input.messages" in attributes or "gen_ai.client.inference.operation.details" in names
    return "gen-ai/1.36" if old and not messages else "gen-ai/1.37"


def read(dialect: str, name: str, attributes: Attributes, events: Events) -> dict[str, Any]:
    """Return the fields of a step (`kind`, `component`, `input`, `output`, `model` …) and its `session`.

    Fields that the span lacks are None. A span without a dialect is a step of kind `other`.
    """
    if dialect == "openinference":
        return _openinference(name, attributes)
    if dialect:
        return _gen_ai(name, attributes, list(events))
    return {"kind": "other", "component": name}


def _gen_ai(name: str, attributes: Attributes, events: list[tuple[str, Attributes]]) -> dict[str, Any]:
    found = dict(attributes)
    for event, more in events:
        if event in ("gen_ai.client.inference.operation.details", "gen_ai.content.prompt", "gen_ai.content.completion"):
            found = {**more, **found}
    operation = str(found.get("gen_ai.operation.name") or "")
    kind = OPERATIONS.get(operation, "other" if operation else "model")
    given, made = _messages(found, events)
    fields = {
        "retrieval": ("gen_ai.data_source.id", "gen_ai.retrieval.query.text", "gen_ai.retrieval.documents"),
        "tool": ("gen_ai.tool.name", "gen_ai.tool.call.arguments", "gen_ai.tool.call.result"),
        "agent": ("gen_ai.agent.name", "", ""),
        "chain": ("gen_ai.agent.name", "", ""),
    }.get(kind, ("", "", ""))
    return {
        "kind": kind,
        "component": found.get(fields[0])
        or found.get("gen_ai.workflow.name")
        or (operation if kind == "model" else name),
        "input": _first(_decoded(found.get(fields[1])), given),
        "output": _first(_decoded(found.get(fields[2])), made),
        "model": _first(found.get("gen_ai.response.model"), found.get("gen_ai.request.model")),
        "prompt_version": found.get("gen_ai.prompt.version"),
        "session": _first(found.get("gen_ai.conversation.id"), found.get("session.id")),
        "tokens": (
            _first(found.get("gen_ai.usage.input_tokens"), found.get("gen_ai.usage.prompt_tokens")),
            _first(found.get("gen_ai.usage.output_tokens"), found.get("gen_ai.usage.completion_tokens")),
        ),
    }


def _messages(found: Attributes, events: list[tuple[str, Attributes]]) -> tuple[Any, Any]:
    """Return the messages that a model was given, and those that it made."""
    given = _decoded(found.get("gen_ai.input.messages"))
    made = _decoded(found.get("gen_ai.output.messages"))
    system = _decoded(found.get("gen_ai.system_instructions"))
    if system and isinstance(given, list):
        given = [{"role": "system", "parts": system}, *given]
    if given is None:
        told = [{"role": _ROLES[name], **_event(more)} for name, more in events if name in _ROLES]
        given = told or _unflattened(found, "gen_ai.prompt.") or _decoded(found.get("gen_ai.prompt"))
    if made is None:
        choices = [_event(more) for name, more in events if name == "gen_ai.choice"]
        made = choices or _unflattened(found, "gen_ai.completion.") or _decoded(found.get("gen_ai.completion"))
    return _plain(given), _plain(made)


def _event(attributes: Attributes) -> dict[str, Any]:
    """Return the message of an event of semantic conventions 1.36."""
    found = {name: _decoded(value) for name, value in attributes.items() if name not in ("gen_ai.system", "role")}
    message = found.pop("message", None)
    return {"role": "assistant", **found, **message} if isinstance(message, dict) else _named(found, message)


def _named(found: dict[str, Any], message: Any) -> dict[str, Any]:
    return found if message is None else {"role": "assistant", "content": message} | found


def _plain(messages: Any) -> Any:
    """Return messages with parts that are all text as messages with that text as `content`."""
    if not isinstance(messages, list):
        return messages
    return [_with_content(each) for each in messages]


def _with_content(message: Any) -> Any:
    parts = message.get("parts") if isinstance(message, dict) else None
    if not isinstance(parts, list) or not all(isinstance(part, dict) and part.get("type") == "text" for part in parts):
        return message
    rest = {name: value for name, value in message.items() if name != "parts"}
    return rest | {"content": "\n".join(str(part.get("content") or "") for part in parts)}


def _openinference(name: str, found: Attributes) -> dict[str, Any]:
    kind = SPAN_KINDS.get(str(found["openinference.span.kind"]).upper(), "other")
    given = _unflattened(found, "llm.input_messages.", "message") or _value(found, "input")
    made = _unflattened(found, "llm.output_messages.", "message") or _value(found, "output")
    if kind == "retrieval":
        made = _unflattened(found, "retrieval.documents.", "document") or (
            _unflattened(found, "reranker.output_documents.", "document") or made
        )
        given = _first(given, found.get("reranker.query"))
    names = {"tool": "tool.name", "agent": "agent.name"}
    model = ("llm.response.model_name", "llm.model_name", "llm.request.model_name")
    return {
        "kind": kind,
        "component": found.get(names.get(kind, "")) or name,
        "input": given,
        "output": made,
        "model": _first(*(found.get(each) for each in model)) if kind == "model" else None,
        "prompt_version": found.get("llm.prompt_template.version"),
        "session": found.get("session.id"),
        "tokens": (found.get("llm.token_count.prompt"), found.get("llm.token_count.completion")),
    }


def _value(found: Attributes, name: str) -> Any:
    value = found.get(f"{name}.value")
    return _decoded(value) if found.get(f"{name}.mime_type") == "application/json" else value


def _unflattened(found: Attributes, prefix: str, inner: str = "") -> list[Any]:
    """Return a list that is spread over attributes such as `prefix + "0.role"`, without the level `inner`."""
    items: dict[int, dict[str, Any]] = {}
    for name, value in found.items():
        if not name.startswith(prefix):
            continue
        number, _, path = name.removeprefix(prefix).partition(".")
        if number.isdecimal() and path and len(items) < 10_000:
            items.setdefault(int(number), {})[path.removeprefix(f"{inner}.") if inner else path] = _decoded(value)
    return [items[number] for number in sorted(items)]


def _decoded(value: Any) -> Any:
    """Return the data in a text of JSON; other values as they are."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)
