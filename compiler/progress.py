"""A progress bar for people who wait at a terminal for many specs."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

A = TypeVar("A")

MANY = 200
REDRAW_SECONDS = 0.1


def shown(items: Iterable[A], count: int, verb: str) -> Iterator[A]:
    """The items as they come, with a bar on stderr where that is a terminal and there are many."""
    if count < MANY or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import Progress

    # redrawn from here, not from a thread of its own, which processes that are forked would find half-way
    bar = Progress(
        console=Console(stderr=True), auto_refresh=False, transient=True, redirect_stdout=sys.stdout.isatty()
    )
    with bar:
        task, drawn = bar.add_task(verb, total=count), 0.0
        for item in items:
            yield item
            bar.advance(task)
            if time.monotonic() - drawn > REDRAW_SECONDS:
                bar.refresh()
                drawn = time.monotonic()
