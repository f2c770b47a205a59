"""Stops what a plan does in a cluster; checkpoints are kept, and the ledger remembers the cancellation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from compiler.run.cluster.api.client import Api
from compiler.run.cluster.api.errors import ClusterError, problem
from compiler.run.cluster.api.kinds import workload_kind
from compiler.run.cluster.apply.act import delete
from compiler.run.cluster.apply.apply import snapshot_of
from compiler.run.cluster.apply.decide import advance, superseded
from compiler.run.cluster.state.jobs import JobView
from compiler.run.cluster.state.ledger import Record, State, read_ledger, write
from compiler.run.cluster.state.plan import ClusterPlan


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancellation:
    """The Jobs that were stopped, and where there was none, those of earlier versions of the plan that still work."""

    stopped: tuple[JobView, ...]
    superseded: tuple[JobView, ...] = ()


def cancel_superseded(api: Api, plan: ClusterPlan) -> Cancellation:
    """Stop the Jobs of earlier versions of the plan."""
    planned = {stage.name for stage in plan.stages}
    return Cancellation(stopped=_stop(api, plan, lambda job: job.name not in planned))


def cancel_current(api: Api, plan: ClusterPlan) -> Cancellation:
    """Stop whatever of the plan works or is about to."""
    planned = {stage.name for stage in plan.stages}
    stopped = _stop(api, plan, lambda job: (job.reports or job.name) in planned)
    return Cancellation(stopped=stopped, superseded=() if stopped else superseded(plan, snapshot_of(api, plan)))


def _stop(api: Api, plan: ClusterPlan, chosen: Callable[[JobView], bool]) -> tuple[JobView, ...]:
    """Note that Jobs are cancelled, then delete them: an `apply` at the same moment must not start them again."""
    for _ in range(20):
        ledger = read_ledger(api, plan.name, plan.namespace)
        seen = snapshot_of(api, plan)
        known = {**ledger.records, **advance(plan, ledger, seen).records}
        jobs = tuple(job for job in seen.of_plan(plan.name) if chosen(job) and not job.is_over)
        stopped = {job.reports or job.name: _stopped(job, known) for job in jobs}
        if not jobs or write(api, ledger, stopped) is not None:
            for job in jobs:
                path = workload_kind(job.kind).path(plan.namespace, job.name)
                delete(api, path, f"{job.kind} `{job.name}`", plan.shown)
            return jobs
    hint = "run the command again"
    raise ClusterError(problem("CLU602", f"others keep writing the ledger of `{plan.name}`", plan.shown, hint=hint))


def _stopped(job: JobView, known: Mapping[str, Record]) -> Record:
    """The record of a stage that is cancelled, by its Job or by the one that reports for it."""
    before = known.get(job.reports or job.name)
    uid = before.uid if before is not None and job.reports else job.uid
    starts = before.starts if before is not None else 1
    return Record(stage=job.stage, state=State.CANCELLED, uid=uid, kind=job.kind, starts=starts)
