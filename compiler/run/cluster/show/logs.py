"""The log of a stage, or why it has none yet."""

import time
from collections.abc import Iterator

from compiler.diagnostics.credentials import masked
from compiler.run.cluster.api.client import Api, Notify
from compiler.run.cluster.api.errors import ApiError, ClusterError, problem, refusal
from compiler.run.cluster.api.kinds import POD
from compiler.run.cluster.apply.apply import snapshot_of
from compiler.run.cluster.apply.decide import Action, End, advance
from compiler.run.cluster.state.events import readable
from compiler.run.cluster.state.jobs import JobView, Phase, PodView
from compiler.run.cluster.state.plan import ClusterPlan, PlannedStage
from compiler.run.cluster.state.reasons import Place, advice, waiting_reason
from compiler.run.cluster.state.snapshot import Snapshot
from runtime.contract.outputs import verdict_words

_WAIT_SECONDS = 2.0


def pod_with_log(api: Api, plan: ClusterPlan, name: str | None, *, wait: bool, notify: Notify) -> PodView:
    """Find a pod with a log: of the named stage, else of the current one.

    If none has begun: CLU616, or with `wait`, wait for the next one, and report to `notify` why it has not begun.
    """
    notified = ""
    while True:
        snapshot = snapshot_of(api, plan)
        stage = _chosen(plan, snapshot, name)
        job = snapshot.jobs.get(stage.name)
        pod = _with_log(job) if job is not None else None
        if pod is not None:
            return pod
        why, may_begin = (waiting_reason(job), not job.is_over) if job else _without_job(plan, snapshot, stage)
        if not wait or not may_begin:
            place = Place(plan=plan.shown, stage=stage.stage)
            status = f"check the state of the plan: trainspec status {plan.shown}"
            hint = advice(place, job, why) if job is not None and job.stuck is not None else status
            raise ClusterError(problem("CLU616", f"`{stage.stage}` has no log: {why}", plan.shown, hint=hint))
        if why != notified:
            notified = why
            notify(f"waiting for `{stage.stage}`: {why}")
        time.sleep(_WAIT_SECONDS)


def log_lines(api: Api, plan: ClusterPlan, pod: PodView, *, follow: bool, raw: bool) -> Iterator[str]:
    """Yield the lines of a pod's log without credentials, formatted for people or `raw`.

    With `follow`, until the pod ends. ClusterError if the log cannot be read, or the connection breaks.
    """
    path = f"{POD.path(plan.namespace, pod.name)}/log"
    try:
        for line in api.lines(path, {"container": pod.container, "follow": follow}):
            text = line.decode("utf-8", errors="replace")
            yield masked(text if raw else readable(text))
    except ApiError as error:
        raise ClusterError(refusal(error, "get", "pods/log", plan.shown)) from error


def _without_job(plan: ClusterPlan, snapshot: Snapshot, stage: PlannedStage) -> tuple[str, bool]:
    """Return why a stage has no Job, and whether it may get one without another command."""
    ledger = snapshot.ledger(plan.name, plan.namespace)
    step = advance(plan, ledger, snapshot)
    record = ledger.records.get(stage.name)
    if stage.finished:
        return "its result was known when the plan was compiled", False
    if record is not None and not record.is_begun:
        return f"it is {record.state.value}, and its Job is gone", False
    if record is not None and step.action in (Action.REPORT, Action.AWAIT):
        return "its Job is gone", False
    if step.end not in (End.GOING, End.BLOCKED):
        return f"the plan ended before it ({verdict_words(step.end.value)})", False
    return ("the plan waits for a Job of an earlier version" if step.superseded else "its turn has not come"), True


def _chosen(plan: ClusterPlan, snapshot: Snapshot, name: str | None) -> PlannedStage:
    """Return the named stage, else the last one with a Job, else the first pending one."""
    named = {each.stage: each for each in plan.stages}
    if name is not None and name not in named:
        hint = f"use one of {', '.join(f'`{each}`' for each in named)}"
        raise ClusterError(problem("CLU616", f"the plan has no stage `{name}`", plan.shown, hint=hint))
    if name is not None:
        return named[name]
    begun = [each for each in plan.stages if each.name in snapshot.jobs]
    return begun[-1] if begun else next(iter(plan.pending), plan.stages[-1])


def _with_log(job: JobView) -> PodView | None:
    """Return the pod of a Job with the most useful log; None if no container has begun."""
    failed = job.ending if job.phase is Phase.FAILED else None
    begun = [pod for pod in job.pods if pod.phase != "Pending"]
    pod = failed or job.leading
    return pod if pod in begun else begun[-1] if begun else None
