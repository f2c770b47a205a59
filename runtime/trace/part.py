"""What a trace and a step have in common: values, clock, error, chunks, and the place in the context."""

import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from contextlib import suppress
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Self

from .report import report
from .snapshot import VALUE_COST, Lost, error_text, snapshot

_current: ContextVar["Part | None"] = ContextVar("trainspec_trace", default=None)


class Part:
    """A trace or a step, while it is open."""

    __slots__ = (
        "_chunk_room",
        "_chunks",
        "_input",
        "_output",
        "_token",
        "attributes",
        "early",
        "ended",
        "error",
        "lost",
        "model",
        "prompt_version",
        "started",
        "trace",
    )
    trace: Any  # the `Trace` that it is or belongs to
    _chunk_room: int
    _input: Any

    def __init__(self, model: object, prompt_version: object, attributes: dict[str, Any]) -> None:
        self.model, self.prompt_version = model, prompt_version
        self.attributes: Any = attributes
        self.error: str | None = None
        self.lost: dict[Lost, None] | None = None
        self.started = self.ended = 0
        self.early = False
        self._output: Any = None
        self._chunks: list[Any] | None = None
        self._token: Token[Part | None] | None = None

    def take(self, value: object, name: str, room: int | None = None) -> tuple[Any, int]:
        """Return a snapshot of a value, and how much of the trace's budget it used."""
        trace = self.trace
        limit = trace.recorder.value_characters if room is None else room
        copy, lost, used = snapshot(value, limit if limit < trace.room else max(trace.room, 0))
        trace.room -= used
        if lost:
            self.lost = (self.lost or {}) | {(kind, f"{name}: {detail}"): None for kind, detail in lost}
        return copy, used

    def add(self, chunk: object) -> None:
        """Add a chunk to the output."""
        if self._chunks is None:
            self._chunks, self._chunk_room = [], self.trace.recorder.value_characters
        copy, used = self.take(chunk, "chunks", max(self._chunk_room, 0))
        if self._chunk_room > 0:
            self._chunks.append(copy)
        self._chunk_room -= used + VALUE_COST

    def stream(self, chunks: Iterable[Any]) -> Iterator[Any]:
        """Yield chunks, and record those that were consumed as the output, joined if they are texts."""
        try:
            for chunk in chunks:
                self.add(chunk)
                yield chunk
        except GeneratorExit:
            self.stopped_early()
            raise

    async def astream(self, chunks: AsyncIterable[Any]) -> AsyncIterator[Any]:
        """Yield asynchronous chunks, as `stream` does."""
        try:
            async for chunk in chunks:
                self.add(chunk)
                yield chunk
        except GeneratorExit:
            self.stopped_early()
            raise

    def stopped_early(self) -> None:
        """Note that the consumer wants no more chunks."""
        self.early = True

    def taken(self) -> Any:
        """Return the recorded output."""
        if self._output is None and self._chunks:
            texts = all(type(each) is str for each in self._chunks)
            return "".join(self._chunks) if texts else self._chunks
        return self._output

    def enter(self) -> None:
        """Make this the parent of the steps that start from now on, in this thread or task."""
        self._token = _current.set(self)

    def leave(self) -> None:
        """Undo `enter`."""
        token, self._token = self._token, None
        if token is not None:
            with suppress(ValueError):  # a generator that is closed in another context than the one that started it
                _current.reset(token)

    def open(self) -> None:
        """Start the clock. Never raises."""
        try:
            self._open()
        except Exception as error:
            report("a trace or a step is not started", error_text(error))

    def close(self, error: BaseException | None = None) -> None:
        """Stop the clock, and note the error; a consumer that stops early is none. Never raises."""
        self.ended = time.perf_counter_ns()
        if error is not None and not isinstance(error, GeneratorExit):
            self.error = error_text(error)
        try:
            self._close(error)
        except Exception as failed:
            report("a trace is lost", error_text(failed))

    def record(self) -> dict[str, Any]:
        """Return the part in the form of `trainspec.dev/trace/v1`."""
        raise NotImplementedError

    def _open(self) -> None:
        raise NotImplementedError

    def _close(self, error: BaseException | None) -> None:
        raise NotImplementedError

    def _noted(self) -> dict[str, Any] | None:
        """Return the attributes as they are now."""
        if not isinstance(self.attributes, dict):
            report("`attributes` are not a dict")
            self.attributes = {}
        noted = {**self.attributes, "stopped_early": True} if self.early else self.attributes
        return self.take(noted, "attributes")[0] if noted else None

    def __enter__(self) -> Self:
        self.open()
        self.enter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.leave()
        self.close(error)


def current() -> Part | None:
    """Return the step, or else the trace, that is open in this thread or task."""
    return _current.get()


def bound(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function for a thread of a pool: its steps belong to the step that is open now."""
    parent = _current.get()

    def call(*args: Any, **kwargs: Any) -> Any:
        token = _current.set(parent)
        try:
            return function(*args, **kwargs)
        finally:
            _current.reset(token)

    return call
