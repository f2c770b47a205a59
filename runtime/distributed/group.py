"""Nodes of a stage that end together.

Each launcher holds a line to the first node's for as long as its processes run. So a node that is lost is noticed
within seconds, not when a library gives up to wait for it; and of many nodes that end because one did, all but that one
can say so by their exit code. A node that starts again while others still end waits until these have come back, too.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from runtime.contract.errors import StageError
from runtime.contract.exit_codes import ExitCode
from runtime.distributed.node import Node
from runtime.distributed.rendezvous import come_to_the_first, come_together
from runtime.stage.stop import StopRequest

# Others notice a failure by themselves first; then their launcher ends them (see `launch`), and says so.
_SECONDS_TO_END = 30.0
_LOST, _STOPPED = -9, -15  # as a process is that was killed, and one that was told to end

# Which of several exit codes tells what went wrong: a lost peer makes the others fail inside (70).
_WORST_FIRST: tuple[int, ...] = (
    ExitCode.BAD_CONFIG,
    ExitCode.NO_INPUT,
    ExitCode.BAD_DATA,
    ExitCode.NO_MEMORY,
    ExitCode.IO_ERROR,
    ExitCode.UNAVAILABLE,
)
_THEN: dict[int, int] = {ExitCode.INTERNAL: 91, ExitCode.TRY_LATER: 97, ExitCode.OK: 100}


def worst(codes: Mapping[int, int], ended_by_us: set[int]) -> int:
    """Return whose ending, of processes or of nodes by rank, is the cause of the others'."""

    def order(rank: int) -> tuple[int, int]:
        code = codes[rank]
        if code in _WORST_FIRST:
            return _WORST_FIRST.index(code), rank
        if rank in ended_by_us:
            return 98, rank
        if code < 0:  # killed by somebody else: the kernel, for memory
            return 90, rank
        return _THEN.get(code, 99), rank

    return min(codes, key=order)


class Group(Protocol):
    """The nodes of a stage, seen from one of them. `port` of the first node is where the processes meet."""

    port: int

    def is_failing(self) -> bool:
        """Tell whether another node has failed, so that this one's processes wait in vain."""

    def end(self, code: int) -> None:
        """Say that this node has ended, and return when it may; RUN748 if that is because another node did."""

    def close(self) -> None:
        """Leave the group."""


class Alone:
    """A group of one node."""

    def __init__(self, port: int) -> None:
        self.port = port

    def is_failing(self) -> bool:
        """Tell that nobody else fails."""
        return False

    def end(self, code: int) -> None:
        """Return at once."""

    def close(self) -> None:
        """Do nothing."""


def meet(node: Node, digest: str, free_port: Callable[[], int], stop: StopRequest) -> Group:
    """Wait until the nodes that run the config of this digest have all come; RUN770 if they do not."""
    if node.count == 1:
        return Alone(free_port())
    if node.rank == 0:
        return FirstNode(node, digest, free_port(), stop)
    return OtherNode(node, digest, stop)


class FirstNode:
    """The node that the others come to, and that finds out which of them failed first."""

    def __init__(self, node: Node, digest: str, port: int, stop: StopRequest) -> None:
        """Wait for the others, and tell them the `port`."""
        self.port, self._stop, self._codes, self._has_told = port, stop, dict[int, int](), False
        self._lines = come_together(node, digest, stop)
        self._tell(go=port)

    def is_failing(self) -> bool:
        """Tell whether another node has failed, and let the others know."""
        for rank, line in self._lines.items():
            for message in iter(line.receive, None):
                if isinstance(message.get("end"), int):
                    self._codes[rank] = message["end"]
            if not line.is_open:
                self._codes.setdefault(rank, _LOST)
        is_failing = any(self._codes.values())
        if is_failing and not self._has_told:
            self._has_told = True
            self._tell(failing=True)
        return is_failing

    def end(self, code: int) -> None:
        """Wait for the others' ends where this one's is a failure, and tell all which of them was the first."""
        self._codes[0] = code
        if code == ExitCode.OK:  # what the stage leaves behind is on the disk: nobody has to come back
            self._tell(cause=None)
            return
        until = time.monotonic() + (0 if self._stop.is_set else _SECONDS_TO_END)
        while self.is_failing() and len(self._codes) <= len(self._lines) and time.monotonic() < until:
            time.sleep(0.05)
        cause = 0 if self._stop.is_set else worst(self._codes, set())
        self._tell(cause=cause)
        if cause:
            raise _ended_with_another(cause)

    def close(self) -> None:
        """Leave the others."""
        for line in self._lines.values():
            line.close()

    def _tell(self, **message: Any) -> None:
        for line in self._lines.values():
            line.send(**message)


class OtherNode:
    """A node that comes to the first one, and ends when that says so."""

    def __init__(self, node: Node, digest: str, stop: StopRequest) -> None:
        """Wait until the first node says that all have come."""
        self._node, self._stop = node, stop
        self._line, self.port = come_to_the_first(node, digest, stop)
        self._is_failing = False
        self._verdict: dict[str, Any] | None = None

    def is_failing(self) -> bool:
        """Tell whether another node has failed, or the first one is lost."""
        for message in iter(self._line.receive, None):
            self._is_failing |= "failing" in message
            if "cause" in message:
                self._verdict = message
        self._is_failing |= not self._line.is_open and self._verdict is None
        return self._is_failing

    def end(self, code: int) -> None:
        """Wait for the first node's word. Until it has ended well this one has not, either: it would not come back."""
        self._line.send(end=_STOPPED if self._stop.is_set and code else code)
        until = time.monotonic() + (0 if self._stop.is_set else _SECONDS_TO_END)
        while self._verdict is None and self._line.is_open and (code == ExitCode.OK or time.monotonic() < until):
            if self._stop.is_set:
                break
            self.is_failing()
            time.sleep(0.05)
        self.is_failing()
        if self._stop.is_set and code != ExitCode.OK:
            return
        if self._verdict is not None:
            cause = self._verdict["cause"]
        else:  # the first node is gone: what only follows from a loss is not this node's own failure
            cause = 0 if code in (ExitCode.OK, ExitCode.INTERNAL, ExitCode.TRY_LATER) else self._node.rank
        if cause is not None and cause != self._node.rank:
            raise _ended_with_another(cause)

    def close(self) -> None:
        """Leave the first node."""
        self._line.close()


def _ended_with_another(cause: int) -> StageError:
    return StageError("RUN748", f"node {cause} ended first, and this one with it", "look at the log of that node's pod")
