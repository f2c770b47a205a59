"""Rows of JSONL, and the parser of one row that all JSON formats share."""

import json
from collections.abc import Iterator

from runtime.contract.data.json_types import json_fault
from runtime.contract.data.repeated_keys import RepeatedKeyError, marked, repeated_in, unique
from runtime.contract.data.text_encoding import text_lines
from runtime.contract.data.unreadable import MAX_ROW_CHARACTERS, FileError, Row, Rows, Unreadable, too_large

_PER_LINE = "write one JSON object per line"
_AS_JSON = "end its name with `.json`, or write one JSON object per line"
MAX_SHOWN = 500
NUMBER_HINT = "write a number, or `null`"
SURROGATE = Unreadable(
    message="contains a lone surrogate", hint="write the character as UTF-8, or as a pair of escapes"
)


def json_lines(pieces: Iterator[str]) -> Rows:
    """Yield the rows of JSONL, one JSON object per line; blank lines are skipped.

    FileError if it is one JSON value over several lines, or a list.
    """
    is_first = True
    try:
        for number, line in text_lines(pieces, MAX_ROW_CHARACTERS):
            text = line.strip()
            if text:
                if is_first and (text == "{" or text.startswith("[")):
                    what = "a JSON list" if text.startswith("[") else "JSON objects over several lines"
                    raise FileError("format", f"holds {what}, not one object per line", _AS_JSON)
                is_first = False
                yield number, json_row(text)
    except OverflowError as error:
        raise too_large(str(error)) from None


def json_row(text: str) -> Row | Unreadable:
    """Return the object that a text without white space around it holds, or why it is none."""
    try:
        row = DECODER.decode(text)
    except json.JSONDecodeError as error:
        shown = text if len(text) < MAX_SHOWN else ""
        message = f"is not JSON: {error.msg.lower()} (column {error.colno})"
        return Unreadable(message=message, hint=_PER_LINE, column=error.colno, text=shown)
    except RecursionError:
        return Unreadable(message="is nested too deeply", hint="write one flat JSON object per line")
    except RepeatedKeyError:
        return twice(repeated_in(text))
    except ValueError as error:
        return Unreadable(message=f"is not JSON: {error}{place_of_constant(text)}", hint=NUMBER_HINT)
    return as_row(row, has_escapes="\\u" in text and "\\ud" in text.lower())


def as_row(value: object, *, has_escapes: bool) -> Row | Unreadable:
    """Return a value of JSON as a row, or why it is none; only a text with escapes can hold a lone surrogate."""
    if not isinstance(value, dict):
        return Unreadable(message="is not a JSON object", hint=_PER_LINE)
    if has_escapes and has_surrogate(value):
        return SURROGATE
    return value


def twice(place: str) -> Unreadable:
    """Return the fault of a row in which an object has a key twice."""
    return Unreadable(message=f"has the key `{place}` twice", hint="keep one of the two: only the last would be read")


def place_of_constant(text: str, start: int = 0) -> str:
    """Return where a text of JSON, from `start` on, has the first number that JSON does not have; empty if unknown."""
    try:
        fault = json_fault(_LENIENT.raw_decode(text, start)[0])
    except (ValueError, RecursionError):
        return ""
    return f" (in `{fault.place.removeprefix('.')}`)" if fault and fault.place else ""


def has_surrogate(value: object) -> bool:
    """Return whether a value of JSON holds a lone surrogate, which UTF-8 cannot write."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _no_constant(name: str) -> None:
    raise ValueError(f"`{name}` is not a JSON number")


_LENIENT = json.JSONDecoder()
# made once: `json.loads` makes a decoder per row
DECODER = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=unique)
MARKING = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=marked)
