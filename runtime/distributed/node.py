"""Which of several nodes a pod is, as a Job or a TrainJob tells it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from runtime.contract.errors import StageError
from runtime.contract.stages import AnyStage
from runtime.contract.training_stages import TrainingStage


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One of `count` nodes, and where the first one is met."""

    rank: int = 0
    count: int = 1
    host: str = ""
    port: int = 0


def node_of(stage: AnyStage, environment: Mapping[str, str] = os.environ) -> Node:
    """Return which of the plan's nodes this is, as a Job or a TrainJob tells its pods; RUN703 if it is none of them."""
    planned = stage.distributed.nodes if isinstance(stage, TrainingStage) else 1
    told = environment.get("PET_NNODES", str(planned))
    if told != str(planned):
        raise StageError("RUN703", *_misplaced(stage, planned, f"`PET_NNODES` is `{told}`"))
    if planned == 1:
        return Node()
    index = environment.get("JOB_COMPLETION_INDEX", "")
    host = environment.get("MASTER_ADDR") or environment.get("PET_MASTER_ADDR", "")
    port = environment.get("MASTER_PORT") or environment.get("PET_MASTER_PORT", "")
    if not (index.isdecimal() and int(index) < planned and host and port.isdecimal()):
        given = f"`JOB_COMPLETION_INDEX` is `{index}`, `MASTER_ADDR` `{host}`, `MASTER_PORT` `{port}`"
        raise StageError("RUN703", *_misplaced(stage, planned, given))
    return Node(rank=int(index), count=planned, host=host, port=int(port))


def _misplaced(stage: AnyStage, planned: int, given: str) -> tuple[str, str]:
    nodes = f"{planned} node{'s' if planned > 1 else ''}"
    return f"{given}, and the plan has {nodes} for `{stage.stage}`", "start the stage as its plan renders it"
