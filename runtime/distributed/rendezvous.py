"""How nodes that train together meet: at a key-value store of PyTorch's, which the first one serves on its port."""

import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from runtime.contract.errors import StageError
from runtime.distributed.node import Node
from runtime.stage.stop import StopRequest

SECONDS_TO_MEET = 600.0
SECONDS_TO_ANSWER = 15.0


def serve(port: int) -> Any:
    """Return a `TCPStore` that this process serves on all its addresses; on a free port if `port` is 0."""
    from torch.distributed import TCPStore

    # This process reaches itself by the name that every machine has: the pod's own may not be known yet.
    return TCPStore("localhost", port, is_master=True, wait_for_workers=False)


def reach(host: str, port: int) -> Any:
    """Return the `TCPStore` that is served there; None if the name is unknown or nobody serves one."""
    from torch.distributed import TCPStore

    try:
        # A store waits in C++, where no signal is seen. So the port is tried before.
        socket.create_connection((host, port), timeout=5).close()
        timeout = timedelta(seconds=SECONDS_TO_ANSWER)
        return TCPStore(host, port, is_master=False, wait_for_workers=False, timeout=timeout)
    except (OSError, RuntimeError):
        return None


def waiting(node: Node, stop: StopRequest, missing: Callable[[], list[int]]) -> Iterator[None]:
    """Yield five times a second, until a stop (RUN740) or the limit (RUN770) ends it.

    `missing` returns the ranks of the nodes that have not come, for the message.
    """
    until = time.monotonic() + SECONDS_TO_MEET
    while time.monotonic() < until:
        if stop.is_set:
            text = f"stopped by {stop.signal_name} before all nodes had come"
            raise StageError("RUN740", text, "run the stage again: it goes on from the last checkpoint")
        yield
        time.sleep(0.2)
    names = ", ".join(map(str, missing()))
    text = f"node {names} of {node.count} was not met at `{node.host}` within {SECONDS_TO_MEET:g} s"
    raise StageError("RUN770", text, "look whether its pod runs, and whether pods of the plan may reach each other")
