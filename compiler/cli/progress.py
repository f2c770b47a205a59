"""A progress bar for people who wait at a terminal for many specs."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

A = TypeVar("A")

MANY = 200
WIDTH = 40
_ERASE = "\r\x1b[2K"


def shown(items: Iterable[A], count: int, verb: str) -> Iterator[A]:
    """The items as they come, with a bar on stderr where that is a terminal and there are many.

    The bar leaves while an item is dealt with, so that lines told of it are neither broken nor wrapped.
    """
    if count < MANY or not sys.stderr.isatty():
        yield from items
        return
    try:
        _draw(bar(0, count, verb))
        for done, item in enumerate(items, start=1):
            _draw("")
            yield item
            _draw(bar(done, count, verb))
    finally:
        _draw("")


def bar(done: int, count: int, verb: str) -> str:
    """One line: `checking ━━━━━━━━━━──────────   500 of 1,000`."""
    full = WIDTH * done // count
    return f"{verb} {'━' * full}{'─' * (WIDTH - full)} {done:>{len(f'{count:,}')},} of {count:,}"


def _draw(line: str) -> None:
    sys.stderr.write(f"{_ERASE}{line}")
    sys.stderr.flush()
