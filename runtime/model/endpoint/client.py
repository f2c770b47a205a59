"""A client of one OpenAI-compatible endpoint, with a rate limit and retries.

`httpx2` is already a dependency of the runtime (through huggingface_hub). Unlike the `openai` package, it can cancel
requests at once when the pod must end, and limit the size of answers.
"""

import asyncio
import json
import os
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from runtime.contract.errors import StageError
from runtime.model.endpoint.fields import Fields

ATTEMPTS = 6
BACKOFF_SECONDS = 1.0  # doubled with each attempt
LONGEST_WAIT_SECONDS = 120.0
REQUEST_SECONDS = 300.0
MAX_ANSWER_BYTES = 4 << 20
# Timeouts, conflicts and rate limits are temporary; a retry cannot help with other rejections.
_TEMPORARY = {408, 409, 425, 429}
_POSSIBLY_WRONG_NAME = {400, 404, 422}


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """A model behind an OpenAI-compatible endpoint: its base URL, and its name with or without the revision.

    `role` is the word for it in messages, and its block in the spec. `key_variable` is the variable with its key.
    """

    role: str
    url: str
    name: str
    revision: str
    key_variable: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A sample: its text, whether the token limit cut it, and the endpoint's token counts.

    `seconds` is the time from the request to the whole answer, 0 where nobody measured it.
    """

    text: str
    truncated: bool
    prompt_tokens: int
    completion_tokens: int
    seconds: float = 0.0


class _TemporaryError(Exception):
    """A temporary failure; `wait` is the endpoint's requested delay in seconds, if any."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class RejectedError(StageError):
    """RUN764 with the HTTP status and the text of the rejection."""

    def __init__(self, status: int, text: str, message: str, hint: str) -> None:
        super().__init__("RUN764", message, hint)
        self.status = status
        self.text = text


class _Pace:
    """Spaces requests evenly; `hold` delays all of them, as after a 429."""

    def __init__(self, requests_per_minute: int) -> None:
        self._gap = 60 / requests_per_minute
        self._next = 0.0

    async def turn(self) -> None:
        now = time.monotonic()
        start = max(now, self._next)
        self._next = start + self._gap
        await asyncio.sleep(start - now)

    def hold(self, seconds: float) -> None:
        self._next = max(self._next, time.monotonic() + seconds)


