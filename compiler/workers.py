"""Many specs at once: the same function for each, in as many processes as are worth it, the answers in order."""

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

CHUNK = 8
AHEAD = 4  # chunks in flight for each process: enough to keep it busy, few enough that memory does not grow
WORTH_A_PROCESS = 48  # specs that take longer than starting a process does


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def each(function: Callable[[A], B], items: Sequence[A], jobs: int | None) -> Iterator[B]:
    """The function's answer for each item, in the items' order; `jobs` bounds the processes.

    The answers do not depend on the number of processes. What the function takes and gives must be small.
    """
    processes = min(jobs or usable_cores(), len(items) // WORTH_A_PROCESS)
    if processes < 2:
        yield from map(function, items)
        return
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
            pass  # a process was killed, for want of memory perhaps: what it and the others owe is done below
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
