"""Why a stage failed or does not run, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass

from compiler.run.cluster.state.jobs import JobView, Phase
from runtime.contract.exit_codes import ExitCode as StageExit

# reason of a Job, pod or container → what to do; names in braces are commands on the plan
ADVICE: dict[str, str] = {
    "OOMKilled": "raise `memory` in the profile or lower the batch size in the spec, and after the merge: {retry}",
    "DeadlineExceeded": "raise `deadlineMinutes` of the stage in the spec, compile, and resume it from its last "
    "checkpoint: {retry}",
    "BackoffLimitExceeded": "read its log (`{logs}`), and resume it from its last checkpoint: {retry}",
    "Deactivated": "the queue does not start it again: `{cancel}`, raise `deadlineMinutes` if that is why, `{retry}`",
    "Preempt": "resume it from its last checkpoint (a higher priority prevents preemption): {retry}",
    "Evicted": "request as much memory and ephemeral storage as the stage uses, and resume it: {retry}",
    "ImagePullBackOff": "check that the image of the profile exists and that the nodes may pull it from its registry",
    "ErrImagePull": "check that the image of the profile exists and that the nodes may pull it from its registry",
    "InvalidImageName": "fix `image` in the profile",
    "CreateContainerConfigError": "create the Secret or ConfigMap that the message names",
    "CreateContainerError": "read the kubelet's events about the pod: kubectl describe pod",
    "CrashLoopBackOff": "read its log: {logs}",
    'persistentvolumeclaim "': "create the claim that the message names, or fix the claims in the profile",
    "Suspended": "set `suspend` of its Job to false to start it",
    "Unschedulable": "wait for capacity, or change `cpu`, `memory` or `gpu` in the profile to fit a node",
    "FailedCreate": "change the quota or the admission policies of the namespace so that they accept the pod",
    "FailedMount": "check that the volumes and Secrets that the message names exist",
    "FailedAttachVolume": "check that no pod on another node uses the volume",
}
_BY_EXIT_CODE: dict[int, str] = {
    64: "compile the spec again with the version of the image",
    StageExit.BAD_DATA: "fix the rows that the message names, compile again, and apply",
    StageExit.NO_INPUT: "put the missing files on the volume that the message names, then: {retry}",
    StageExit.UNAVAILABLE: "check that the services that the stage calls over the network respond, then: {retry}",
    StageExit.INTERNAL: "read its log (`{logs}`), and report it if it recurs",
    StageExit.NO_MEMORY: ADVICE["OOMKilled"],
    StageExit.IO_ERROR: "check that the outputs volume has free space, then: {retry}",
    StageExit.TRY_LATER: "resume it from its last checkpoint: {retry}",
    StageExit.BAD_CONFIG: "fix the setting that the message names, compile again, and apply",
    137: "raise `memory` in the profile if the pod ran out of it, and resume the stage from its checkpoint: {retry}",
    143: "resume it from its last checkpoint: {retry}",
}
STARTING, NO_POD = "starting", "no pod yet"  # normal reasons to wait, which need no advice
_DEFAULT_ADVICE = "read its log (`{logs}`), and start it again: {retry}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A stage of a plan as commands name it: the plan folder as the user gave it, and the stage."""

    plan: str
    stage: str

    @property
    def retry(self) -> str:
        """The command that starts the stage again."""
        return f"trainspec apply {self.plan} --retry"

    def fill(self, text: str) -> str:
        """Insert the commands into an advice, ready to copy."""
        logs, cancel = f"trainspec logs {self.plan} {self.stage}", f"trainspec cancel {self.plan}"
        return text.format(retry=self.retry, logs=logs, cancel=cancel)


def failure_reason(job: JobView) -> str:
    """Return why a Job failed, from its last pod, else from its condition."""
    last = job.message
    if last.get("message"):
        return f"exit {last.get('exit_code')}: {last['message']}"
    pod = job.ending
    if job.reason == "DeadlineExceeded":
        return f"{job.reason}: {job.detail}"
    if pod is not None:
        ended = pod.ended_by or "Error"
        code = f", exit {pod.exit_code}" if pod.exit_code is not None else ""
        return f"{ended}{code}" + (f": {pod.detail}" if pod.detail else "")
    return f"{job.reason}: {job.detail}".strip(": ") or "the Job gives no reason"


def advice(place: Place, job: JobView | None, reason: str) -> str:
    """Return what to do about a failure.

    The runtime's own hint comes first, then the reason, then the exit code.
    """
    hint = str(job.message.get("hint") or "") if job is not None else ""
    if hint:
        return hint
    known = next((text for name, text in ADVICE.items() if name in reason), "")
    code = job.exit_code if job is not None else None
    return place.fill(known or _BY_EXIT_CODE.get(code or 0, _DEFAULT_ADVICE))


def waiting_reason(job: JobView, events: Iterable[tuple[str, str]] = (), queued: str = "") -> str:
    """Return why a Job waits; empty if all its pods run or it has ended.

    `events` are (reason, message), newest last; `queued` is the reason that its queue gives.
    """
    if job.phase in (Phase.COMPLETE, Phase.FAILED):
        return ""
    if job.phase is Phase.DELETING:
        return "is being deleted"
    if job.is_suspended:
        return f"Suspended{_after(job.detail)}"
    if job.phase is Phase.QUEUED:
        return f"held back by its queue{_after(queued or job.detail)}"
    if job.stuck is not None:
        return f"{job.stuck.waiting}{_after(job.stuck.detail)}"
    if job.phase is Phase.RUNNING:
        return ""
    warned = [f"{reason}{_after(message)}" for reason, message in events]
    return warned[-1] if warned else STARTING if job.pods else NO_POD


def held_back(job: JobView) -> str:
    """Return why a Job cannot continue by itself, according to it and its pods; empty if it can."""
    return waiting_reason(job) if job.stuck is not None or job.phase is Phase.QUEUED else ""


def _after(text: str) -> str:
    short = " ".join(text.split())
    return f": {short if len(short) <= 200 else short[:200] + '…'}" if short else ""
