"""The log of a stage, or why there is none yet."""

import time
from collections.abc import Iterator

from compiler.diagnostics.credentials import masked
from compiler.run.cluster.api.client import Api, Say
from compiler.run.cluster.api.errors import ApiError, ClusterError, problem, refusal
from compiler.run.cluster.api.kinds import POD
from compiler.run.cluster.apply.apply import snapshot_of
from compiler.run.cluster.apply.decide import Action, End, advance
from compiler.run.cluster.state.events import readable
from compiler.run.cluster.state.jobs import JobView, Phase, PodView
from compiler.run.cluster.state.plan import ClusterPlan, PlannedStage
from compiler.run.cluster.state.reasons import Place, advice, waiting_reason
from compiler.run.cluster.state.snapshot import Snapshot

_WAIT_SECONDS = 2.0


def pod_with_log(api: Api, plan: ClusterPlan, name: str | None, *, wait: bool, say: Say) -> PodView:
    """A pod that has a log: of the named stage, else of the one at which the plan stands. Where none has begun: CLU616,
    or with `wait` the next one that begins, while `say` hears what it waits for.
    """
    said = ""
    while True:
        seen = snapshot_of(api, plan)
        stage = _chosen(plan, seen, name)
        job = seen.jobs.get(stage.name)
        pod = _with_log(job) if job is not None else None
        if pod is not None:
            return pod
        why, may_come = (waiting_reason(job), not job.is_over) if job is not None else _without_job(plan, seen, stage)
        if not wait or not may_come:
            place = Place(plan=plan.shown, stage=stage.stage)
            see = f"see where the plan stands: trainspec status {plan.shown}"
            hint = advice(place, job, why) if job is not None and job.stuck is not None else see
            raise ClusterError(problem("CLU616", f"`{stage.stage}` has no log: {why}", plan.shown, hint=hint))
        if why != said:
            said = why
            say(f"waiting for `{stage.stage}`: {why}")
        time.sleep(_WAIT_SECONDS)


def log_lines(api: Api, plan: ClusterPlan, pod: PodView, *, follow: bool, raw: bool) -> Iterator[str]:
    """The lines of a pod's log without credentials, for people or `raw`; with `follow`, until the pod ends.
    ClusterError where it may not be read, or breaks.
    """
    path = f"{POD.path(plan.namespace, pod.name)}/log"
    try:
        for line in api.lines(path, {"container": pod.container, "follow": follow}):
            text = line.decode("utf-8", errors="replace")
            yield masked(text if raw else readable(text))
    except ApiError as error:
        raise ClusterError(refusal(error, "get", "pods/log", plan.shown)) from error


def _without_job(plan: ClusterPlan, seen: Snapshot, stage: PlannedStage) -> tuple[str, bool]:
    """Why a stage has no Job, and whether it may get one without more being asked for."""
    ledger = seen.ledger(plan.name, plan.namespace)
    step = advance(plan, ledger, seen)
    record = ledger.records.get(stage.name)
    if stage.finished:
        return "its result was known when the plan was compiled", False
    if record is not None and not record.is_begun:
        return f"it is {record.state.value}, and its Job is gone", False
    if record is not None and step.action in (Action.REPORT, Action.AWAIT):
        return "its Job is gone", False
    if step.end not in (End.GOING, End.BLOCKED):
        return f"the plan has ended before it ({step.end.value})", False
    return ("the plan waits for a Job of an earlier version" if step.superseded else "its turn has not come"), True


def _chosen(plan: ClusterPlan, seen: Snapshot, name: str | None) -> PlannedStage:
    """The stage of a name, else the last one that has a Job, else the first one that is left to do."""
    named = {each.stage: each for each in plan.stages}
    if name is not None and name not in named:
        hint = f"name one of {', '.join(f'`{each}`' for each in named)}"
        raise ClusterError(problem("CLU616", f"the plan has no stage `{name}`", plan.shown, hint=hint))
    if name is not None:
        return named[name]
    begun = [each for each in plan.stages if each.name in seen.jobs]
    return begun[-1] if begun else next(iter(plan.pending), plan.stages[-1])


def _with_log(job: JobView) -> PodView | None:
    """The pod of a Job whose log tells most; none where no container of it has begun."""
    failed = job.ending if job.phase is Phase.FAILED else None
    begun = [pod for pod in job.pods if pod.phase != "Pending"]
    pod = failed or job.leading
    return pod if pod in begun else begun[-1] if begun else None
