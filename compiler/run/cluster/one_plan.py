"""`trainspec cancel` and `collect --cluster`: commands on one plan in a cluster."""

from collections.abc import Callable, Mapping
from pathlib import Path

from compiler.cli.exit_codes import ExitCode
from compiler.run.cluster.api.client import Api, connected
from compiler.run.cluster.api.connect import Target
from compiler.run.cluster.api.errors import ApiError, ClusterError, problem, refusal
from compiler.run.cluster.api.kinds import workload_kind
from compiler.run.cluster.apply import act
from compiler.run.cluster.apply.apply import require_namespace, snapshot_of
from compiler.run.cluster.apply.approve import no_jobs
from compiler.run.cluster.apply.decide import advance, superseded
from compiler.run.cluster.show.verdict import ended
from compiler.run.cluster.state.jobs import JobView
from compiler.run.cluster.state.ledger import Record, State, read_ledger, write
from compiler.run.cluster.state.plan import ClusterPlan, read_cluster_plan


def collect(folder: Path, target: Target, style: str) -> ExitCode:
    """Write what the plan's evaluations found in the cluster as evidence beside the spec."""
    from compiler.run.cluster.collect import collect as collect_from

    try:
        return ended(collect_from(connected(target, style), folder), style)
    except ApiError as error:
        return ended([refusal(error, "get", "the ledger", str(folder))], style)
    except ClusterError as error:
        return ended([error.found], style)


def cancel(folder: Path, target: Target, *, superseded: bool, style: str) -> ExitCode:
    """Stop the stage that is under way, or the Jobs of earlier versions of the plan; checkpoints are kept."""
    read = read_cluster_plan(folder)
    if read.value is None:
        return ended(read.diagnostics or [no_jobs(folder)], style)
    plan = read.value
    try:
        api = connected(target, style)
        require_namespace(api, plan)
        done = _cancel_superseded(api, plan) if superseded else _cancel_current(api, plan)
    except ClusterError as error:
        return ended([error.found], style)
    print(f"{plan.shown}: {done}")
    return ExitCode.OK


def _cancel_superseded(api: Api, plan: ClusterPlan) -> str:
    """Stop the Jobs of earlier versions of the plan."""
    planned = {stage.name for stage in plan.stages}
    jobs = _cancel(api, plan, lambda job: job.name not in planned)
    return f"cancelled {', '.join(f'`{job.name}`' for job in jobs)}" if jobs else "no Job of an earlier version works"


def _cancel_current(api: Api, plan: ClusterPlan) -> str:
    """Stop whatever of the plan works or is about to."""
    planned = {stage.name for stage in plan.stages}
    jobs = _cancel(api, plan, lambda job: (job.reports or job.name) in planned)
    stages = ", ".join(f"`{job.stage}`" for job in jobs)
    if jobs:
        return f"cancelled {stages}; `trainspec apply {plan.shown} --retry` lets it go on"
    others = superseded(plan, snapshot_of(api, plan))
    also = f" but Jobs of an earlier version: trainspec cancel {plan.shown} --superseded" if others else ""
    return f"nothing is under way{also}"


def _cancel(api: Api, plan: ClusterPlan, chosen: Callable[[JobView], bool]) -> list[JobView]:
    """Note that Jobs are cancelled, then delete them: an `apply` at the same moment must not start them again."""
    for _ in range(20):
        ledger = read_ledger(api, plan.name, plan.namespace)
        seen = snapshot_of(api, plan)
        known = {**ledger.records, **advance(plan, ledger, seen).records}
        jobs = [job for job in seen.of_plan(plan.name) if chosen(job) and not job.is_over]
        stopped = {job.reports or job.name: _stopped(job, known) for job in jobs}
        if not jobs or write(api, ledger, stopped) is not None:
            for job in jobs:
                path = workload_kind(job.kind).path(plan.namespace, job.name)
                act.delete(api, path, f"{job.kind} `{job.name}`", plan.shown)
            return jobs
    hint = "run the command again"
    raise ClusterError(problem("CLU602", f"others keep writing the ledger of `{plan.name}`", plan.shown, hint=hint))


def _stopped(job: JobView, known: Mapping[str, Record]) -> Record:
    """The record of a stage that is cancelled, by its Job or by the one that reports for it."""
    before = known.get(job.reports or job.name)
    uid = before.uid if before is not None and job.reports else job.uid
    starts = before.starts if before is not None else 1
    return Record(stage=job.stage, state=State.CANCELLED, uid=uid, kind=job.kind, starts=starts)
