"""Many specs at once: the same function for each, in as many processes as are worth it, the answers in order."""

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
AHEAD = 4  # chunks in flight for each process: enough to keep it busy, few enough that memory does not grow
ALONE_SECONDS = 0.1  # how long one process goes on before it looks at what is left
WORTH_SECONDS = 0.3  # work for which starting others, 60 ms, is worth it


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def each(function: Callable[[A], B], items: Sequence[A], jobs: int | None) -> Iterator[B]:
    """The function's answer for each item, in the items' order; `jobs` bounds the processes.

    The answers do not depend on the number of processes, and so not on the clock, which decides whether others than
    this one are started: for specs that are unchanged that is seldom worth it. What the function takes and gives must
    be small.
    """
    processes = jobs or usable_cores()
    spent, done = 0.0, 0
    while done < len(items) and (processes == 1 or spent < ALONE_SECONDS):
        start = time.monotonic()
        answer = function(items[done])
        spent += time.monotonic() - start
        done += 1
        yield answer
    rest = items[done:]
    if len(rest) < CHUNK or spent / done * len(rest) < WORTH_SECONDS:
        yield from map(function, rest)
    else:
        yield from _shared_out(function, rest, min(processes, -(-len(rest) // CHUNK)))


def _shared_out(function: Callable[[A], B], items: Sequence[A], processes: int) -> Iterator[B]:
    """The answers of several processes, in order; what a process that was killed owes is done by this one."""
    from concurrent.futures import Future, ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    # a copy of this process starts at once; elsewhere than on Linux that is not safe
    context = get_context("fork" if sys.platform == "linux" else "spawn")
    chunks = _chunks(items)
    owed: deque[list[A]] = deque()
    answers: deque[Future[list[B]]] = deque()
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_leave_interrupts_to_the_parent) as pool:
        try:
            for chunk in chunks:
                owed.append(chunk)
                answers.append(pool.submit(_answers, function, chunk))
                if len(answers) >= processes * AHEAD:
                    yield from answers.popleft().result()
                    owed.popleft()
            while answers:
                yield from answers.popleft().result()
                owed.popleft()
        except BrokenProcessPool:
            pass  # for want of memory, perhaps
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    for chunk in (*owed, *chunks):
        yield from map(function, chunk)


def _chunks(items: Iterable[A]) -> Iterator[list[A]]:
    rest = iter(items)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _answers(function: Callable[[A], B], items: list[A]) -> list[B]:
    return [function(item) for item in items]


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
