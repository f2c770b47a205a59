"""`trainspec logs`, `cancel` and `collect --cluster`: commands on one plan in a cluster."""

from collections.abc import Callable, Mapping
from pathlib import Path

from compiler.cluster import act
from compiler.cluster.advance import advance
from compiler.cluster.api import Api
from compiler.cluster.apply import seen_of
from compiler.cluster.cluster_plan import ClusterPlan, read_cluster_plan
from compiler.cluster.connect import Target
from compiler.cluster.failure import readable
from compiler.cluster.kinds import POD, workload_kind
from compiler.cluster.ledger import Record, State, read_ledger, write
from compiler.cluster.problems import ApiError, ClusterError, problem
from compiler.cluster.refusals import refusal
from compiler.cluster.snapshot import Seen
from compiler.cluster.verdict import ended
from compiler.cluster.views import JobView, Phase
from compiler.credentials import masked
from compiler.diagnostics import Diagnostic
from compiler.exit_codes import ExitCode


def logs(folder: Path, target: Target, stage: str | None, *, keep_on: bool, raw: bool, style: str) -> ExitCode:
    """Print the log of a stage: of the one that is named, else of the one at which the plan stands."""
    read = read_cluster_plan(folder)
    if read.value is None:
        return ended(read.diagnostics or [_no_jobs(folder)], style)
    plan = read.value
    try:
        api = Api(target)
        seen = seen_of(api, plan)
        job = _named(plan, seen, stage)
        pod = (job.ending if job.phase is Phase.FAILED else None) or job.leading or job.pods[-1]
        path = f"{POD.path(plan.namespace, pod.name)}/log"
        for line in api.lines(path, {"container": pod.container, "follow": keep_on}):
            text = line.decode("utf-8", errors="replace")
            print(masked(text if raw else readable(text)), flush=True)
    except ApiError as error:
        return ended([refusal(error, "get", "pods/log", plan.shown)], style)
    except ClusterError as error:
        return ended([error.found], style)
    return ExitCode.OK


def _named(plan: ClusterPlan, seen: Seen, stage: str | None) -> JobView:
    names = {each.stage: each.job for each in plan.stages}
    if stage is not None and stage not in names:
        hint = f"name one of {', '.join(f'`{name}`' for name in names)}"
        raise ClusterError(problem("CLU616", f"the plan has no stage `{stage}`", plan.shown, hint=hint))
    chosen = [names[stage]] if stage is not None else [each.job for each in reversed(plan.stages)]
    job = next((seen.jobs[name] for name in chosen if name in seen.jobs and seen.jobs[name].pods), None)
    if job is None:
        what = f"stage `{stage}`" if stage else "the plan"
        hint = f"see where it stands: trainspec status {plan.shown}"
        raise ClusterError(problem("CLU616", f"no pod of {what} is there", plan.shown, hint=hint))
    return job


def collect(folder: Path, target: Target, style: str) -> ExitCode:
    """Write what the plan's evaluations found in the cluster as evidence beside the spec."""
    from compiler.cluster.collect import collect as collect_from

    try:
        return ended(collect_from(Api(target), folder), style)
    except ApiError as error:
        return ended([refusal(error, "get", "the ledger", str(folder))], style)
    except ClusterError as error:
        return ended([error.found], style)


def cancel(folder: Path, target: Target, *, superseded: bool, style: str) -> ExitCode:
    """Stop the stage that is under way, or the Jobs of earlier versions of the plan; checkpoints are kept."""
    read = read_cluster_plan(folder)
    if read.value is None:
        return ended(read.diagnostics or [_no_jobs(folder)], style)
    plan = read.value
    try:
        api = Api(target)
        done = _cancel_superseded(api, plan) if superseded else _cancel_current(api, plan)
    except ClusterError as error:
        return ended([error.found], style)
    print(f"{plan.shown}: {done}")
    return ExitCode.OK


def _cancel_superseded(api: Api, plan: ClusterPlan) -> str:
    """Stop the Jobs of earlier versions of the plan."""
    planned = {stage.job for stage in plan.stages}
    jobs = _cancel(api, plan, lambda job: job.name not in planned)
    return f"cancelled {', '.join(f'`{job.name}`' for job in jobs)}" if jobs else "no Job of an earlier version works"


def _cancel_current(api: Api, plan: ClusterPlan) -> str:
    """Stop whatever of the plan works or is about to."""
    planned = {stage.job for stage in plan.stages}
    jobs = _cancel(api, plan, lambda job: (job.reports or job.name) in planned)
    stages = ", ".join(f"`{job.stage}`" for job in jobs)
    return (
        f"cancelled {stages}; `trainspec apply {plan.shown} --retry` lets it go on" if jobs else "nothing is under way"
    )


def _cancel(api: Api, plan: ClusterPlan, chosen: Callable[[JobView], bool]) -> list[JobView]:
    """Note that Jobs are cancelled, then delete them: an `apply` at the same moment must not start them again."""
    for _ in range(20):
        ledger = read_ledger(api, plan.name, plan.namespace)
        seen = seen_of(api, plan)
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
    return Record(stage=job.stage, state=State.CANCELLED, uid=uid, starts=before.starts if before is not None else 1)


def _no_jobs(folder: Path) -> Diagnostic:
    hint = f"see {folder / 'PLAN.md'} for what to do first"
    return problem("CLU616", "this plan has no Jobs", str(folder), hint=hint)
