"""Rows of a `.json` file: a list of objects, an object that holds one such list, or objects one after the other.

A table by column, as pandas writes it, is read as well.

A list is read object by object, so that memory holds one piece of the file at a time.
"""

import json
from collections.abc import Iterator
from typing import Any

from runtime.contract.data.json_columns import rows_by_column
from runtime.contract.data.json_rows import DECODER, MARKING, NUMBER_HINT, as_row, place_of_constant, twice
from runtime.contract.data.repeated_keys import RepeatedKeyError, repeated
from runtime.contract.data.shapes import TEXT_COLUMNS
from runtime.contract.data.unreadable import MAX_ROW_CHARACTERS, FileError, Row, Rows, Unreadable, too_large

_SPACE = " \t\n"
_FORMS = "write a list of objects, an object with one such list, or one object per line"
_MARGIN = 16  # characters at the end of a piece in which an error may mean that the rest is missing
# columns of rows: an object with one of them is a row, whatever lists it holds
_ROW_COLUMNS = {name for columns in TEXT_COLUMNS.values() for name in columns} | {"conversations", "instruction"}
_TURNS = ({"role", "content"}, {"role", "tool_calls"}, {"from", "value"})


def json_values(pieces: Iterator[str]) -> Rows:
    """Yield the rows of a JSON file with their numbers."""
    text = _Text(pieces)
    first = text.peek()
    if first == "[":
        text.take("[")
        yield from _items(text)
        _end(text)
    elif first == "{":
        yield from _objects(text)
    elif first:
        yield 1, Unreadable(message="is neither a list nor an object of JSON", hint=_FORMS)


def _objects(text: "_Text") -> Rows:
    """Yield objects that follow each other; one object alone may hold the list of rows."""
    value: Any = text.whole()
    if value is None:
        yield from _members(text)
        return
    if not text.peek():
        if text.repeats and not _ROW_COLUMNS & set(value) and (place := repeated(value)) is not None:
            raise FileError(
                "format", f"has the key `{place}` twice", "keep one of the two: only the last would be read"
            )
        by_column = rows_by_column(value)
        if by_column is not None:
            yield from enumerate((_row(text, row) for row in by_column), start=1)
            return
        held = [] if _ROW_COLUMNS & set(value) else [name for name, each in value.items() if _is_rows(each)]
        if len(held) > 1:
            raise _many_lists(held)
        rows = value[held[0]] if held else [value]
        yield from enumerate((_row(text, row) for row in rows), start=1)
        return
    number = 0
    while value is not None:
        number += 1
        yield number, _row(text, value)
        following = text.peek()
        if following not in ("{", ""):
            raise text.fault("expecting an object", _FORMS)
        value = text.value() if following else None


def _members(text: "_Text") -> Rows:
    """Yield the rows of an object that is larger than a row may be: those of its one list of objects."""
    text.take("{")
    held = []
    while True:
        name = text.value()
        if not isinstance(name, str):
            raise text.fault("expecting a name in quotes", _FORMS)
        text.take(":")
        if text.peek() == "[":
            text.take("[")
            if text.peek() == "{":
                held.append(name)
                if len(held) > 1:
                    raise _many_lists(held)
                yield from _items(text)
            else:
                for _ in _values(text):
                    pass
        else:
            text.value()
        if text.peek() != ",":
            break
        text.take(",")
    text.take("}")
    if not held:
        raise FileError("large", f"holds no list of objects, and exceeds {MAX_ROW_CHARACTERS:,} characters", _FORMS)
    _end(text)


def _items(text: "_Text") -> Rows:
    for number, value in enumerate(_values(text), start=1):
        yield number, _row(text, value)


def _row(text: "_Text", value: object) -> Row | Unreadable:
    """Return a value that was read last, or an item of it, as a row, or why it is none."""
    place = repeated(value) if text.repeats else None
    return twice(place) if place is not None else as_row(value, has_escapes=text.has_escapes)


def _values(text: "_Text") -> Iterator[object]:
    """Yield the items of a list whose bracket was read, and read its end."""
    if text.peek() == "]":
        text.take("]")
        return
    while True:
        yield text.value()
        if text.peek() == "]":
            text.take("]")
            return
        text.take(",")


