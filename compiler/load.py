"""Load phase: one YAML file becomes a `SourceDocument`, with every problem of its text found at once.

The events of libyaml's parser (through ruamel.yaml) are composed here rather than by a library's composer, because
specs are untrusted: nesting, size and alias expansion are bounded while reading, duplicate keys are all reported, and
each value keeps its place. Plain scalars follow the YAML 1.2 core schema, so `no`, `12:30:00` and dates stay text.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from compiler.diagnostics import Diagnostic, Location, Outcome, diagnostic
from compiler.source import FieldPath, FieldSpans, SourceDocument, Span, place

MAX_BYTES = 1 << 20
MAX_DEPTH = 40
MAX_VALUES = 50_000

_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,30})")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]{1,4})?")
_HOSTILE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_WORDS: dict[str, object] = {"null": None, "Null": None, "NULL": None, "~": None, "": None}
_WORDS |= {word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}


def read_text(path: Path, shown: str) -> Outcome[str]:
    """Read a spec's text: UTF-8 (a byte order mark is dropped), without NUL, of at most `MAX_BYTES`."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return _failed("YML001", f"cannot read the file: {(error.strerror or str(error)).lower()}", shown)
    if len(raw) > MAX_BYTES:
        return _failed("YML005", f"the file is larger than {MAX_BYTES:,} bytes", shown)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _failed("YML002", f"byte {error.start} is not part of UTF-8 text", shown)
    if "\0" in text:
        return _failed("YML002", f"character {text.index(chr(0))} is NUL", shown)
    return Outcome(value=text)


def load(path: Path, shown: str) -> Outcome[SourceDocument]:
    """Load the YAML file at `path`, shown to people as `shown`."""
    text = read_text(path, shown)
    return Outcome(value=None, diagnostics=text.diagnostics) if text.value is None else compose(text.value, shown)


def compose(text: str, shown: str) -> Outcome[SourceDocument]:
    """Compose one YAML document out of its text, and say everything that is wrong with it."""
    composer = _Composer(shown=shown, lines=tuple(text.splitlines()))
    try:
        documents = sum(composer.take(event) for event in YAML(typ="safe", pure=False).parse(text))
    except _TooMuchError as error:
        return _failed("YML005", str(error), shown, line=error.line)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return Outcome(value=None, diagnostics=(*composer.found, _syntax_error(error, mark, composer)))
    except YAMLError as error:
        return _failed("YML003", f"the text cannot be read as yaml: {_first_line(str(error))}", shown)
    if documents != 1 or not composer.spans:
        return _failed("YML007", f"expected one document, found {documents}", shown)
    document = SourceDocument(
        path=shown,
        sha256=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        lines=composer.lines,
        data=composer.root,
        spans=composer.spans,
    )
    return Outcome(value=document, diagnostics=tuple(composer.found))


class _TooMuchError(Exception):
    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(slots=True)
class _Frame:
    """An open list or mapping: where it stands, what it holds so far, and the key that waits for its value."""

    path: FieldPath
    holder: dict[str, object] | list[object]
    start: Span
    anchor: str | None
    key: tuple[str, Span] | None = None
    key_first_seen: dict[str, int] = field(default_factory=dict)


