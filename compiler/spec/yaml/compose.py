"""Composer of the load phase: turn events of libyaml's parser into data and places.

The project has its own composer because specs are untrusted: it bounds nesting, size and alias expansion while reading,
reports all duplicate keys, and records the place of each value. Plain scalars follow the YAML 1.2 core schema, so `no`,
`12:30:00` and dates stay text.
"""

import re
from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any

from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from compiler.diagnostics import Diagnostic, diagnostic
from compiler.spec.yaml.document import FieldPath, FieldSpans, Span, place

MAX_DEPTH = 40
MAX_VALUES = 50_000
MAX_FOUND = 100  # problems that are reported of one file
_MAX_SHOWN = 60

_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,30})")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]{1,4})?")
_NUMERIC = frozenset("+-.0123456789")
_HOSTILE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_WORDS: dict[str, object] = {"null": None, "Null": None, "NULL": None, "~": None, "": None}
_WORDS |= {word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}


class TooMuchError(Exception):
    """A text exceeds a limit, at `line`, counted from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class _Frame:
    """An open list or mapping: its path, its content so far, and the key that awaits its value."""

    __slots__ = ("anchor", "first_seen", "holder", "is_mapping", "key", "key_span", "path", "start")

    def __init__(self, path: FieldPath, holder: dict[str, object] | list[object], event: Any) -> None:
        self.path = path
        self.holder = holder
        self.is_mapping = isinstance(holder, dict)
        self.start = event.start_mark
        self.anchor = event.anchor
        self.key: str | None = None
        self.key_span: Span | None = None
        self.first_seen: dict[str, int] = {}

    @property
    def awaits_key(self) -> bool:
        return self.is_mapping and self.key is None

    @property
    def next_path(self) -> FieldPath:
        return (*self.path, self.key or "") if self.is_mapping else (*self.path, len(self.holder))


class Composer:
    """Turns parser events into data and spans, without recursion.

    Every event of every spec passes through here, so the work per event is small, and checks for hostile text run only
    if the text can be hostile.
    """

    def __init__(self, text: str, shown: str) -> None:
        self.shown = shown
        self.lines = tuple(text.splitlines())
        self.found: list[Diagnostic] = []
        self.spans: dict[FieldPath, FieldSpans] = {}
        self.root: object = None
        self.documents = 0
        # without an escape, a scalar contains only characters of the text
        self._may_be_hostile = "\\" in text or _HOSTILE.search(text) is not None
        self._open: list[_Frame] = []
        self._anchors: dict[str, object] = {}
        self._values = 0

    def compose(self, parser: Any) -> None:
        """Process all events of the parser."""
        take: dict[type[Event], Callable[[Any], None]] = {
            ScalarEvent: self._scalar,
            MappingStartEvent: self._push,
            SequenceStartEvent: self._push,
            MappingEndEvent: self._pop,
            SequenceEndEvent: self._pop,
            AliasEvent: self._alias,
            DocumentStartEvent: self._document,
        }
        while (event := parser.get_event()) is not None:
            handler = take.get(type(event))
            if handler is not None:
                handler(event)

    def _document(self, _: Event) -> None:
        self.documents += 1

    def _check_tag(self, event: Any) -> None:
        if event.tag != "!":
            self._report(
                "YML006", f"explicit tag `{_short(event.tag)}` is not allowed in specs", _span(event), "remove the tag"
            )

    def _push(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        if event.ctag is not None:
            self._check_tag(event)
        if len(self._open) >= MAX_DEPTH:
            raise TooMuchError(f"nesting is deeper than {MAX_DEPTH} levels", event.start_mark.line + 1)
        outer = self._open[-1] if self._open else None
        if outer is not None and outer.awaits_key:
            self._report("YML006", "a list or mapping is used as a key", _span(event), "use a plain word as the key")
        holder: dict[str, object] | list[object] = {} if type(event) is MappingStartEvent else []
        self._open.append(_Frame(outer.next_path if outer else (), holder, event))

    def _pop(self, event: Event) -> None:
        frame = self._open.pop()
        if frame.anchor:
            self._anchors[frame.anchor] = frame.holder
        # libyaml ends a block collection at the next token, so a diagnostic marks only its first line
        span = (frame.start, event.end_mark)
        outer = self._open[-1] if self._open else None
        if outer is not None and outer.awaits_key:
            outer.key, outer.key_span = "", span
        else:
            self._store(frame.holder, frame.path, span)

    def _alias(self, event: AliasEvent) -> None:
        span = _span(event)
        if event.anchor not in self._anchors:
            message = f"alias `*{_short(event.anchor)}` has no anchor"
            self._report("YML003", message, span, "define the anchor before its use")
        value = self._anchors.get(event.anchor)
        values, depth = _extent(value, MAX_VALUES)
        self._count(values, span)
        if len(self._open) + depth > MAX_DEPTH:
            raise TooMuchError(f"aliases nest deeper than {MAX_DEPTH} levels", span[0].line + 1)
        frame = self._open[-1] if self._open else None
        if frame is not None and frame.awaits_key:
            self._key(frame, str(value), span)
        else:
            path = frame.next_path if frame else ()
            self._store(value, path, span)
            self.spans.update({(*path, *inner): (None, span) for inner in _inner_paths(value)})

    def _scalar(self, event: ScalarEvent) -> None:
        span, text, plain = (event.start_mark, event.end_mark), event.value, event.implicit[0]
        if event.ctag is not None:
            self._check_tag(event)
        if self._may_be_hostile and _HOSTILE.search(text):
            self._report(
                "YML002", "text contains a control character or a lone surrogate", span, "remove the character"
            )
        frame = self._open[-1] if self._open else None
        if frame is not None and frame.is_mapping and frame.key is None:
            self._key(frame, text, span, merge=plain and text == "<<")
            return
        value = plain_value(text) if plain else text
        if event.anchor:
            self._anchors[event.anchor] = value
        self._store(value, frame.next_path if frame else (), span)

    def _key(self, frame: _Frame, name: str, span: Span, *, merge: bool = False) -> None:
        if merge:
            self._report("YML006", "merge key `<<` is not allowed in specs", span, "write out the fields")
        elif name in frame.first_seen:
            first = frame.first_seen[name] + 1
            self._report("YML004", f"key `{_short(name)}` is already set on line {first}", span, "keep one of the two")
        frame.first_seen.setdefault(name, span[0].line)
        frame.key, frame.key_span = name, span

    def _store(self, value: object, path: FieldPath, span: Span) -> None:
        self._count(1, span)
        if not self._open:
            self.root = value
            self.spans[path] = (None, span)
            return
        frame = self._open[-1]
        holder = frame.holder
        if isinstance(holder, list):
            self.spans[path] = (None, span)
            holder.append(value)
        elif frame.key is not None:
            # the first value of a repeated key counts; the key was reported
            self.spans.setdefault(path, (frame.key_span, span))
            holder.setdefault(frame.key, value)
            frame.key = None

    def _count(self, more: int, span: Span) -> None:
        self._values += more
        if self._values > MAX_VALUES:
            raise TooMuchError(
                f"the file has more than {MAX_VALUES:,} values; each use of an alias counts",
                span[0].line + 1,
            )

    def _report(self, code: str, message: str, span: Span, hint: str) -> None:
        if len(self.found) >= MAX_FOUND:
            raise TooMuchError(f"the file has more than {MAX_FOUND} problems", span[0].line + 1)
        self.found.append(diagnostic(code, message, place(self.shown, self.lines, span), hint=hint))


def plain_value(text: str) -> object:
    """Return the value of a plain (unquoted) scalar by the YAML 1.2 core schema."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC:
        return text
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if isfinite(number) else text
    return text


def _span(event: Event) -> Span:
    return (event.start_mark, event.end_mark)


def _inner_paths(value: object) -> Iterator[FieldPath]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (key,)
        yield from ((key, *rest) for rest in _inner_paths(inner))


def _extent(value: object, limit: int) -> tuple[int, int]:
    """Return how many values an alias adds, counted up to `limit`, and how deep they nest."""
    total, deepest, todo = 0, 0, [(value, 0)]
    while todo and total <= limit:
        inner, depth = todo.pop()
        total += 1
        if isinstance(inner, dict | list):
            deepest = max(deepest, depth + 1)
            todo.extend((each, depth + 1) for each in (inner.values() if isinstance(inner, dict) else inner))
    return total, deepest


def _short(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
