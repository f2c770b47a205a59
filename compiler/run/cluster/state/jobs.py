"""What the cluster says of a Job and its pods, in the terms of this project: pure, from the objects as they are."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from compiler.run.cluster.api.client import Object
from compiler.spec import labels
from compiler.spec.workloads import JOB, WORKLOADS
from runtime.contract.exit_codes import ExitCode as StageExit

REPORT_SUFFIX = "-report"  # of the name of a Job that only reads the result of another
_CONTAINERS = tuple(dict.fromkeys(each.container for each in WORKLOADS.values()))
_BEGINNING = ("ContainerCreating", "PodInitializing")  # what every container waits for at first
_INDEX = "batch.kubernetes.io/job-completion-index"
_DISRUPTIONS = ("DisruptionTarget", "TerminationTarget")  # conditions of a pod that something else ends
_EXIT_CODE = re.compile(r"exit code (\d{1,3})\b")  # as the Job controller tells a pod failure policy
# in which a pod names its workload; that of a Job comes last, as pods of others have it, too
_POD_LABELS = tuple(label for each in reversed(WORKLOADS.values()) for label in each.pod_labels)


class Phase(StrEnum):
    """How far a Job is."""

    QUEUED = "queued"  # suspended: a queue has not admitted it, or somebody holds it back
    PENDING = "pending"  # admitted, and no pod of it runs
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"
    DELETING = "deleting"


@dataclass(frozen=True, kw_only=True, slots=True)
class PodView:
    """A pod: why it does not run, or how its container ended."""

    name: str
    job: str
    created: str
    phase: str
    container: str = JOB.container
    index: int = 0  # of several that do a stage together; the first one tells its result
    node: str = ""
    waiting: str = ""  # a reason, such as `ImagePullBackOff` or `Unschedulable`
    told: str = ""  # what the kubelet or the scheduler said of it
    exit_code: int | None = None
    ended_by: str = ""  # `OOMKilled`, `Error`, `Evicted`, `PreemptionByScheduler` …
    message: Mapping[str, Any] = field(default_factory=dict)  # the termination message

    @property
    def has_ended(self) -> bool:
        """Whether there is anything to know of its end."""
        return bool(self.message or self.ended_by) or self.exit_code is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class JobView:
    """A workload with its pods, the newest last."""

    name: str
    plan: str
    stage: str
    uid: str
    phase: Phase
    kind: str = JOB.kind.name
    queue: str = ""
    reason: str = ""
    told: str = ""
    created: str = ""
    ended: str = ""
    digest: str = ""
    failures: int = 0
    reports: str = ""
    pods: tuple[PodView, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.phase in (Phase.COMPLETE, Phase.FAILED)

    @property
    def message(self) -> Mapping[str, Any]:
        """What the pod that tells how it ended said."""
        return self.ending.message if self.ending is not None else {}

    @property
    def exit_code(self) -> int | None:
        """The exit code of the pod that tells how it ended; where all are gone, the one that the failure names."""
        if self.ending is not None:
            return self.ending.exit_code
        named = _EXIT_CODE.search(self.told)
        return int(named[1]) if named else None

    @property
    def has_not_begun(self) -> bool:
        """Whether it should run, and neither it nor a pod of it says why it does not: events may."""
        return self.phase is Phase.PENDING and all(pod.phase == "Pending" and not pod.waiting for pod in self.pods)

    @property
    def stuck(self) -> PodView | None:
        """The newest pod that cannot begin, and says why."""
        return next((pod for pod in reversed(self.pods) if pod.phase == "Pending" and pod.waiting), None)

    @property
    def is_suspended(self) -> bool:
        """Whether somebody holds it back, and no queue does."""
        return self.phase is Phase.QUEUED and not self.queue

    @property
    def is_settling(self) -> bool:
        """Whether it is complete, and its pods are not known yet as they were then: each kind is watched by itself."""
        going = any(pod.phase in ("Pending", "Running") for pod in self.pods)
        return self.phase is Phase.COMPLETE and going and self.exit_code != 0

    @property
    def leading(self) -> PodView | None:
        """The newest pod of the first index, whose log tells how far it is."""
        return next((pod for _, pod in sorted(self._newest(self.pods).items())), None)

    @property
    def ending(self) -> PodView | None:
        """The pod that tells how it ended: of the newest of each index the first one, rather not one that ended only
        because another did.
        """
        newest = self._newest(pod for pod in self.pods if pod.has_ended)
        return min(newest.values(), key=lambda pod: (pod.exit_code == StageExit.GROUP_ENDED, pod.index), default=None)

    @staticmethod
    def _newest(pods: Iterable[PodView]) -> dict[int, PodView]:
        return {pod.index: pod for pod in pods}


def job_view(found: Object, pods: Iterable[PodView] = ()) -> JobView:
    """A workload as it is, with the pods that are its own."""
    meta, status = found["metadata"], found.get("status") or {}
    own, notes = meta.get("labels") or {}, meta.get("annotations") or {}
    mine = tuple(sorted(pods, key=lambda pod: (pod.created, pod.name)))
    phase, ending = _phase(found, mine)
    return JobView(
        name=meta["name"],
        plan=own.get(labels.PART_OF, ""),
        stage=notes.get(labels.STAGE, ""),
        uid=meta["uid"],
        phase=phase,
        kind=found["kind"],
        queue=own.get(labels.QUEUE, ""),
        reason=str(ending.get("reason") or ""),
        told=str(ending.get("message") or ""),
        created=meta.get("creationTimestamp") or "",
        ended=str(ending.get("lastTransitionTime") or ""),
        digest=notes.get(labels.PLAN_DIGEST, ""),
        failures=int(status.get("failed") or 0),
        reports=notes.get(labels.REPORTS, ""),
        pods=mine,
    )


def _phase(found: Object, pods: tuple[PodView, ...]) -> tuple[Phase, Mapping[str, Any]]:
    workload = WORKLOADS[found["kind"]]
    status = found.get("status") or {}
    true = {each["type"]: each for each in status.get("conditions") or [] if each.get("status") == "True"}
    if workload.complete in true:
        return Phase.COMPLETE, true[workload.complete]
    if workload.failed in true:
        return Phase.FAILED, true[workload.failed]
    if found["metadata"].get("deletionTimestamp"):
        return Phase.DELETING, {}
    if "Suspended" in true or found.get("spec", {}).get("suspend"):
        return Phase.QUEUED, true.get("Suspended", {})
    running = any(pod.phase == "Running" for pod in pods) or (status.get("ready") or 0) > 0
    return (Phase.RUNNING if running else Phase.PENDING), {}


def pod_view(found: Object) -> PodView:
    """A pod as it is."""
    meta, status = found["metadata"], found.get("status") or {}
    containers = [*(status.get("containerStatuses") or []), *(status.get("initContainerStatuses") or [])]
    # any container counts where the one that we render is not there, as with a kubelet that has not begun
    named = next((each for each in containers if each.get("name") in _CONTAINERS), containers[0] if containers else {})
    state, last = named.get("state") or {}, named.get("lastState") or {}
    ended = state.get("terminated") or last.get("terminated") or {}
    waiting = state.get("waiting") or {}
    waiting = {} if waiting.get("reason") in _BEGINNING else waiting
    conditions = status.get("conditions") or []
    unscheduled: Mapping[str, Any] = next((each for each in conditions if _is_unscheduled(each)), {})
    phase = str(status.get("phase") or "Pending")
    disrupted: Mapping[str, Any] = next((each for each in conditions if phase == "Failed" and _is_disrupted(each)), {})
    return PodView(
        name=meta["name"],
        job=_job_of(meta),
        created=meta.get("creationTimestamp") or "",
        phase=phase,
        container=next((each for each in _containers(found) if each in _CONTAINERS), JOB.container),
        index=_index_of(meta),
        node=str((found.get("spec") or {}).get("nodeName") or ""),
        waiting=str(waiting.get("reason") or unscheduled.get("reason") or ""),
        told=str(_first_said(waiting, unscheduled, disrupted, status)),
        exit_code=ended.get("exitCode"),
        ended_by=str(status.get("reason") or disrupted.get("reason") or ended.get("reason") or ""),
        message=_message(ended.get("message")),
    )


def _containers(found: Object) -> Iterable[str]:
    return (str(each.get("name")) for each in (found.get("spec") or {}).get("containers") or [])


def _index_of(meta: Mapping[str, Any]) -> int:
    """The index of a pod in its Job; 0 where there is but one at a time."""
    told = str((meta.get("labels") or {}).get(_INDEX) or (meta.get("annotations") or {}).get(_INDEX) or "")
    return int(told) if told.isdecimal() else 0


def _first_said(*places: Mapping[str, Any]) -> object:
    return next((each["message"] for each in places if each.get("message")), "")


def _is_disrupted(condition: Mapping[str, Any]) -> bool:
    return condition.get("type") in _DISRUPTIONS and condition.get("status") == "True"


def _is_unscheduled(condition: Mapping[str, Any]) -> bool:
    return condition.get("type") == "PodScheduled" and condition.get("status") == "False"


def _job_of(meta: Mapping[str, Any]) -> str:
    """The workload that a pod belongs to, which need not be the Job that owns the pod."""
    own = meta.get("labels") or {}
    named = next((own[name] for name in _POD_LABELS if own.get(name)), "")
    owners = meta.get("ownerReferences") or []
    return str(named or next((each["name"] for each in owners if each.get("kind") == JOB.kind.name), ""))


def _message(text: object) -> Mapping[str, Any]:
    """The runtime's termination message; a kubelet puts the end of the log there when there is none."""
    lines = str(text or "").strip().splitlines()
    for line in reversed(lines):
        try:
            parsed = json.loads(line)
        except ValueError:
            continue
        if isinstance(parsed, dict) and "exit_code" in parsed:
            return parsed
    return {}
