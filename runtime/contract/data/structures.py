"""Lists and objects that a file holds as text: JSON, or Python's own writing of them, as pandas puts into CSV.

Text stays text where it may be text, unless it is turns.
"""

import ast
import io
import itertools
import json
import math
import re
import tokenize
import warnings
from typing import Any

from runtime.contract.data.faults import Fault, RefusedError
from runtime.contract.data.repeated_keys import RepeatedKeyError, repeated_in, unique
from runtime.contract.data.shown import shown, shown_name

MAX_PYTHON = 1 << 20  # characters of a text that is read as Python's writing
_EMPTY = frozenset(("", "none", "null", "nan", "[]"))
_BEGINS = re.compile(r"\s*(array\()?\s*(\[\s*)?\{\s*['\"]")
_ROLE = re.compile(r"['\"](role|from)['\"]\s*:\s*['\"](\w*)")
_CONTENT = re.compile(r"['\"](content|value|tool_calls)['\"]\s*:")
_KNOWN = frozenset(("system", "user", "human", "assistant", "gpt", "tool", "observation", "function_call"))
_DECODER = json.JSONDecoder(object_pairs_hook=unique)
ONE_KEY = "keep one of the two: only the last would be read"
_WORDS: dict[str, Any] = {"nan": math.nan, "NaN": math.nan, "inf": math.inf, "null": None, "true": True, "false": False}


def structure_of(text: str, place: str) -> Any:
    """Return the list or object that a text holds; None for text such as `null`. RefusedError if it is neither."""
    if text.strip().lower() in _EMPTY:
        return None
    hint = "write a list, or its JSON text: `json.dumps(turns)`"
    try:
        value = _read(text)
    except RepeatedKeyError as error:
        raise RefusedError(Fault(place, str(error), shown(text), ONE_KEY)) from None
    if isinstance(value, list | dict):
        return value
    raise RefusedError(Fault(place, "is text that is not a list in JSON", shown(text), hint))


def turns_or_text(text: str, place: str) -> Any:
    """Return the turns that a text holds, or the text itself. RefusedError for text of turns that is damaged."""
    if not text.lstrip().startswith(("[", "{", "array(")):
        return text
    try:
        value = _read(text, python=_looks_like_turns(text))
    except RepeatedKeyError as error:
        if _looks_like_turns(text):
            raise RefusedError(Fault(place, str(error), shown(text), ONE_KEY)) from None
        return text
    if value is not None:
        return value if are_turns(value) else text
    if _looks_like_turns(text):
        hint = "write the turns as JSON (`json.dumps(turns)`), or the text without brackets"
        raise RefusedError(Fault(place, "looks like turns, but cannot be read as JSON", shown(text), hint))
    return text


def _looks_like_turns(text: str) -> bool:
    """Return whether a text was meant as turns, although it may be cut or damaged."""
    role = _ROLE.search(text) if _BEGINS.match(text) else None
    return role is not None and (role[2] in _KNOWN or _CONTENT.search(text) is not None)


def are_turns(value: object) -> bool:
    """Return whether a value is one turn, or a list of turns, by the keys of the first."""
    turns: list[Any] = value if isinstance(value, list) else [value]
    if not turns or not all(isinstance(turn, dict) for turn in turns):
        return False
    first = turns[0]
    return ("role" in first and not first.keys().isdisjoint(("content", "tool_calls", "function_call", "value"))) or (
        "from" in first and not first.keys().isdisjoint(("value", "content"))
    )


def json_of(text: str) -> Any:
    """Return the value of JSON text, in which NaN and infinities stay what they are, for the check of numbers.

    ValueError if it is not JSON or UTF-8 cannot encode it; RepeatedKeyError if an object has a key twice.
    """
    try:
        value = _DECODER.decode(text)
        if "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except RepeatedKeyError:
        raise RepeatedKeyError(repeated_in(text)) from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    return value


def json_in(text: str, place: str, problem: str, hint: str) -> Any:
    """Return the value of JSON text. RefusedError with `problem` and `hint` if it is not JSON."""
    try:
        return json_of(text)
    except RepeatedKeyError as error:
        raise RefusedError(Fault(place, str(error), shown(text), ONE_KEY)) from None
    except ValueError:
        raise RefusedError(Fault(place, problem, shown(text), hint)) from None


def _read(text: str, *, python: bool = True) -> Any:
    """Return the value of a text in JSON or, if `python`, in Python's writing; None if it is neither."""
    try:
        return json_of(text)
    except RepeatedKeyError:
        raise
    except ValueError:
        pass
    if not python or len(text) > MAX_PYTHON:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # escapes that Python does not know
            value = _literal(ast.parse(_with_commas(text.strip()), mode="eval").body)
        json.dumps(value, ensure_ascii=False).encode()
    except RepeatedKeyError:
        raise
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError, tokenize.TokenError):
        return None
    return value


def _with_commas(text: str) -> str:
    """Return the text with commas between objects: NumPy separates the items of an array by line ends alone."""
    kept = [each for each in tokenize.generate_tokens(io.StringIO(text).readline) if each.type != tokenize.NL]
    lines = list(io.StringIO(text))
    for one, other in reversed(list(itertools.pairwise(kept))):
        if one.string == "}" and other.string == "{":
            row, column = one.end
            lines[row - 1] = f"{lines[row - 1][:column]},{lines[row - 1][column:]}"
    return "".join(lines)


def _literal(node: ast.expr) -> Any:
    """Return the value of a literal; ValueError for anything else but the `array` of NumPy."""
    match node:
        case ast.Constant(value=str() | int() | float() | bool() | None as value):
            return value
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_literal(item) for item in items]
        case ast.Dict(keys=keys, values=values) if None not in keys:
            names = [str(_literal(key)) for key in keys if key]
            if twice := [name for at, name in enumerate(names) if name in names[:at]]:
                raise RepeatedKeyError(shown_name(twice[0]))
            return {name: _literal(value) for name, value in zip(names, values, strict=True)}
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case ast.Name(id=name) if name in _WORDS:
            return _WORDS[name]
        case ast.Call(func=ast.Name(id="array"), args=[items]):
            return _literal(items)
    raise ValueError("is not a literal")
