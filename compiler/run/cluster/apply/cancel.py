"""Stop the active Jobs of a plan; keep checkpoints, and record the cancellation."""

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
    """The stopped Jobs.

    If there are none, `superseded` are the active Jobs of earlier versions of the plan.
    """

    stopped: tuple[JobView, ...]
    superseded: tuple[JobView, ...] = ()


def cancel_superseded(api: Api, plan: ClusterPlan) -> Cancellation:
    """Stop the active Jobs of earlier versions of the plan."""
    planned = {stage.name for stage in plan.stages}
    return Cancellation(stopped=_stop(api, plan, lambda job: job.name not in planned))


def cancel_current(api: Api, plan: ClusterPlan) -> Cancellation:
    """Stop all active Jobs of the plan."""
    planned = {stage.name for stage in plan.stages}
    stopped = _stop(api, plan, lambda job: (job.reports or job.name) in planned)
    return Cancellation(stopped=stopped, superseded=() if stopped else superseded(plan, snapshot_of(api, plan)))


def _stop(api: Api, plan: ClusterPlan, chosen: Callable[[JobView], bool]) -> tuple[JobView, ...]:
    """Record Jobs as cancelled, then delete them.

    In this order, a concurrent `apply` does not start them again.
    """
    for _ in range(20):
        ledger = read_ledger(api, plan.name, plan.namespace)
        snapshot = snapshot_of(api, plan)
        known = {**ledger.records, **advance(plan, ledger, snapshot).records}
        jobs = tuple(job for job in snapshot.of_plan(plan.name) if chosen(job) and not job.is_over)
        stopped = {job.reports or job.name: _cancelled_record(job, known) for job in jobs}
        if not jobs or write(api, ledger, stopped) is not None:
            for job in jobs:
                path = workload_kind(job.kind).path(plan.namespace, job.name)
                delete(api, path, f"{job.kind} `{job.name}`", plan.shown)
            return jobs
    hint = "run the command again when fewer callers use this plan"
    raise ClusterError(
        problem("CLU602", f"other callers keep writing the ledger of `{plan.name}`", plan.shown, hint=hint)
    )


def _cancelled_record(job: JobView, known: Mapping[str, Record]) -> Record:
    """Return the record of a cancelled stage, from its Job or its report Job."""
    before = known.get(job.reports or job.name)
    uid = before.uid if before is not None and job.reports else job.uid
    starts = before.starts if before is not None else 1
    return Record(stage=job.stage, state=State.CANCELLED, uid=uid, kind=job.kind, starts=starts)