class _Composer:
    """Turns parser events into data and spans, without recursion."""

    def __init__(self, *, shown: str, lines: tuple[str, ...]) -> None:
        self.shown = shown
        self.lines = lines
        self.found: list[Diagnostic] = []
        self.spans: dict[FieldPath, FieldSpans] = {}
        self.root: object = None
        self._open: list[_Frame] = []
        self._anchors: dict[str, object] = {}
        self._values = 0

    def take(self, event: Event) -> int:
        """Take the next event; 1 when it starts a document, else 0."""
        if isinstance(event, DocumentStartEvent):
            return 1
        if isinstance(event, NodeEvent):
            self._check_tag(event)
        span = _span(event)
        if isinstance(event, (MappingStartEvent, SequenceStartEvent)):
            self._push(event, span)
        elif isinstance(event, (MappingEndEvent, SequenceEndEvent)):
            self._pop(span)
        elif isinstance(event, AliasEvent):
            self._alias(event, span)
        elif isinstance(event, ScalarEvent):
            self._scalar(event, span)
        return 0

    def _check_tag(self, event: NodeEvent) -> None:
        tag = getattr(event, "tag", None)
        if tag is not None and tag != "!":
            self._tell("YML006", f"explicit tag `{tag}` is not used in specs", _span(event), "remove the tag")

    def _push(self, event: MappingStartEvent | SequenceStartEvent, span: Span) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise _TooMuchError(f"nesting is deeper than {MAX_DEPTH} levels", span.line + 1)
        if self._awaits_key():
            self._tell("YML006", "a list or mapping is used as a key", span, "use a plain word as the key")
        holder: dict[str, object] | list[object] = {} if isinstance(event, MappingStartEvent) else []
        self._open.append(_Frame(path=self._next_path(), holder=holder, start=span, anchor=event.anchor))

    def _pop(self, end: Span) -> None:
        frame = self._open.pop()
        if frame.anchor:
            self._anchors[frame.anchor] = frame.holder
        start = frame.start
        # libyaml ends a block collection at the next token; a reader sees it end at its start line
        span = Span(line=start.line, column=start.column, end_line=end.end_line, end_column=end.end_column)
        if not self._awaits_key():
            self._store(frame.holder, span)
        elif self._open:
            self._open[-1].key = ("", span)

    def _alias(self, event: AliasEvent, span: Span) -> None:
        if event.anchor not in self._anchors:
            self._tell("YML003", f"alias `*{event.anchor}` has no anchor", span, "define the anchor before its use")
        value = self._anchors.get(event.anchor)
        self._count(_size(value, MAX_VALUES), span)
        if self._awaits_key():
            self._key(str(value), span)
        else:
            path = self._next_path()
            self._store(value, span)
            self.spans.update({(*path, *inner): FieldSpans(key=None, value=span) for inner in _inner_paths(value)})

    def _scalar(self, event: ScalarEvent, span: Span) -> None:
        if _HOSTILE.search(event.value):
            self._tell("YML002", "text holds a control character or a lone surrogate", span, "remove the character")
        plain = bool(event.implicit[0])
        if self._awaits_key():
            self._key(event.value, span, merge=plain and event.value == "<<")
            return
        value = plain_value(event.value) if plain else event.value
        if event.anchor:
            self._anchors[event.anchor] = value
        self._store(value, span)

    def _awaits_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].holder, dict) and self._open[-1].key is None

    def _key(self, name: str, span: Span, *, merge: bool = False) -> None:
        frame = self._open[-1]
        if merge:
            self._tell("YML006", "merge key `<<` is not used in specs", span, "write the fields out")
        elif name in frame.key_first_seen:
            first = frame.key_first_seen[name] + 1
            self._tell("YML004", f"key `{name}` is already set on line {first}", span, "keep one of the two")
        frame.key_first_seen.setdefault(name, span.line)
        frame.key = (name, span)

    def _next_path(self) -> FieldPath:
        if not self._open:
            return ()
        frame = self._open[-1]
        if isinstance(frame.holder, list):
            return (*frame.path, len(frame.holder))
        return (*frame.path, frame.key[0] if frame.key else "")

    def _store(self, value: object, span: Span) -> None:
        self._count(1, span)
        path = self._next_path()
        if not self._open:
            self.root = value
            self.spans[path] = FieldSpans(key=None, value=span)
            return
        frame = self._open[-1]
        if isinstance(frame.holder, list):
            self.spans[path] = FieldSpans(key=None, value=span)
            frame.holder.append(value)
        elif frame.key is not None:
            name, key_span = frame.key
            self.spans.setdefault(path, FieldSpans(key=key_span, value=span))
            frame.holder.setdefault(name, value)
            frame.key = None

    def _count(self, more: int, span: Span) -> None:
        self._values += more
        if self._values > MAX_VALUES:
            raise _TooMuchError(
                f"the file holds more than {MAX_VALUES:,} values, aliases counted where they are used", span.line + 1
            )

    def _tell(self, code: str, message: str, span: Span, hint: str) -> None:
        self.found.append(diagnostic(code, message, place(self.shown, self.lines, span), hint=hint))


def plain_value(text: str) -> object:
    """The value of a plain (unquoted) scalar under the YAML 1.2 core schema; what is no number or word stays text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if isfinite(number) else text
    return text


def _span(event: Event) -> Span:
    start, end = event.start_mark, event.end_mark
    return Span(line=start.line, column=start.column, end_line=end.line, end_column=end.column)


def _inner_paths(value: object) -> Iterator[FieldPath]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (key,)
        yield from ((key, *rest) for rest in _inner_paths(inner))


def _size(value: object, limit: int) -> int:
    """How many values an alias brings in, counted no further than `limit`."""
    total, todo = 0, [value]
    while todo and total <= limit:
        inner = todo.pop()
        total += 1
        todo.extend(inner.values() if isinstance(inner, dict) else inner if isinstance(inner, list) else ())
    return total


def _syntax_error(error: MarkedYAMLError, mark: object, composer: _Composer) -> Diagnostic:
    line, column = getattr(mark, "line", 0), getattr(mark, "column", 0)
    where = place(composer.shown, composer.lines, Span(line=line, column=column, end_line=line, end_column=column + 1))
    context = f" ({_first_line(str(error.context))})" if error.context else ""
    hint = "indent with spaces" if where.text.startswith("\t") else "check indentation, colons and quotes around here"
    return diagnostic("YML003", f"{_first_line(str(error.problem))}{context}", where, hint=hint)


def _first_line(text: str) -> str:
    return text.strip().split("\n", 1)[0]


def _failed(code: str, message: str, shown: str, *, line: int = 0) -> Outcome[Any]:
    where = Location(path=shown, line=line, column=min(line, 1), end_column=2 * min(line, 1))
    return Outcome(value=None, diagnostics=(diagnostic(code, message, where),))
