"""Share work among processes, in order, with a bounded number of pieces in flight."""

import gc
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TypeVar

from compiler.pipeline.processes import usable_cores

A = TypeVar("A")
B = TypeVar("B")

_AHEAD = 3  # pieces in flight per process


def _begin() -> None:
    """Leave interrupts to the parent, and look for garbage less often: rows are trees, which need none of it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(100_000, 50, 50)


class Workers:
    """Processes that apply functions to pieces of work; without processes the work is done here. Use it as a context.

    They are new processes and no forks: engines of data run threads, and a fork of those may hang.
    """

    def __init__(self, *, alone: bool) -> None:
        self.processes = 1 if alone else min(usable_cores(), 16)
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Workers":
        if self.processes > 1:
            self._pool = ProcessPoolExecutor(self.processes, mp_context=get_context("spawn"), initializer=_begin)
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def each(self, function: Callable[[A], B], items: Iterable[A]) -> Iterator[B]:
        """Yield the result of each item, in order; the work of a process that was killed is done again here."""
        pending: deque[tuple[A, Future[B]]] = deque()
        for item in items:
            if self._pool is None:
                yield function(item)
                continue
            try:
                pending.append((item, self._pool.submit(function, item)))
            except BrokenProcessPool:
                yield from self._results(function, pending, 0)
                self._pool = None
                yield function(item)
                continue
            yield from self._results(function, pending, self.processes * _AHEAD)
        yield from self._results(function, pending, 0)

    def _results(self, function: Callable[[A], B], pending: deque[tuple[A, Future[B]]], keep: int) -> Iterator[B]:
        while len(pending) > keep:
            item, future = pending.popleft()
            try:
                yield future.result()
            except BrokenProcessPool:  # perhaps memory ran out
                yield function(item)
