"""Nodes of a stage that end together.

PyTorch's agents start the processes of one node each, and with no restarts left none looks at the others. So each node
counts up a number in the first node's store for as long as it runs, and looks at those of the others. The first one to
fail for a reason of its own claims the end in the store; the rest end with 79, which counts as no failure.
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

# What a node's processes have after a stop: a step, its checkpoint, and their words.
SECONDS_AFTER_A_STOP = STEP_SECONDS + 5
# A failure that may only follow from another's is claimed when that one, or a loss, had time to be noticed.
_SECONDS_TO_CLAIM = SECONDS_TO_ANSWER + 3
_SECONDS_BETWEEN_BEATS = 0.5
_SECONDS_TO_LEAVE = 3.0

_DIGEST, _STATE, _GONE = "stage/digest", "stage/state", "gone"
# The state: not all have come, all run, the stage is done; or `ended RANK`.
_OPEN, _RUNNING, _DONE, _ENDED = "open", "running", "done", "ended "


# A process that ends with one of these has met the fault itself; a lost peer makes the others fail inside (70).
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
    """Return the rank whose exit code is the cause of the others'; a negative code is the signal that killed it."""

    def order(rank: int) -> tuple[int, int]:
        code = codes[rank]
        if code in _FIRST_HAND:
            return _FIRST_HAND.index(code), rank
        if code < 0:  # killed by somebody else: the kernel, for memory
            return 90, rank
        return _THEN.get(code, 99), rank

    return min(codes, key=order)


def meet(node: Node, digest: str, stop: StopRequest) -> "Group":
    """Wait until the nodes that run the config of this digest have all come; RUN770 if they do not.

    RUN703 if the first node runs another config, and RUN740 if a stop is asked for before.
    """
    if node.rank:
        return _come_to_the_first(node, digest, stop)
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


def _come_to_the_first(node: Node, digest: str, stop: StopRequest) -> "Group":
    group: Group | None = None
    for _ in waiting(node, stop, lambda: [0]):
        if group is None or group.is_cut:
            # Its name may not be known yet, and nobody may serve there: it starts when its pod does.
            store = reach(node.host, node.port)
            group = Group(node, store, stop) if store is not None and _is_open(store, node, digest) else None
        elif group.state != _OPEN:
            return group
    raise AssertionError  # `waiting` ends by an error


def _is_open(store: Any, node: Node, digest: str) -> bool:
    with contextlib.suppress(RuntimeError):
        if store.get(_DIGEST).decode() != digest:
            text = f"node {node.rank} runs another config than the first one"
            raise StageError("RUN703", text, "start the stage as its plan renders it")
        return bool(store.get(_STATE).decode() == _OPEN)  # else nodes of an earlier try still end: they come back, too
    return False


class Group:
    """The nodes of a stage, seen from one of them. The processes of all meet at `store`, too."""

    def __init__(self, node: Node, store: Any, stop: StopRequest) -> None:
        self.store, self.state, self._node, self._stop = store, _OPEN, node, stop
        self._seen: dict[int, tuple[str, float]] = {}
        self._heard, self._is_closed, self._leaving = time.monotonic(), False, threading.Event()
        self._thread = threading.Thread(target=self._stay_in_touch, daemon=True)
        self._thread.start()

    @property
    def is_cut(self) -> bool:
        """Whether the first node is gone, or has not answered for long."""
        return self._is_closed or time.monotonic() - self._heard > SECONDS_TO_ANSWER

    def missing(self) -> list[int]:
        """Return the nodes that have not come, or are gone again: one that starts anew takes its own place."""
        return [rank for rank in range(self._node.count) if self._silence(rank) > _SECONDS_TO_LEAVE]

    def is_failing(self) -> bool:
        """Return whether another node has failed or is lost, so that this one's processes wait in vain."""
        return self.state.startswith(_ENDED) or (bool(self._lost()) and self.state != _DONE)

    def end(self, code: int) -> None:
        """Say that this node has ended, and return when it may; RUN748 if that is because another node did.

        A node that has ended well waits for the first one to do so: it would not come back otherwise.
        """
        rank = self._node.rank
        if code == ExitCode.OK and rank == 0:  # what the stage leaves behind is on the disk: nobody has to come back
            state = self._claim(_DONE)
        elif self._node.count == 1 or code in _FIRST_HAND or (self._stop.is_set and code):
            state = self._claim(f"{_ENDED}{rank}")
        else:
            state = self._wait(code)
        if state == _DONE or (self._stop.is_set and code):
            return
        cause = rank if code in _FIRST_HAND else 0  # where the first node is gone, or a stop forbids to wait for it
        if state.startswith(_ENDED):
            cause = int(state.removeprefix(_ENDED))
        if cause != rank:
            text = f"node {cause} ended first, and this one with it"
            raise StageError("RUN748", text, "look at the log of that node's pod")

    def close(self) -> None:
        """Leave the group; the first node stops serving, when the others have had a moment to read the end."""
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
        """Wait for the end that another node claims; claim it for a node that is lost, or for this one's failure."""
        until = time.monotonic() + _SECONDS_TO_CLAIM
        while self.state in (_OPEN, _RUNNING) and not self._lost() and not self._stop.is_set:
            if code and time.monotonic() > until:
                break
            time.sleep(0.05)
        cause = self._lost() or ([self._node.rank] if code else [])
        return self._claim(f"{_ENDED}{cause[0]}") if cause else self.state

    def _claim(self, state: str) -> str:
        """Return the state, which is this one if no other node was faster."""
        with contextlib.suppress(RuntimeError):
            return str(self.store.compare_set(_STATE, _RUNNING, state).decode())
        return self.state  # the first node is gone

    def _lost(self) -> list[int]:
        if self.is_cut:
            return [0]
        others = [rank for rank in range(self._node.count) if rank != self._node.rank]
        return [rank for rank in others if self._silence(rank) > SECONDS_TO_ANSWER]

    def _silence(self, rank: int) -> float:
        """Return for how many seconds a node has said nothing, as far as this one has heard."""
        text, since = self._seen.get(rank, ("", 0.0))
        return float("inf") if text in ("", _GONE) else self._heard - since

    def _stay_in_touch(self) -> None:
        # A connection of its own, as the agent waits on the other one, sometimes for minutes. The first node reaches
        # itself by the name that every machine has: the pod's own may not be known yet.
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
