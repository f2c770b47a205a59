"""`trainspec logs`: the log of a stage, or why there is none yet."""

import sys
import time
from pathlib import Path

from compiler.cli.exit_codes import ExitCode
from compiler.diagnostics.credentials import masked
from compiler.run.cluster.api.client import Api, connected
from compiler.run.cluster.api.connect import Target
from compiler.run.cluster.api.errors import ApiError, ClusterError, problem, refusal
from compiler.run.cluster.api.kinds import POD
from compiler.run.cluster.apply.apply import require_namespace, snapshot_of
from compiler.run.cluster.apply.approve import no_jobs
from compiler.run.cluster.apply.decide import Action, End, advance
from compiler.run.cluster.show.verdict import ended
from compiler.run.cluster.state.events import readable
from compiler.run.cluster.state.jobs import JobView, Phase, PodView
from compiler.run.cluster.state.plan import ClusterPlan, PlannedStage, read_cluster_plan
from compiler.run.cluster.state.reasons import Place, advice, waiting_reason
from compiler.run.cluster.state.snapshot import Snapshot

_WAIT_SECONDS = 2.0


def logs(folder: Path, target: Target, stage: str | None, *, keep_on: bool, raw: bool, style: str) -> ExitCode:
    """Print the log of a stage: of the one that is named, else of the one at which the plan stands. With `keep_on` its
    pod is waited for, and its log followed.
    """
    read = read_cluster_plan(folder)
    if read.value is None:
        return ended(read.diagnostics or [no_jobs(folder)], style)
    plan = read.value
    try:
        api = connected(target, style)
        require_namespace(api, plan)
        pod = _begun(api, plan, stage, keep_on=keep_on)
        path = f"{POD.path(plan.namespace, pod.name)}/log"
        for line in api.lines(path, {"container": pod.container, "follow": keep_on}):
            text = line.decode("utf-8", errors="replace")
            print(masked(text if raw else readable(text)), flush=True)
    except ApiError as error:
        return ended([refusal(error, "get", "pods/log", plan.shown)], style)
    except ClusterError as error:
        return ended([error.found], style)
    return ExitCode.OK


def _begun(api: Api, plan: ClusterPlan, name: str | None, *, keep_on: bool) -> PodView:
    """A pod that has a log. Where none has begun: CLU616, or with `keep_on` wait for one that may."""
    told = ""
    while True:
        seen = snapshot_of(api, plan)
        stage = _chosen(plan, seen, name)
        job = seen.jobs.get(stage.name)
        pod = _with_log(job) if job is not None else None
        if pod is not None:
            return pod
        why, may_come = (waiting_reason(job), not job.is_over) if job is not None else _without_job(plan, seen, stage)
        if not keep_on or not may_come:
            place = Place(plan=plan.shown, stage=stage.stage)
            see = f"see where the plan stands: trainspec status {plan.shown}"
            hint = advice(place, job, why) if job is not None and job.stuck is not None else see
            raise ClusterError(problem("CLU616", f"`{stage.stage}` has no log: {why}", plan.shown, hint=hint))
        if why != told:
            told = why
            print(f"waiting for `{stage.stage}`: {why}", file=sys.stderr)
        time.sleep(_WAIT_SECONDS)


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
