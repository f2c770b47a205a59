"""Why a stage failed or does not run, in a few words, and what to do about it: a table beside small functions."""

from collections.abc import Iterable
from dataclasses import dataclass

from compiler.run.cluster.state.jobs import JobView, Phase
from runtime.contract.exit_codes import ExitCode as StageExit

# what is seen (a reason of a Job, pod or container) → what to do; names in braces are commands on the plan
ADVICE: dict[str, str] = {
    "OOMKilled": "give the profile more `memory`, or the spec a lower batch size, and when that is merged: {retry}",
    "DeadlineExceeded": "raise `deadlineMinutes` of the stage in the spec, compile, and let it go on from its last "
    "checkpoint: {retry}",
    "BackoffLimitExceeded": "see what it said (`{logs}`), and let it go on from its last checkpoint: {retry}",
    "Deactivated": "the queue does not start it again: `{cancel}`, raise `deadlineMinutes` if that is why, `{retry}`",
    "Preempt": "let it go on from its last checkpoint (a higher priority is kept from preemption): {retry}",
    "Evicted": "ask for as much memory and ephemeral storage as the stage takes, and let it go on: {retry}",
    "ImagePullBackOff": "see that the image of the profile exists and that its registry lets the nodes pull it",
    "ErrImagePull": "see that the image of the profile exists and that its registry lets the nodes pull it",
    "InvalidImageName": "mend `image` of the profile",
    "CreateContainerConfigError": "create the Secret or ConfigMap that the message names",
    "CreateContainerError": "see what the kubelet says of the pod: kubectl describe pod",
    "CrashLoopBackOff": "see what it said: {logs}",
    'persistentvolumeclaim "': "create the claim that the message names, or mend the claims of the profile",
    "Suspended": "it starts once somebody sets `suspend` of its Job to false",
    "Unschedulable": "wait for room, or change `cpu`, `memory` or `gpu` of the profile to what a node has",
    "FailedCreate": "let the quota and the admission policies of the namespace accept the pod",
    "FailedMount": "see that the volumes and Secrets that the message names are there",
    "FailedAttachVolume": "see that the volume is not held by a pod on another node",
}
_BY_EXIT_CODE: dict[int, str] = {
    64: "compile the spec again with the version of the image",
    StageExit.BAD_DATA: "mend the rows that the message names, compile again, and apply",
    StageExit.NO_INPUT: "put the missing files on the volume that the message names, then: {retry}",
    StageExit.UNAVAILABLE: "see that what the stage asks over the network answers, then: {retry}",
    StageExit.INTERNAL: "see what it said (`{logs}`), and report it if it recurs",
    StageExit.NO_MEMORY: "give the profile more `memory`, or the spec a lower batch size, and when that is merged: "
    "{retry}",
    StageExit.IO_ERROR: "see that the outputs volume has room, then: {retry}",
    StageExit.TRY_LATER: "let it go on from its last checkpoint: {retry}",
    StageExit.BAD_CONFIG: "mend the setting that the message names, compile again, and apply",
    137: "give the profile more `memory` if the pod was killed for it, and let it go on from its checkpoint: {retry}",
    143: "let it go on from its last checkpoint: {retry}",
}
STARTING, NO_POD = "starting", "no pod yet"  # reasons of a Job that takes its time, and needs no advice
_OTHERWISE = "see what it said (`{logs}`), and start it again: {retry}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A stage of a plan as commands name it: the plan folder as it was given, and the stage."""

    plan: str
    stage: str

    @property
    def retry(self) -> str:
        """The command that starts it again."""
        return f"trainspec apply {self.plan} --retry"

    def fill(self, text: str) -> str:
        """An advice with its commands, to copy."""
        logs, cancel = f"trainspec logs {self.plan} {self.stage}", f"trainspec cancel {self.plan}"
        return text.format(retry=self.retry, logs=logs, cancel=cancel)


def failure_reason(job: JobView) -> str:
    """Why a Job failed: what its last pod said, else how it ended, else what the Job's own condition says."""
    told = job.message
    if told.get("message"):
        return f"exit {told.get('exit_code')}: {told['message']}"
    pod = job.ending
    if job.reason == "DeadlineExceeded":
        return f"{job.reason}: {job.told}"
    if pod is not None:
        ended = pod.ended_by or "Error"
        code = f", exit {pod.exit_code}" if pod.exit_code is not None else ""
        return f"{ended}{code}" + (f": {pod.told}" if pod.told else "")
    return f"{job.reason}: {job.told}".strip(": ") or "the Job says no reason"


def advice(place: Place, job: JobView | None, reason: str) -> str:
    """What to do about a failure; the runtime's own hint is the best there is."""
    hint = str(job.message.get("hint") or "") if job is not None else ""
    if hint:
        return hint
    known = next((text for name, text in ADVICE.items() if name in reason), "")
    code = job.exit_code if job is not None else None
    return place.fill(known or _BY_EXIT_CODE.get(code or 0, _OTHERWISE))


def waiting_reason(job: JobView, events: Iterable[tuple[str, str]] = (), queued: str = "") -> str:
    """Why a Job that is not over does nothing yet, empty when all of it runs.

    `events` are (reason, message), newest last; `queued` is what its queue says of it.
    """
    if job.phase in (Phase.COMPLETE, Phase.FAILED):
        return ""
    if job.phase is Phase.DELETING:
        return "is being deleted"
    if job.is_suspended:
        return f"Suspended{_after(job.told)}"
    if job.phase is Phase.QUEUED:
        return f"held back by its queue{_after(queued or job.told)}"
    if job.stuck is not None:
        return f"{job.stuck.waiting}{_after(job.stuck.told)}"
    if job.phase is Phase.RUNNING:
        return ""
    warned = [f"{reason}{_after(message)}" for reason, message in events]
    return warned[-1] if warned else STARTING if job.pods else NO_POD


def held_back(job: JobView) -> str:
    """Why a Job will not go on by itself, as far as it and its pods say; empty where it only takes its time."""
    return waiting_reason(job) if job.stuck is not None or job.phase is Phase.QUEUED else ""


def _after(text: str) -> str:
    short = " ".join(text.split())
    return f": {short if len(short) <= 200 else short[:200] + '…'}" if short else ""
