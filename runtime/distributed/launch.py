"""Several processes that train together: started here, watched, and brought to one exit code."""

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from runtime.contract.errors import StageError
from runtime.contract.exit_codes import ExitCode
from runtime.contract.outputs import TERMINATION_LOG
from runtime.contract.stages import AnyStage
from runtime.contract.training_stages import TrainingStage
from runtime.distributed.group import Group, meet, worst
from runtime.distributed.node import Node, node_of
from runtime.stage.events import EventStream
from runtime.stage.stop import STEP_SECONDS, StopRequest

# A process that fails leaves the others waiting for it: they get this long to notice by themselves.
_SECONDS_AFTER_A_FAILURE = 15.0
_SECONDS_AFTER_A_STOP = STEP_SECONDS + 5
_PARENT = "TRAINSPEC_LAUNCHER"
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a process stands among those that train: its rank, how many there are, and whether `launch` started it.

    `must_launch` says that it is none of them, and has to start those of its `node`.
    """

    rank: int = 0
    world: int = 1
    is_launched: bool = False
    must_launch: bool = False
    node: Node = field(default_factory=Node)


def place_of(stage: AnyStage, environment: Mapping[str, str] = os.environ) -> Place:
    """Return where this process stands; RUN703 if a launcher started another number of processes than the plan says."""
    planned = stage.distributed.world if isinstance(stage, TrainingStage) else 1
    if "WORLD_SIZE" not in environment:
        return Place(world=planned, must_launch=planned > 1, node=node_of(stage, environment))
    try:
        rank, world = int(environment.get("RANK", "0")), int(environment["WORLD_SIZE"])
    except ValueError:
        rank, world = -1, 0
    if world != planned or not 0 <= rank < world:
        given = f"`WORLD_SIZE` is `{environment['WORLD_SIZE']}`, `RANK` is `{environment.get('RANK', '')}`"
        message = f"{given}, and the plan has {planned} process{'es' if planned > 1 else ''} for `{stage.stage}`"
        raise StageError("RUN703", message, "start the stage without a launcher: it starts its processes itself")
    return Place(rank=rank, world=world, is_launched=_PARENT in environment)


def end_with_the_launcher() -> None:
    """Let the kernel end this process when the one that launched it is gone, however that ended."""
    parent = os.environ.get(_PARENT)
    if parent is None or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):  # it went before the line above
        os._exit(ExitCode.TRY_LATER)


def launch(config_path: Path, digest: str, place: Place, events: EventStream, stop: StopRequest) -> dict[str, Any]:
    """Run the stage in this node's processes; return the termination message of the worst ending.

    `digest` is that of the config, which all nodes must run. The first process's events are passed on, except its last.
    A stop is passed on to all. RUN748 if another node failed, and RUN770 if it never came.
    """
    if place.node.count > 1:
        events.emit("phase", name="wait for the other nodes")
    group = meet(place.node, digest, _free_port, stop)
    try:
        with stop.worth_waiting_for(_SECONDS_AFTER_A_STOP + 5):
            try:
                message = _run_ranks(config_path, place, group, events, stop)
            except StageError as error:
                group.end(error.exit_code)
                raise
            group.end(message["exit_code"])
    finally:
        group.close()
    return message


def _run_ranks(config_path: Path, place: Place, group: Group, events: EventStream, stop: StopRequest) -> dict[str, Any]:
    processes = place.world // place.node.count
    with TemporaryDirectory(prefix="trainspec-") as folder:
        logs = [Path(folder) / f"{rank}.json" for rank in range(processes)]
        ranks = [_start(config_path, rank, processes, place, group.port, log) for rank, log in enumerate(logs)]
        try:
            reader = threading.Thread(target=_pass_on, args=(ranks[0], events), daemon=True)
            reader.start()
            ended_here = _watch(ranks, group, stop)
            reader.join(timeout=5)
        finally:
            for each in ranks:
                each.kill()
                each.wait()
        codes = {rank: each.returncode for rank, each in enumerate(ranks)}
        cause = worst(codes, ended_here)
        if place.node.rank and not any(codes.values()):  # the first process of all tells what was made
            return {"status": "complete", "exit_code": int(ExitCode.OK)}
        return _message(logs[cause], codes[cause], cause, stop, by_itself=cause not in ended_here)


def _start(config_path: Path, rank: int, processes: int, place: Place, port: int, log: Path) -> "subprocess.Popen[str]":
    threads = max(1, (os.cpu_count() or 1) // processes)
    is_alone = place.node.count == 1
    environment = {
        "OMP_NUM_THREADS": str(threads),
        **({"GLOO_SOCKET_IFNAME": "lo"} if is_alone and sys.platform.startswith("linux") else {}),
        **os.environ,
        "MASTER_ADDR": "127.0.0.1" if is_alone else place.node.host,
        "MASTER_PORT": str(port),
        _PARENT: str(os.getpid()),
        "RANK": str(place.node.rank * processes + rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(place.world),
        "LOCAL_WORLD_SIZE": str(processes),
        TERMINATION_LOG: str(log),
    }
    # A group of its own: Ctrl-C at a terminal reaches the launcher alone, which tells the others.
    return subprocess.Popen(  # noqa: S603 - this interpreter and this package
        [sys.executable, "-m", "runtime", str(config_path)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if rank == 0 else subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        process_group=0,
    )


def _free_port() -> int:
    # Free now, and most likely still when the first process listens there; else the stage fails and is tried again.
    with socket.socket() as probe:
        probe.bind(("", 0))
        port: int = probe.getsockname()[1]
    return port


def _pass_on(first: "subprocess.Popen[str]", events: EventStream) -> None:
    assert first.stdout is not None  # noqa: S101
    for line in first.stdout:
        with contextlib.suppress(ValueError):
            event = json.loads(line)
            if event["event"] not in ("error", "end"):
                events.emit(event.pop("event"), **event)


def _watch(ranks: "list[subprocess.Popen[str]]", group: Group, stop: StopRequest) -> set[int]:
    """Wait until all have ended; return the ranks that had to be killed."""
    deadline: float | None = None
    told = False
    while any(each.poll() is None for each in ranks):
        now = time.monotonic()
        if stop.is_set and not told:
            told, deadline = True, now + _SECONDS_AFTER_A_STOP
            for each in ranks:
                each.send_signal(signal.SIGTERM)
        if group.is_failing() or any(each.returncode not in (None, 0, ExitCode.TRY_LATER) for each in ranks):
            deadline = min(deadline or now + _SECONDS_AFTER_A_FAILURE, now + _SECONDS_AFTER_A_FAILURE)
        if deadline is not None and now > deadline:
            late = {rank for rank, each in enumerate(ranks) if each.poll() is None}
            for rank in late:
                ranks[rank].kill()
                ranks[rank].wait()
            return late
        time.sleep(0.05)
    return set()


def _message(log: Path, code: int, rank: int, stop: StopRequest, *, by_itself: bool) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        message: dict[str, Any] = json.loads(log.read_text(encoding="utf-8"))
        return message
    # A process that has only begun has no handler yet, and ends by the signal itself.
    if stop.is_set and (not by_itself or code == -signal.SIGTERM):
        text = f"stopped by {stop.signal_name}; the process of rank {rank} was ended"
        raise StageError("RUN740", text, "run the stage again: it goes on from the last checkpoint")
    if code < 0:
        name = signal.Signals(-code).name
        hint = "look for what killed it: the kernel does, when memory runs out"
        raise StageError("RUN743", f"the process of rank {rank} was killed by {name}", hint)
    raise StageError("RUN743", f"the process of rank {rank} ended with {code}, without a word", "see the log on stderr")