class Endpoint:
    """Queries the model `name` (or `name/revision`) of a service.

    Use it as an asynchronous context manager.
    """

    def __init__(self, service: Service, *, concurrency: int, requests_per_minute: int) -> None:
        key = os.environ.get(service.key_variable)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        limits = httpx2.Limits(max_connections=concurrency)
        self._client = httpx2.AsyncClient(headers=headers, timeout=REQUEST_SECONDS, limits=limits)
        self._service = service
        self._url = service.url.rstrip("/")
        self._names = (service.name, f"{service.name}/{service.revision}")
        self._model = service.name
        self._fields = Fields()
        self._accepted: set[str] = set()  # names that the endpoint answered to
        self._slots = asyncio.Semaphore(concurrency)
        self._pace = _Pace(requests_per_minute)
        self.retries = 0

    async def __aenter__(self) -> "Endpoint":
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *raised: Any) -> None:
        await self._client.__aexit__(*raised)

    @property
    def has_answered(self) -> bool:
        """Whether the endpoint accepted a request, so a later rejection is of that request alone."""
        return bool(self._accepted)

    @property
    def note(self) -> str:
        """What the endpoint did not take as the spec has it, for a warning; empty if it took everything."""
        refused = " and ".join(f"`{name}`" for name in sorted(self._fields.refused))
        return refused and f"the {self._service.role} refuses {refused}: its requests go without, by its own default"

    async def find_model(self) -> str:
        """Return the endpoint's name for the model; RUN764 if it lists only other models.

        If the list is empty or missing, the first answer decides the name (see `query`).
        """
        listed = await self._request("GET", "models", None, may_lack=True)
        if listed is None:
            return self._model
        try:
            served = [str(each["id"]) for each in listed["data"]]
        except (KeyError, TypeError):
            served = []
        matching = [name for name in self._names if name in served]
        if served and not matching:
            shown = ", ".join(f"`{name}`" for name in served[:5])
            message = f"`{self._url}` serves {shown}, but neither `{self._names[0]}` nor `{self._names[1]}`"
            raise StageError("RUN764", message, f"use the endpoint's name for the {self._service.role} in the spec")
        self._model = matching[0] if matching else self._model
        return self._model

    async def query(
        self,
        messages: list[dict[str, str]],
        *,
        temperature: float,
        max_tokens: int,
        seed: int,
        schema: str = "",
        idempotency_key: str | None = None,
    ) -> Reply:
        """Return one sample; RUN764 if the request is rejected, RUN765 after repeated failures.

        A request that is rejected before any was answered is sent again with the model's other name, and one whose
        `temperature`, `seed` or limit is refused without that field: see `note`. With a JSON `schema`, the endpoint
        constrains the answer to it. With an `idempotency_key`, an endpoint that knows the header does not bill a
        repeated request.
        """
        model = self._model
        fields = self._fields.body(temperature=temperature, max_tokens=max_tokens, seed=seed)
        body: dict[str, Any] = {"model": model, "messages": messages, "stream": False, **fields}
        if schema:
            form = {"name": "answer", "strict": True, "schema": json.loads(schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        try:
            reply: Reply = await self._request("POST", "chat/completions", body, key=idempotency_key)
        except RejectedError as rejection:
            # another request may have found out meanwhile
            if self._fields.learn(body, rejection.status, rejection.text):
                return await self.query(
                    messages,
                    temperature=temperature,
                    max_tokens=max_tokens,
                    seed=seed,
                    schema=schema,
                    idempotency_key=idempotency_key,
                )
            if model == self._names[1] or model in self._accepted or rejection.status not in _POSSIBLY_WRONG_NAME:
                raise
            try:
                renamed = {**body, "model": self._names[1]}
                reply = await self._request("POST", "chat/completions", renamed, key=idempotency_key)
            except RejectedError:
                raise rejection from None
            model = self._model = self._names[1]
        self._accepted.add(model)
        self._fields.accept(body)
        return reply

    async def _request(
        self, verb: str, path: str, body: dict[str, Any] | None, *, may_lack: bool = False, key: str | None = None
    ) -> Any:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self._slots:
                    if body is not None:
                        await self._pace.turn()
                    started = time.monotonic()
                    answer = await self._send(verb, path, body, may_lack=may_lack, key=key)
                    return answer if body is None else _reply_of(answer, round(time.monotonic() - started, 4))
            except _TemporaryError as error:
                wait = self._wait(attempt, error.wait)
                if attempt == ATTEMPTS or wait > LONGEST_WAIT_SECONDS:
                    delay = f" and requests a delay of {wait:.0f} s" if wait > LONGEST_WAIT_SECONDS else ""
                    message = f"{self._service.role} at `{self._url}` failed {attempt} times{delay}: {error}"
                    hint = "check that the endpoint is up, and run the stage again: it keeps the answers so far"
                    raise StageError("RUN765", message, hint) from error
                self.retries += 1
                if error.wait is not None:
                    self._pace.hold(wait)
                await asyncio.sleep(wait)
        raise AssertionError  # the last attempt returns or raises

    async def _send(self, verb: str, path: str, body: dict[str, Any] | None, *, may_lack: bool, key: str | None) -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        try:
            async with self._client.stream(verb, f"{self._url}/{path}", json=body, headers=headers) as response:
                content = bytearray()
                async for chunk in response.aiter_bytes():
                    content += chunk
                    if len(content) > MAX_ANSWER_BYTES:
                        raise _TemporaryError(f"an answer of more than {MAX_ANSWER_BYTES} bytes")
        except httpx2.TimeoutException as error:
            raise _TemporaryError("no answer in time") from error
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            message = f"`{self._url}` is not a valid URL: {error}"
            raise StageError("RUN764", message, f"fix `{self._service.role}.endpoint`") from error
        except httpx2.HTTPError as error:
            raise _TemporaryError(f"{type(error).__name__} {error}".strip()) from error
        status = response.status_code
        if may_lack and status in (404, 405, 501):
            return None
        if status in _TEMPORARY or status >= 500:
            raise _TemporaryError(f"HTTP {status}", _retry_after(response.headers.get("retry-after")))
        if status != 200:
            raise self._rejected(status, bytes(content))
        try:
            return json.loads(bytes(content))
        except (ValueError, RecursionError) as error:
            raise _TemporaryError("an answer that is not JSON") from error

    def _rejected(self, status: int, content: bytes) -> RejectedError:
        text = " ".join(content[:2000].decode("utf-8", "replace").split())[:300]
        hint = "fix the model's name, its length limits, or the endpoint in the spec"
        if status in (401, 403):
            variable = self._service.key_variable
            hint = f"set `{variable}`, a secret of the cluster profile, to a key that this endpoint accepts"
        message = f"{self._service.role} at `{self._url}` rejects the request with HTTP {status}: {text}"
        return RejectedError(status, text, message, hint)

    @staticmethod
    def _wait(attempt: int, requested: float | None) -> float:
        if requested is not None:
            return requested
        # Random jitter keeps requests that failed together from retrying together.
        return float(min(BACKOFF_SECONDS * 2 ** (attempt - 1) * random.uniform(0.5, 1.5), LONGEST_WAIT_SECONDS))  # noqa: S311


def _reply_of(answer: Any, seconds: float) -> Reply:
    try:
        choice = answer["choices"][0]
        text = choice["message"]["content"] or ""
        usage = answer.get("usage") or {}
        if not isinstance(text, str):
            raise TypeError
        text.encode("utf-8")  # raises for half of a surrogate pair, which no file can hold
        return Reply(
            text=text,
            truncated=choice.get("finish_reason") == "length",
            prompt_tokens=int(usage.get("prompt_tokens") or 0),
            completion_tokens=int(usage.get("completion_tokens") or 0),
            seconds=seconds,
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise _TemporaryError("an answer that is not a chat completion") from error


def _retry_after(value: str | None) -> float | None:
    """Return the seconds of a `Retry-After` header, a number or a date; None if neither."""
    if not value:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
