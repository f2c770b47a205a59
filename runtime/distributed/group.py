"""The group of a stage's nodes, which end together.

Each of PyTorch's agents starts the processes of one node, and without restarts it does not watch the others. So each
node increments a heartbeat in the first node's store while it runs, and watches those of the others. The first node
that fails for its own reason claims the end in the store; the others end with 79, which is not a failure.
"""

import contextlib
import threading
import time
from collections.abc import Mapping
from itertools import count
from typing import Any

from runtime.contract.errors import StageError
from runtime.contract.exit_codes import ExitCode
from runtime.distributed.node import Node
from runtime.distributed.rendezvous import SECONDS_TO_ANSWER, reach, serve, waiting
from runtime.stage.stop import STEP_SECONDS, StopRequest

# The time for a node's processes after a stop: one step, its checkpoint, and their reports.
SECONDS_AFTER_A_STOP = STEP_SECONDS + 5
# A failure that may be the consequence of another waits so long before its claim: time to notice the other, or a loss.
_SECONDS_TO_CLAIM = SECONDS_TO_ANSWER + 3
_SECONDS_BETWEEN_BEATS = 0.5
_SECONDS_TO_LEAVE = 3.0

_DIGEST, _STATE, _GONE = "stage/digest", "stage/state", "gone"
# The state: some nodes are missing, all run, the stage is finished; or `ended RANK`.
_OPEN, _RUNNING, _DONE, _ENDED = "open", "running", "done", "ended "


# A process that ends with one of these codes met the fault itself; after the loss of a peer, the others end with 70.
_FIRST_HAND: tuple[int, ...] = (
    ExitCode.BAD_CONFIG,
    ExitCode.NO_INPUT,
    ExitCode.BAD_DATA,
    ExitCode.NO_MEMORY,
    ExitCode.IO_ERROR,
    ExitCode.UNAVAILABLE,
)
_THEN: dict[int, int] = {ExitCode.INTERNAL: 91, ExitCode.TRY_LATER: 97, ExitCode.OK: 100}


def worst(codes: Mapping[int, int]) -> int:
    """Return the rank whose exit code caused the others; a negative code is the signal that killed it."""

    def order(rank: int) -> tuple[int, int]:
        code = codes[rank]
        if code in _FIRST_HAND:
            return _FIRST_HAND.index(code), rank
        if code < 0:  # killed from outside: by the kernel, when memory runs out
            return 90, rank
        return _THEN.get(code, 99), rank

    return min(codes, key=order)


def meet(node: Node, digest: str, stop: StopRequest) -> "Group":
    """Wait until all nodes that run the config of this digest have arrived; RUN770 if some do not.

    RUN703 if the first node runs another config, and RUN740 if a stop is requested in the meantime.
    """
    if node.rank:
        return _join_first_node(node, digest, stop)
    store = serve(node.port)
    for rank in range(node.count):
        store.set(_key(rank), "")
    store.set(_STATE, _OPEN)
    store.set(_DIGEST, digest)
    group = Group(node, store, stop)
    for _ in waiting(node, stop, group.missing) if node.count > 1 else ():
        if not group.missing():
            break
    store.set(_STATE, _RUNNING)
    return group


def _join_first_node(node: Node, digest: str, stop: StopRequest) -> "Group":
    group: Group | None = None
    for _ in waiting(node, stop, lambda: [0]):
        if group is None or group.is_cut:
            # The first node's name resolves, and its store is served, only once its pod runs.
            store = reach(node.host, node.port)
            group = Group(node, store, stop) if store is not None and _is_open(store, node, digest) else None
        elif group.state != _OPEN:
            return group
    raise AssertionError  # `waiting` always ends with an error


def _is_open(store: Any, node: Node, digest: str) -> bool:
    with contextlib.suppress(RuntimeError):
        if store.get(_DIGEST).decode() != digest:
            text = f"node {node.rank} runs another config than the first node"
            raise StageError("RUN703", text, "start the stage as its plan renders it")
        return bool(store.get(_STATE).decode() == _OPEN)  # else nodes of an earlier try are still ending
    return False


