"""Apply a function to many specs, in as many processes as are worthwhile, keeping the order."""

import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

CHUNK = 8
AHEAD = 4  # chunks in flight per process: enough to keep it busy, few enough to bound memory
ALONE_SECONDS = 0.1  # how long one process works before it estimates the remaining work
WORTH_SECONDS = 0.3  # remaining work that justifies starting other processes, which takes 60 ms


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def each(function: Callable[[A], B], items: Sequence[A], jobs: int | None) -> Iterator[B]:
    """Yield the function's result for each item, in order; `jobs` limits the processes.

    The clock decides whether other processes start, which is seldom worthwhile for unchanged specs; the results do not
    depend on it. Items and results must be small.
    """
    processes = jobs or usable_cores()
    spent, done = 0.0, 0
    while done < len(items) and (processes == 1 or spent < ALONE_SECONDS):
        start = time.monotonic()
        result = function(items[done])
        spent += time.monotonic() - start
        done += 1
        yield result
    rest = items[done:]
    if len(rest) < CHUNK or spent / done * len(rest) < WORTH_SECONDS:
        yield from map(function, rest)
    else:
        yield from _shared_out(function, rest, min(processes, -(-len(rest) // CHUNK)))


def _shared_out(function: Callable[[A], B], items: Sequence[A], processes: int) -> Iterator[B]:
    """Yield the results of several processes, in order; redo the work of a killed one here."""
    from concurrent.futures import Future, ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    # a fork starts at once, but is safe only on Linux
    context = get_context("fork" if sys.platform == "linux" else "spawn")
    chunks = _chunks(items)
    pending: deque[list[A]] = deque()
    results: deque[Future[list[B]]] = deque()
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_leave_interrupts_to_the_parent) as pool:
        try:
            for chunk in chunks:
                pending.append(chunk)
                results.append(pool.submit(_apply, function, chunk))
                if len(results) >= processes * AHEAD:
                    yield from results.popleft().result()
                    pending.popleft()
            while results:
                yield from results.popleft().result()
                pending.popleft()
        except BrokenProcessPool:
            pass  # perhaps memory ran out
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    for chunk in (*pending, *chunks):
        yield from map(function, chunk)


def _chunks(items: Iterable[A]) -> Iterator[list[A]]:
    rest = iter(items)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _apply(function: Callable[[A], B], items: list[A]) -> list[B]:
    return [function(item) for item in items]


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
