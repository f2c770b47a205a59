"""The node of a pod, from the environment of a Job or TrainJob, and the rank of a process."""

import ctypes
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from runtime.contract.errors import StageError
from runtime.contract.exit_codes import ExitCode
from runtime.contract.stages import AnyStage
from runtime.contract.training_stages import TrainingStage

PARENT = "TRAINSPEC_LAUNCHER"
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One of `count` nodes; `host` and `port` are the address of the first."""

    rank: int = 0
    count: int = 1
    host: str = ""
    port: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """The rank of a process among all `world` processes that train.

    With `is_launched`, `launch` started this process. With `must_launch`, this process does not train itself but starts
    the processes of its `node`.
    """

    rank: int = 0
    world: int = 1
    is_launched: bool = False
    must_launch: bool = False
    node: Node = field(default_factory=Node)


def place_of(stage: AnyStage, environment: Mapping[str, str] = os.environ) -> Place:
    """Return the place of this process; RUN703 if a launcher started a number of processes other than planned."""
    planned = stage.distributed.world if isinstance(stage, TrainingStage) else 1
    if "WORLD_SIZE" not in environment:
        return Place(world=planned, must_launch=planned > 1, node=node_of(stage, environment))
    try:
        rank, world = int(environment.get("RANK", "0")), int(environment["WORLD_SIZE"])
    except ValueError:
        rank, world = -1, 0
    if world != planned or not 0 <= rank < world:
        given = f"`WORLD_SIZE` is `{environment['WORLD_SIZE']}`, `RANK` is `{environment.get('RANK', '')}`"
        message = f"{given}, but the plan has {planned} process{'es' if planned > 1 else ''} for `{stage.stage}`"
        raise StageError("RUN703", message, "start the stage without a launcher: it starts its processes itself")
    return Place(rank=rank, world=world, is_launched=PARENT in environment)


def node_of(stage: AnyStage, environment: Mapping[str, str] = os.environ) -> Node:
    """Return the node that a Job or TrainJob assigns to this pod; RUN703 if the plan has no such node."""
    planned = stage.distributed.nodes if isinstance(stage, TrainingStage) else 1
    given_count = environment.get("PET_NNODES", str(planned))
    if given_count != str(planned):
        raise StageError("RUN703", *_misplaced(stage, planned, f"`PET_NNODES` is `{given_count}`"))
    if planned == 1:
        return Node()
    index = environment.get("JOB_COMPLETION_INDEX", "")
    host = environment.get("MASTER_ADDR") or environment.get("PET_MASTER_ADDR", "")
    port = environment.get("MASTER_PORT") or environment.get("PET_MASTER_PORT", "")
    if not (index.isdecimal() and int(index) < planned and host and port.isdecimal()):
        given = f"`JOB_COMPLETION_INDEX` is `{index}`, `MASTER_ADDR` `{host}`, `MASTER_PORT` `{port}`"
        raise StageError("RUN703", *_misplaced(stage, planned, given))
    return Node(rank=int(index), count=planned, host=host, port=int(port))


def end_with_the_launcher() -> None:
    """Have the kernel kill this process when its launcher ends, however that happens."""
    parent = os.environ.get(PARENT)
    if parent is None or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):  # the launcher ended before the line above
        os._exit(ExitCode.TRY_LATER)


def _misplaced(stage: AnyStage, planned: int, given: str) -> tuple[str, str]:
    nodes = f"{planned} node{'s' if planned > 1 else ''}"
    return f"{given}, but the plan has {nodes} for `{stage.stage}`", "start the stage as its plan renders it"
