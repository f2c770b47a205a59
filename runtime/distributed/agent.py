"""PyTorch's elastic agent, configured for a stage: no restarts, ranks by node number."""

import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

from torch.distributed import PrefixStore
from torch.distributed.elastic.multiprocessing import LogsDest, LogsSpecs, SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.elastic.rendezvous import (
    RendezvousHandler,
    RendezvousInfo,
    RendezvousParameters,
    RendezvousStoreInfo,
    rendezvous_handler_registry,
)
from torch.distributed.elastic.rendezvous.static_tcp_rendezvous import StaticTCPRendezvous
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from runtime.contract.outputs import TERMINATION_LOG
from runtime.distributed.group import SECONDS_AFTER_A_STOP, Group
from runtime.distributed.node import PARENT, Place
from runtime.distributed.rendezvous import SECONDS_TO_ANSWER
from runtime.stage.stop import StopRequest

_SECONDS_BETWEEN_LOOKS = 0.05
_BACKEND = "stage"


def run_agent(
    config_path: Path, digest: str, place: Place, group: Group, stop: StopRequest, *, logs: list[Path], events: int
) -> dict[int, int]:
    """Run this node's processes; return the exit codes, by local rank, of those that the agent did not end.

    `logs` are the files for their termination messages. The first process writes its events to the file descriptor
    `events`. A stop reaches all processes.
    """
    _silence()
    rendezvous_handler_registry.register(_BACKEND, _create)
    config = LaunchConfig(
        min_nodes=place.node.count,
        max_nodes=place.node.count,
        nproc_per_node=len(logs),
        run_id=digest,
        rdzv_backend=_BACKEND,
        rdzv_configs={"nodes": _Nodes(place, group, stop, digest)},
        logs_specs=_RankFiles(place, logs, events),
        max_restarts=0,  # the Job restarts the group as a whole
        monitor_interval=_SECONDS_BETWEEN_LOOKS,
        shutdown_timeout=round(SECONDS_AFTER_A_STOP),
        signals_to_handle="SIGHUP,SIGQUIT",  # `stop` handles the others; `_Nodes` checks it
    )
    module = ("-m", "runtime", str(config_path).replace("$", "$$"))  # the agent substitutes `${local_rank}`
    try:
        elastic_launch(config, sys.executable)(*module)
    except ChildFailedError as error:
        return _own_exit_codes(error, len(logs))
    except SignalException as error:  # after a stop, or the end of another node
        if error.sigval != signal.SIGKILL:
            stop.signal_name = signal.Signals(error.sigval).name
        return {}
    return dict.fromkeys(range(len(logs)), 0)


def _own_exit_codes(error: ChildFailedError, processes: int) -> dict[int, int]:
    """Return the exit codes by local rank, without the processes that the agent ended.

    After the first failure the agent sends SIGTERM to the others, and SIGKILL half a minute later.
    """
    _, first = error.get_first_failure()
    codes = dict.fromkeys(range(processes), 0)
    for failure in error.failures.values():
        is_late = failure.exitcode == -signal.SIGKILL and failure.timestamp > first.timestamp + 5
        if failure is first or not (is_late or failure.exitcode == -signal.SIGTERM):
            codes[failure.local_rank] = failure.exitcode
        else:
            del codes[failure.local_rank]
    return codes


class _Nodes(StaticTCPRendezvous):  # type: ignore[misc]
    """A rendezvous for the agent: ranks by pod number, at the store where the nodes met."""

    def __init__(self, place: Place, group: Group, stop: StopRequest, run_id: str) -> None:
        node, port = place.node, group.store.port
        super().__init__(node.host or "127.0.0.1", port, node.rank, node.count, run_id, round(SECONDS_TO_ANSWER))
        self._group, self._stop = group, stop
        self._patience = round(SECONDS_TO_ANSWER / _SECONDS_BETWEEN_LOOKS)

    def get_backend(self) -> str:
        return _BACKEND

    def next_rendezvous(self) -> RendezvousInfo:
        address = RendezvousStoreInfo(self.master_addr, self.master_port)
        return RendezvousInfo(PrefixStore("agent", self._group.store), self.rank, self.world_size, address)

    def num_nodes_waiting(self) -> int:
        """Return 0, as no node joins later; raise to end the processes after a stop or the loss of a node."""
        if self._stop.is_set:
            raise SignalException("stop", signal.Signals[self._stop.signal_name])
        if self._group.is_failing():
            self._patience -= 1  # the processes get some time to notice the loss themselves
            if self._patience < 0:
                raise SignalException("another node has ended", signal.SIGKILL)
        return 0


def _create(parameters: RendezvousParameters) -> RendezvousHandler:
    nodes: RendezvousHandler = parameters.config["nodes"]
    return nodes


class _RankFiles(LogsSpecs):  # type: ignore[misc]
    """The output files and environment of each process.

    Each has a file for its termination message; only the first writes events.
    """

    def __init__(self, place: Place, logs: list[Path], events: int) -> None:
        super().__init__()
        self._place, self._logs, self._events = place, logs, events

    @property
    def root_log_dir(self) -> str:
        return str(self._logs[0].parent)

    def reify(self, envs: dict[int, dict[str, str]]) -> LogsDest:
        for rank, environment in envs.items():
            environment |= self._defaults()
            environment |= {PARENT: str(os.getpid()), TERMINATION_LOG: str(self._logs[rank])}
        none: dict[int, Any] = dict.fromkeys(envs, os.devnull)
        inherited: dict[int, Any] = dict.fromkeys(envs, "")
        return LogsDest(stdouts=none | {0: f"/dev/fd/{self._events}"}, stderrs=inherited, error_files=none)

    def _defaults(self) -> dict[str, str]:
        threads = max(1, (os.cpu_count() or 1) // len(self._logs))
        fields = {"OMP_NUM_THREADS": str(threads)}
        if self._place.node.count == 1 and sys.platform.startswith("linux"):
            fields["GLOO_SOCKET_IFNAME"] = "lo"
        return {name: os.environ.get(name, value) for name, value in fields.items()}


def _silence() -> None:
    """Keep the agent's log out of the stage's: the launcher reports how processes end."""
    log = logging.getLogger("torch.distributed.elastic")
    log.addHandler(logging.NullHandler())
    log.propagate = False
