"""The rendezvous of nodes: a PyTorch key-value store that the first node serves on its port."""

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
    """Serve a `TCPStore` on all addresses, on a free port if `port` is 0; return it."""
    from torch.distributed import TCPStore

    # This process connects to `localhost`: the pod's name may not resolve yet.
    return TCPStore("localhost", port, is_master=True, wait_for_workers=False)


def reach(host: str, port: int) -> Any:
    """Connect to a `TCPStore` and return it; None if the host is unknown or serves no store."""
    from torch.distributed import TCPStore

    try:
        # A store connects in C++, where signals have no effect, so try the port first.
        socket.create_connection((host, port), timeout=5).close()
        timeout = timedelta(seconds=SECONDS_TO_ANSWER)
        return TCPStore(host, port, is_master=False, wait_for_workers=False, timeout=timeout)
    except (OSError, RuntimeError):
        return None


def waiting(node: Node, stop: StopRequest, missing: Callable[[], list[int]]) -> Iterator[None]:
    """Yield five times a second, until a stop (RUN740) or the time limit (RUN770).

    `missing` returns the ranks of the missing nodes, for the message.
    """
    until = time.monotonic() + SECONDS_TO_MEET
    while time.monotonic() < until:
        if stop.is_set:
            text = f"stopped by {stop.signal_name} before all nodes arrived"
            raise StageError("RUN740", text, "run the stage again: it resumes from the last checkpoint")
        yield
        time.sleep(0.2)
    names = ", ".join(map(str, missing()))
    text = f"node {names} of {node.count} did not arrive at `{node.host}` within {SECONDS_TO_MEET:g} s"
    raise StageError("RUN770", text, "check that its pod runs, and that pods of the plan can reach each other")