def _end(text: "_Text") -> None:
    if text.peek():
        raise text.fault("extra data after the end", _FORMS)


def _is_rows(value: object) -> bool:
    """Return whether a value is a list of rows, and not of turns, which one row may hold."""
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        return False
    keys = set(value[0])
    return not any(turn <= keys for turn in _TURNS) and "function" not in keys


def _many_lists(names: list[str]) -> FileError:
    shown = ", ".join(f"`{name[:80]}`" for name in names)
    return FileError("format", f"holds several lists of objects: {shown}", "write each into a file of its own")


class _Text:
    """A text of JSON that is read value by value; white space between values is skipped.

    `has_escapes` is whether the last value was written with escapes of surrogates, and `repeats` whether one of its
    objects has a key twice, which it then marks.
    """

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces
        self._text = ""
        self._at = 0
        self._line = 1
        self._column = 1
        self._is_whole = False
        self.has_escapes = False
        self.repeats = False

    def peek(self) -> str:
        """Return the next character; empty at the end."""
        while True:
            at = self._at
            while at < len(self._text) and self._text[at] in _SPACE:
                at += 1
            self._at = at
            if at < len(self._text):
                return self._text[at]
            if not self._more():
                return ""

    def take(self, character: str) -> None:
        """Skip the next character, which must be this one."""
        if self.peek() != character:
            raise self.fault(f"expecting `{character}`", _FORMS)
        self._at += 1

    def value(self) -> object:
        """Return the next value."""
        self.peek()
        decoder = DECODER
        while True:
            try:
                value, end = decoder.raw_decode(self._text, self._at)
            except RepeatedKeyError:
                decoder = MARKING
                continue
            except json.JSONDecodeError as error:
                if not self._is_cut(error):
                    self._at = error.pos
                    raise self.fault(error.msg.lower(), "fix the JSON there") from None
            except RecursionError:
                raise self.fault("nested too deeply", "write flat objects") from None
            except ValueError as error:
                raise self.fault(f"{error}{place_of_constant(self._text, self._at)}", NUMBER_HINT) from None
            else:
                if end < len(self._text) or self._is_whole:
                    self.has_escapes = self._escapes_surrogates(end)
                    self.repeats = decoder is MARKING
                    self._at = end
                    return value
            if len(self._text) - self._at > MAX_ROW_CHARACTERS:
                raise too_large(f"the value that begins on line {self._line_of(self._at)}")
            self._more()

    def whole(self) -> object | None:
        """Return the next object and skip it; None, and nothing is skipped, if it is larger than a row may be."""
        try:
            return self.value()
        except FileError as fault:
            if fault.kind != "large":
                raise
            return None

    def fault(self, message: str, hint: str) -> FileError:
        """Return a fault at the current place."""
        if not self.peek():
            return FileError("damaged", "ends in the middle of its JSON", "fetch or export the file again")
        where = f"line {self._line_of(self._at)}, column {self._column_of(self._at)}"
        return FileError("format", f"is not JSON: {message} ({where})", hint)

    def _is_cut(self, error: json.JSONDecodeError) -> bool:
        """Return whether the error may mean that the value goes on in the next piece."""
        if self._is_whole:
            return False
        near_the_end = error.pos >= len(self._text) - _MARGIN
        return near_the_end or error.msg.startswith("Unterminated string")

    def _escapes_surrogates(self, end: int) -> bool:
        if self._text.find("\\u", self._at, end) < 0:
            return False
        return "\\ud" in self._text[self._at : end].lower()

    def _more(self) -> bool:
        """Add the next piece and drop what was read; return whether there was one."""
        piece = next(self._pieces, None)
        if piece is None:
            self._is_whole = True
            return False
        self._line, self._column = self._line_of(self._at), self._column_of(self._at)
        self._text = self._text[self._at :] + piece
        self._at = 0
        return True

    def _line_of(self, at: int) -> int:
        return self._line + self._text.count("\n", 0, at)

    def _column_of(self, at: int) -> int:
        begin = self._text.rfind("\n", 0, at)
        return at - begin if begin >= 0 else self._column + at
