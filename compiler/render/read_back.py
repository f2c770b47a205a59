"""Read rendered YAML back, and check that it is the template with the intended values.

Each template is rendered with a hole for each value. The text around the holes, the shape, is the same for every spec
that takes the same path through the template, so it is composed strictly once and cached. Then each hole is filled with
its quoted value, a YAML reader other than ours reads the whole text, and every key, list and value is compared with the
shape. This detects a value that became two, another key, or another type.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from compiler.spec.yaml.load import compose
from compiler.spec.yaml.quote import block, key, quote

_MARK = "\ue000"  # a private-use character without meaning in YAML; values are never searched for it
_HOLE = re.compile(f"{_MARK}([0-9]+){_MARK}")
_SHAPES = 128

Fits = Callable[[object, Sequence[object]], bool]


class Holes:
    """Collects the values of one text while its template renders.

    `quote`, `key` and `block` each leave a hole for a value.
    """

    def __init__(self) -> None:
        self.values: list[object] = []
        self._texts: list[str] = []

    def quote(self, value: object) -> str:
        """Return a hole for a scalar, or for a flow collection of scalars."""
        return self._hole(value, quote(value))

    def key(self, name: str) -> str:
        """Return a hole for a mapping's key, or for a word."""
        return self._hole(name, key(name))

    def block(self, text: str, indent: int) -> str:
        """Return a hole for a literal block of text, which ends with one line end."""
        return self._hole(text.rstrip("\n") + "\n", block(text, indent))

    def fill(self, skeleton: str) -> str:
        """Return the rendered text with each hole filled."""
        pieces = skeleton.split(_MARK)
        pieces[1::2] = [self._texts[int(index)] for index in pieces[1::2]]
        return "".join(pieces)

    def _hole(self, value: object, text: str) -> str:
        self.values.append(value)
        self._texts.append(text)
        return f"{_MARK}{len(self.values) - 1}{_MARK}"


def reads_back(text: str, skeleton: str, values: Sequence[object]) -> bool:
    """Return whether the text is the skeleton with each value in its hole, and nothing else."""
    fits = shape(skeleton)
    return fits is not None and any(fits(data, values) for data in _readings(text))


def reads_as(text: str, meant: object) -> bool:
    """Return whether the text is exactly the intended YAML document, including types."""
    return any(same(meant, data) for data in _readings(text))


def same(meant: object, data: object) -> bool:
    """Return whether the data equals the intended value, including types; tuples equal lists."""
    if isinstance(meant, dict):
        return (
            isinstance(data, dict)
            and len(meant) == len(data)
            and all(key in data and same(value, data[key]) for key, value in meant.items())
        )
    if isinstance(meant, (list, tuple)):
        return isinstance(data, list) and len(meant) == len(data) and all(map(same, meant, data))
    if isinstance(meant, str):
        return isinstance(data, str) and meant == data
    return type(meant) is type(data) and meant == data


def _readings(text: str) -> Iterator[object]:
    """Yield the text as data from a fast YAML 1.2 reader, then from our own loader.

    Only our own loader keeps whole numbers of any size.
    """
    from yaml12 import parse_yaml

    try:
        documents = parse_yaml(text, multi=True)
    except ValueError:
        documents = []
    if len(documents) == 1:
        yield documents[0]
    composed = compose(text, "rendered")
    if composed.value is not None and composed.ok:
        yield composed.value.data


@lru_cache(_SHAPES)
def shape(skeleton: str) -> Fits | None:
    """Return a check of data against a skeleton; None when the skeleton is not valid YAML."""
    composed = compose(skeleton, "template")
    return _fits(composed.value.data) if composed.value is not None and composed.ok else None


def _fits(meant: object) -> Fits:
    """Return a check of data against a part of a shape; a part without holes is one comparison."""
    if isinstance(meant, str) and _MARK in meant:
        hole = _HOLE.fullmatch(meant)
        return _fits_hole(int(hole[1])) if hole else lambda data, values: False
    if not _has_hole(meant):
        return lambda data, values: data == meant
    if isinstance(meant, dict):
        return _fits_mapping([(_fits(key), _fits(value)) for key, value in meant.items()])
    return _fits_list([_fits(item) for item in meant])  # type: ignore[attr-defined]


def _has_hole(meant: object) -> bool:
    if isinstance(meant, dict):
        return any(map(_has_hole, meant)) or any(map(_has_hole, meant.values()))
    return any(map(_has_hole, meant)) if isinstance(meant, list) else isinstance(meant, str) and _MARK in meant


def _fits_mapping(entries: list[tuple[Fits, Fits]]) -> Fits:
    def fits(data: object, values: Sequence[object]) -> bool:
        if not isinstance(data, dict) or len(data) != len(entries):
            return False
        for (of_key, of_value), (name, value) in zip(entries, data.items(), strict=True):
            if not of_key(name, values) or not of_value(value, values):
                return False
        return True

    return fits


def _fits_list(items: list[Fits]) -> Fits:
    def fits(data: object, values: Sequence[object]) -> bool:
        if not isinstance(data, list) or len(data) != len(items):
            return False
        for item, each in zip(items, data, strict=True):  # noqa: SIM110 - a generator takes twice as long here
            if not item(each, values):
                return False
        return True

    return fits


def _fits_hole(index: int) -> Fits:
    return lambda data, values: same(values[index], data)
