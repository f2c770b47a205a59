"""How nodes that train together find each other: all come to the first one, which waits for them."""

import time
from collections.abc import Callable, Iterator

from runtime.contract.errors import StageError
from runtime.distributed.line import Line, listen
from runtime.distributed.node import Node
from runtime.stage.stop import StopRequest

SECONDS_TO_MEET = 600.0


def come_together(node: Node, digest: str, stop: StopRequest) -> dict[int, Line]:
    """Return a line to each other node, when all of them have come."""
    lines: dict[int, Line] = {}
    strangers: list[Line] = []
    with listen(node.port) as door:
        for _ in _waiting(node, stop, lambda: sorted(set(range(1, node.count)) - lines.keys())):
            strangers += door.accepted()
            for line in list(strangers):
                message = line.receive()
                if message is not None:
                    strangers.remove(line)
                    if message.get("digest") != digest:
                        line.send(refused=True)
                    elif message.get("node") in range(1, node.count):
                        lines[message["node"]] = line  # one that has started again takes its own place
            for rank in [rank for rank, line in lines.items() if line.receive() or not line.is_open]:
                del lines[rank]
            if len(lines) == node.count - 1:
                return lines
    raise AssertionError  # `_waiting` ends by an error


def come_to_the_first(node: Node, digest: str, stop: StopRequest) -> tuple[Line, int]:
    """Return a line to the first node, and the port that it names when all have come."""
    line: Line | None = None
    for _ in _waiting(node, stop, lambda: [0]):
        if line is None or not line.is_open:
            # Its name may not be known yet, and nobody may listen: it starts when its pod does.
            line = Line.to(node.host, node.port)
            if line is not None:
                line.send(node=node.rank, digest=digest)
            continue
        for message in iter(line.receive, None):
            if "refused" in message:
                text = f"node {node.rank} runs another config than the first one"
                raise StageError("RUN703", text, "start the stage as its plan renders it")
            if "go" in message:
                return line, int(message["go"])
    raise AssertionError  # `_waiting` ends by an error


def _waiting(node: Node, stop: StopRequest, missing: Callable[[], list[int]]) -> Iterator[None]:
    """Yield now and then, until a stop or the limit ends it."""
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
