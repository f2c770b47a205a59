"""Views of workloads and their pods: pure functions of the Kubernetes objects."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from compiler.run.cluster.api.client import Object
from compiler.spec import labels
from compiler.spec.workloads import JOB, WORKLOADS, condition
from runtime.contract.exit_codes import ExitCode as StageExit

REPORT_SUFFIX = "-report"  # of the names of Jobs that only read the result of another Job
_CONTAINERS = tuple(dict.fromkeys(each.container for each in WORKLOADS.values()))
_BEGINNING = ("ContainerCreating", "PodInitializing")  # reasons for which every container waits at first
_INDEX = "batch.kubernetes.io/job-completion-index"
_DISRUPTIONS = ("DisruptionTarget", "TerminationTarget")  # conditions of a pod that something else terminates
_EXIT_CODE = re.compile(r"exit code (\d{1,3})\b")  # in the Job controller's message about a pod failure policy
# labels in which a pod names its workload; that of a Job is last, because pods of other kinds have it, too
_POD_LABELS = tuple(label for each in reversed(WORKLOADS.values()) for label in each.pod_labels)
_suspension = condition("Suspended")


class Phase(StrEnum):
    """The phase of a Job."""

    QUEUED = "queued"  # suspended: a queue has not admitted it, or a person suspended it
    PENDING = "pending"  # admitted, but none of its pods runs
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"
    DELETING = "deleting"


@dataclass(frozen=True, kw_only=True, slots=True)
class PodView:
    """A pod, with the reason why it does not run, or how its container ended."""

    name: str
    job: str
    created: str
    phase: str
    container: str = JOB.container
    index: int = 0  # among the pods that run a stage together; the first one reports the result
    node: str = ""
    waiting: str = ""  # a reason, such as `ImagePullBackOff` or `Unschedulable`
    detail: str = ""  # the message of the kubelet or the scheduler
    exit_code: int | None = None
    ended_by: str = ""  # `OOMKilled`, `Error`, `Evicted`, `PreemptionByScheduler` …
    message: Mapping[str, Any] = field(default_factory=dict)  # the termination message

    @property
    def has_ended(self) -> bool:
        """Whether the pod has a termination message, a reason or an exit code."""
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
    detail: str = ""  # the message of the condition that led to the phase
    created: str = ""
    ended: str = ""
    digest: str = ""
    failures: int = 0
    reports: str = ""
    pods: tuple[PodView, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether the Job has completed or failed."""
        return self.phase in (Phase.COMPLETE, Phase.FAILED)

    @property
    def message(self) -> Mapping[str, Any]:
        """The termination message of the `ending` pod."""
        return self.ending.message if self.ending is not None else {}

    @property
    def exit_code(self) -> int | None:
        """The exit code of the `ending` pod, else the one in the message of the Job's condition."""
        if self.ending is not None:
            return self.ending.exit_code
        in_detail = _EXIT_CODE.search(self.detail)
        return int(in_detail[1]) if in_detail else None

    @property
    def has_not_begun(self) -> bool:
        """Whether the Job should run, but neither it nor its pods give a reason why it does not.

        Events may give one.
        """
        return self.phase is Phase.PENDING and all(pod.phase == "Pending" and not pod.waiting for pod in self.pods)

    @property
    def stuck(self) -> PodView | None:
        """The newest pod that cannot start and gives a reason."""
        return next((pod for pod in reversed(self.pods) if pod.phase == "Pending" and pod.waiting), None)

    @property
    def is_suspended(self) -> bool:
        """Whether a person, not a queue, suspended the Job."""
        return self.phase is Phase.QUEUED and not self.queue

    @property
    def is_settling(self) -> bool:
        """Whether the Job is complete but its pods are out of date.

        Each kind has its own watch.
        """
        active = any(pod.phase in ("Pending", "Running") for pod in self.pods)
        return self.phase is Phase.COMPLETE and active and self.exit_code != 0

    @property
    def leading(self) -> PodView | None:
        """The newest pod of the first index, whose log shows the progress."""
        return next((pod for _, pod in sorted(self._newest(self.pods).items())), None)

    @property
    def ending(self) -> PodView | None:
        """The pod that shows how the Job ended: among the newest of each index, the first.

        A pod that ended only because another one did comes last.
        """
        newest = self._newest(pod for pod in self.pods if pod.has_ended)
        return min(newest.values(), key=lambda pod: (pod.exit_code == StageExit.GROUP_ENDED, pod.index), default=None)

    @staticmethod
    def _newest(pods: Iterable[PodView]) -> dict[int, PodView]:
        return {pod.index: pod for pod in pods}


def job_view(found: Object, pods: Iterable[PodView] = ()) -> JobView:
    """Return the view of a workload and its pods."""
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
        detail=str(ending.get("message") or ""),
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
    if (ending := workload.complete(status)) is not None:
        return Phase.COMPLETE, ending
    if (ending := workload.failed(status)) is not None:
        return Phase.FAILED, ending
    if found["metadata"].get("deletionTimestamp"):
        return Phase.DELETING, {}
    suspension = _suspension(status)
    if suspension is not None or found.get("spec", {}).get("suspend"):
        return Phase.QUEUED, suspension or {}
    running = any(pod.phase == "Running" for pod in pods) or (status.get("ready") or 0) > 0
    return (Phase.RUNNING if running else Phase.PENDING), {}


def pod_view(found: Object) -> PodView:
    """Return the view of a pod."""
    meta, status = found["metadata"], found.get("status") or {}
    containers = [*(status.get("containerStatuses") or []), *(status.get("initContainerStatuses") or [])]
    # without a status of the rendered container, as before the kubelet starts, use the first one
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
        detail=str(_first_message(waiting, unscheduled, disrupted, status)),
        exit_code=ended.get("exitCode"),
        ended_by=str(status.get("reason") or disrupted.get("reason") or ended.get("reason") or ""),
        message=_message(ended.get("message")),
    )


def _containers(found: Object) -> Iterable[str]:
    return (str(each.get("name")) for each in (found.get("spec") or {}).get("containers") or [])


def _index_of(meta: Mapping[str, Any]) -> int:
    """Return the index of a pod in its Job; 0 if the Job has one pod at a time."""
    index = str((meta.get("labels") or {}).get(_INDEX) or (meta.get("annotations") or {}).get(_INDEX) or "")
    return int(index) if index.isdecimal() else 0


def _first_message(*places: Mapping[str, Any]) -> object:
    return next((each["message"] for each in places if each.get("message")), "")


def _is_disrupted(condition: Mapping[str, Any]) -> bool:
    return condition.get("type") in _DISRUPTIONS and condition.get("status") == "True"


def _is_unscheduled(condition: Mapping[str, Any]) -> bool:
    return condition.get("type") == "PodScheduled" and condition.get("status") == "False"


def _job_of(meta: Mapping[str, Any]) -> str:
    """Return the name of a pod's workload, which may differ from the Job that owns the pod."""
    own = meta.get("labels") or {}
    named = next((own[name] for name in _POD_LABELS if own.get(name)), "")
    owners = meta.get("ownerReferences") or []
    return str(named or next((each["name"] for each in owners if each.get("kind") == JOB.kind.name), ""))


def _message(text: object) -> Mapping[str, Any]:
    """Parse the runtime's termination message.

    Without one, the kubelet puts the end of the log in its field.
    """
    lines = str(text or "").strip().splitlines()
    for line in reversed(lines):
        try:
            parsed = json.loads(line)
        except ValueError:
            continue
        if isinstance(parsed, dict) and "exit_code" in parsed:
            return parsed
    return {}