class Group:
    """The nodes of a stage, as seen by one of them; their processes also meet at `store`."""

    def __init__(self, node: Node, store: Any, stop: StopRequest) -> None:
        self.store, self.state, self._node, self._stop = store, _OPEN, node, stop
        self._seen: dict[int, tuple[str, float]] = {}
        self._heard, self._is_closed, self._leaving = time.monotonic(), False, threading.Event()
        self._thread = threading.Thread(target=self._stay_in_touch, daemon=True)
        self._thread.start()

    @property
    def is_cut(self) -> bool:
        """Whether the first node has ended, or has not answered within the limit."""
        return self._is_closed or time.monotonic() - self._heard > SECONDS_TO_ANSWER

    def missing(self) -> list[int]:
        """Return the nodes that have not arrived, or have left; a restarted node keeps its rank."""
        return [rank for rank in range(self._node.count) if self._silence(rank) > _SECONDS_TO_LEAVE]

    def is_failing(self) -> bool:
        """Return whether another node has failed or is lost, so that this node's processes would wait forever."""
        return self.state.startswith(_ENDED) or (bool(self._lost()) and self.state != _DONE)

    def end(self, code: int) -> None:
        """Announce the end of this node, and return when it may exit; RUN748 if another node ended first.

        A node that finished waits until the first node finishes, because a Job does not restart finished pods.
        """
        rank = self._node.rank
        if code == ExitCode.OK and rank == 0:  # the outputs are on the disk: no node has to restart
            state = self._claim(_DONE)
        elif self._node.count == 1 or code in _FIRST_HAND or (self._stop.is_set and code):
            state = self._claim(f"{_ENDED}{rank}")
        else:
            state = self._wait(code)
        if state == _DONE or (self._stop.is_set and code):
            return
        cause = rank if code in _FIRST_HAND else 0  # if the first node is lost, or a stop leaves no time to wait for it
        if state.startswith(_ENDED):
            cause = int(state.removeprefix(_ENDED))
        if cause != rank:
            text = f"node {cause} ended first, and this node with it"
            raise StageError("RUN748", text, "see the log of that node's pod")

    def close(self) -> None:
        """Leave the group; the first node serves the store until the others have read the end."""
        self._leaving.set()
        self._thread.join(_SECONDS_TO_LEAVE)
        until = time.monotonic() + _SECONDS_TO_LEAVE
        while self._node.rank == 0 and time.monotonic() < until:
            self._read(self.store)
            if self.state in (_OPEN, _RUNNING) or len(self._lost()) == self._node.count - 1:
                break
            time.sleep(0.05)
        self.store = None

    def _wait(self, code: int) -> str:
        """Wait until another node claims the end; claim it for a lost node, or for this node's failure."""
        until = time.monotonic() + _SECONDS_TO_CLAIM
        while self.state in (_OPEN, _RUNNING) and not self._lost() and not self._stop.is_set:
            if code and time.monotonic() > until:
                break
            time.sleep(0.05)
        cause = self._lost() or ([self._node.rank] if code else [])
        return self._claim(f"{_ENDED}{cause[0]}") if cause else self.state

    def _claim(self, state: str) -> str:
        """Set the state unless another node has ended the group already; return the state."""
        with contextlib.suppress(RuntimeError):
            return str(self.store.compare_set(_STATE, _RUNNING, state).decode())
        return self.state  # the first node is lost

    def _lost(self) -> list[int]:
        if self.is_cut:
            return [0]
        others = [rank for rank in range(self._node.count) if rank != self._node.rank]
        return [rank for rank in others if self._silence(rank) > SECONDS_TO_ANSWER]

    def _silence(self, rank: int) -> float:
        """Return the seconds between the last heartbeat of a node and the last reading of the store."""
        text, since = self._seen.get(rank, ("", 0.0))
        return float("inf") if text in ("", _GONE) else self._heard - since

    def _stay_in_touch(self) -> None:
        # A separate connection, because the agent blocks the other one, sometimes for minutes. The first node connects
        # to `localhost`: the pod's name may not resolve yet.
        node, beats = self._node, count(1)
        link = reach(node.host if node.rank else "localhost", self.store.port)
        with contextlib.suppress(RuntimeError):
            while link is not None:
                link.set(_key(node.rank), _GONE if self._leaving.is_set() else str(next(beats)))
                self._read(link)
                if self._leaving.wait(_SECONDS_BETWEEN_BEATS) and self._seen[node.rank][0] == _GONE:
                    return
        self._is_closed = True

    def _read(self, store: Any) -> None:
        state, *texts = (value.decode() for value in store.multi_get([_STATE, *map(_key, range(self._node.count))]))
        self.state, self._heard = state, time.monotonic()
        for rank, text in enumerate(texts):
            if text != self._seen.get(rank, ("", 0.0))[0]:
                self._seen[rank] = text, self._heard


def _key(rank: int) -> str:
    return f"stage/node/{rank}"
