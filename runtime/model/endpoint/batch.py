"""Many requests to one endpoint at once, which a stop request abandons."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

from runtime.contract.errors import StageError
from runtime.model.endpoint.client import Endpoint
from runtime.stage.stop import StopRequest

POLL_SECONDS = 0.2
DRAIN_SECONDS = 10.0  # after a stop request, for the answers to open requests: they are paid for


async def query_all(
    endpoint: Endpoint,
    waiting: Sequence[int],
    query: Callable[[int], Awaitable[None]],
    *,
    concurrency: int,
    stop: StopRequest,
    progress: Callable[[], str],
) -> None:
    """Await `query` for each of the numbers in `waiting`, `concurrency` at once; the first failure ends all.

    A stop request starts no further query, and waits a short time for open ones. RUN740 then, with `progress` as the
    words for what is done.
    """
    shared = iter(waiting)

    async def worker() -> None:
        for each in shared:  # shared by the workers: each gets different ones
            if stop.is_set:
                return
            await query(each)

    async def work_all() -> None:
        async with endpoint:
            if waiting:
                await endpoint.find_model()
                await _first_failure([asyncio.create_task(worker()) for _ in range(concurrency)])

    task = asyncio.create_task(work_all())
    while not (await asyncio.wait({task}, timeout=POLL_SECONDS))[0]:
        if stop.is_set:
            await _drain(task)
            break
    if stop.is_set:
        message = f"stopped by {stop.signal_name} with {progress()}"
        raise StageError("RUN740", message, "run the stage again: it resumes from there")
    await task


async def _drain(task: "asyncio.Task[None]") -> None:
    """Wait for open requests, and abandon them in the end: a slow answer takes longer than a pod's grace."""
    await asyncio.wait({task}, timeout=DRAIN_SECONDS)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, StageError):
        await task


async def _first_failure(tasks: list["asyncio.Task[None]"]) -> None:
    """Wait for all tasks; if one fails, cancel the others and raise its error."""
    try:
        await asyncio.gather(*tasks)
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
