"""OpenAI: stored completions and responses, logs of requests and responses, and the files of the Batch API.

Objects: https://platform.openai.com/docs/api-reference (chat completions, responses, batch). None of them says when a
call ended, so that its latency is not missing.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from pydantic_core import to_json

from compiler.run.imports.span import Item, NotARowError, Note, Row, Span
from compiler.run.imports.values import count, decoded, mapping, messages, nanoseconds, number, rows_in, text

_OBJECTS = ("chat.completion", "text_completion", "response")
_SOURCE = "openai"


def recognises(row: Row) -> bool:
    """Return whether a row is a completion, a response, a pair of request and response, or a line of a batch."""
    if row.get("object") in _OBJECTS:
        return True
    if "custom_id" in row and ("response" in row or "body" in row):
        return True
    request, response = mapping(row.get("request")), row.get("response")
    if "messages" in request or "input" in request or "prompt" in request:
        return isinstance(response, dict) or response is None or isinstance(response, str)
    return row.get("object") == "list" and bool(data := rows_in(row.get("data"))) and recognises(data[0])


def read(row: Row) -> Iterator[Item]:
    """Yield the call of a row."""
    if row.get("object") == "list":
        for each in rows_in(row.get("data")):
            yield from read(each)
    elif "custom_id" in row:
        yield from _batch(row)
    elif "request" in row:
        yield from _call(mapping(row["request"]), row.get("response"), row, None)
    else:
        yield from _call(row, row, row, None)


def _batch(row: Row) -> Iterator[Item]:
    """Yield a line of the input or of the output of a batch; both name the call by its `custom_id`."""
    name = text(row.get("custom_id"))
    if not name:
        raise NotARowError("is a line of a batch without `custom_id`")
    body = row.get("body")
    if isinstance(body, dict):
        given = _given(body)
        yield Span(name, name, "batch", _SOURCE, head=True, input=given, model=text(body.get("model")))
        for each in given if isinstance(given, list) else [{"role": "user", "content": given}]:
            yield Note(name, name, "input", each)
        return
    response = mapping(row.get("response"))
    answer = mapping(response.get("body"))
    yield Span(name, name, "batch", _SOURCE, head=True)
    for item in _call({}, answer, row, name):
        failed = row.get("error") or (count(response.get("status_code")) or 200) >= 400
        error = mapping(row.get("error") or answer.get("error"))
        made = text(error.get("message") or error.get("code"))
        yield item._replace(failed=True, error=made) if failed and isinstance(item, Span) else item


def _call(request: Mapping[str, Any], response: Any, row: Row, name: str | None) -> Iterator[Item]:
    response = None if response == "null" else decoded(response)
    answer = response if isinstance(response, dict) else {"output": response}
    error = answer.get("error") or row.get("error")
    usage = mapping(answer.get("usage"))
    metadata = {**mapping(request.get("metadata")), **mapping(answer.get("metadata")), **mapping(row.get("metadata"))}
    own = name or text(row.get("id") or answer.get("id") or row.get("request_id"))
    own = own or sha256(to_json([request, answer, row.get("timestamp")], inf_nan_mode="null")).hexdigest()[:24]
    start = nanoseconds(row.get("started") or row.get("timestamp") or answer.get("created") or answer.get("created_at"))
    milliseconds = number(row.get("latency_ms") or row.get("duration_ms"))
    yield Span(
        trace=own,
        id=own,
        component="model",
        source=_SOURCE,
        kind="model",
        input=_given(request),
        output=_answered(answer),
        failed=bool(error),
        error=text(mapping(error).get("message")) or text(error) if error else None,
        start=start,
        milliseconds=milliseconds if milliseconds is not None and milliseconds >= 0 else None,
        model=text(answer.get("model") or request.get("model")),
        tokens_in=count(usage.get("prompt_tokens", usage.get("input_tokens"))),
        tokens_out=count(usage.get("completion_tokens", usage.get("output_tokens"))),
        prompt_version=text(metadata.get("prompt_version")),
        session=text(metadata.get("session_id") or metadata.get("conversation_id") or request.get("user")),
        is_streamed=request.get("stream") is True,
    )


def _given(request: Mapping[str, Any]) -> Any:
    given = request.get("messages")
    if given is None:
        given = request.get("input", request.get("prompt"))
    return messages(decoded(given))


def _answered(answer: Mapping[str, Any]) -> Any:
    """Return the message of a completion, or the texts of a response."""
    choices = rows_in(answer.get("choices"))
    if choices:
        held = choices[0].get("message")
        return messages([held])[0] if isinstance(held, dict) else choices[0].get("text")
    output = answer.get("output")
    if isinstance(output, list):
        texts = [
            part["text"]
            for each in rows_in(output)
            for part in rows_in(each.get("content"))
            if isinstance(part.get("text"), str)
        ]
        return "\n".join(texts) if texts else output or None
    return output
