"""What every reader makes of an export: spans, and notes about spans that come in rows of their own."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from runtime.contract.traces import StepKind

Row = Mapping[str, Any]
NO_ATTRIBUTES: dict[str, Any] = {}


class Span(NamedTuple):
    """One step of a trace. Times are nanoseconds since 1970; a tuple, because an export holds millions of them.

    A `head` describes the trace as a whole (its query, answer and session) and is no step; its `id` is that of the
    trace. `is_event` marks a point in time without an end, `is_streamed` a call whose usage may be missing, and
    `is_remote` a parent in another process, which the export need not hold. `dropped` counts what the tool left out.
    """

    trace: str
    id: str
    component: str
    source: str
    kind: StepKind = "other"
    parent: str | None = None
    input: Any = None
    output: Any = None
    error: str | None = None
    failed: bool = False
    start: int | None = None
    end: int | None = None
    milliseconds: float | None = None
    model: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    prompt_version: str | None = None
    session: str | None = None
    attributes: dict[str, Any] = NO_ATTRIBUTES
    head: bool = False
    is_event: bool = False
    is_streamed: bool = False
    is_remote: bool = False
    dropped: int = 0


class Note(NamedTuple):
    """Something about a trace or one of its spans: feedback, a known loss, or a message of a call of a model.

    `span` is empty for the trace itself, and `trace` for feedback that names only the span.
    """

    trace: str
    span: str
    what: Literal["feedback", "input", "loss", "output"]
    value: Any
    start: int | None = None


Item = Span | Note
Reader = Callable[[Row], Iterator[Item]]


class NotARowError(Exception):
    """A row that the format cannot hold; the message begins with a verb."""


class Format(NamedTuple):
    """A tool's export: how its rows are recognised and read, and the losses that the format itself has.

    `lacks` are kinds of losses that are no news: the format has no place for what is missing.
    """

    name: str
    title: str
    recognises: Callable[[Row], bool]
    read: Reader
    lacks: frozenset[str] = frozenset()
