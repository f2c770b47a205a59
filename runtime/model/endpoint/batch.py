"""Many requests to one endpoint at once, which a stop request abandons."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

from runtime.contract.errors import StageError
from runtime.model.endpoint.client import Endpoint
from runtime.stage.stop import StopRequest

POLL_SECONDS = 0.2


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

    RUN740 on a stop request, with `progress` as the words for what is done.
    """
    shared = iter(waiting)

    async def worker() -> None:
        for each in shared:  # shared by the workers: each gets different ones
            await query(each)

    async def work_all() -> None:
        async with endpoint:
            if waiting:
                await endpoint.find_model()
                await _first_failure([asyncio.create_task(worker()) for _ in range(concurrency)])

    task = asyncio.create_task(work_all())
    while not (await asyncio.wait({task}, timeout=POLL_SECONDS))[0]:
        if stop.is_set:  # abandon open requests: a slow answer takes longer than a pod's grace
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            message = f"stopped by {stop.signal_name} with {progress()}"
            raise StageError("RUN740", message, "run the stage again: it resumes from there")
    await task


async def _first_failure(tasks: list["asyncio.Task[None]"]) -> None:
    """Wait for all tasks; if one fails, cancel the others and raise its error."""
    try:
        await asyncio.gather(*tasks)
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
