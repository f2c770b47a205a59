"""Keys that one object of JSON has twice: Python's reader would keep the last value and say nothing."""

import json
from typing import Any

from runtime.contract.data.shown import shown_name


class RepeatedKeyError(ValueError):
    """An object of JSON has a key twice."""

    def __init__(self, place: str = "") -> None:
        super().__init__(f"has the key `{place}` twice")


class _Twice(dict[str, Any]):
    """An object whose text has a key twice."""

    __slots__ = ("key",)
    key: str


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of these pairs, as a hook of the reader; RepeatedKeyError if two have one key."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise RepeatedKeyError
    return value


def marked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of these pairs, as a hook of the reader, so that `repeated` finds a key that two have."""
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    twice = _Twice(value)
    names = [name for name, _ in pairs]
    twice.key = next(name for at, name in enumerate(names) if name in names[:at])
    return twice


def repeated(value: object) -> str | None:
    """Return the place of the first repeated key in a value that was read with `marked`; None if there is none."""
    rest: list[tuple[str, object]] = [("", value)]
    while rest:
        place, each = rest.pop()
        if isinstance(each, _Twice):
            return f"{place}.{shown_name(each.key)}".removeprefix(".")
        if isinstance(each, dict):
            rest += [(f"{place}.{shown_name(key)}", inner) for key, inner in reversed(each.items())]
        elif isinstance(each, list):
            rest += [(f"{place}[{at}]", inner) for at, inner in reversed(list(enumerate(each)))]
    return None


def repeated_in(text: str) -> str:
    """Return the place of the first repeated key in a text of JSON that has one."""
    return repeated(_MARKING.decode(text)) or ""


_MARKING = json.JSONDecoder(object_pairs_hook=marked)
