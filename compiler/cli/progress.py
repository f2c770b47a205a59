"""A progress bar for commands on many specs."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

A = TypeVar("A")

MANY = 200
WIDTH = 40
_ERASE = "\r\x1b[2K"


def with_bar(items: Iterable[A], count: int, verb: str) -> Iterator[A]:
    """Yield the items as they come; show a bar if stderr is a terminal and there are at least `MANY` items.

    The bar is erased while the caller handles an item, so it never mixes with lines that the caller prints.
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
    """Return the bar as one line: `checking ━━━━━━━━━━──────────   500 of 1,000`."""
    full = WIDTH * done // count
    return f"{verb} {'━' * full}{'─' * (WIDTH - full)} {done:>{len(f'{count:,}')},} of {count:,}"


def _draw(line: str) -> None:
    sys.stderr.write(f"{_ERASE}{line}")
    sys.stderr.flush()
