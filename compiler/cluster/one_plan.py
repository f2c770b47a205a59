"""`trainspec logs`, `cancel` and `collect --cluster`: commands on one plan in a cluster."""

from pathlib import Path

from compiler.cluster import act
from compiler.cluster.advance import End, advance
from compiler.cluster.api import Api
from compiler.cluster.apply import seen_of
from compiler.cluster.cluster_plan import ClusterPlan, read_cluster_plan
from compiler.cluster.connect import Target
from compiler.cluster.failure import readable
from compiler.cluster.kinds import POD, kind_of, workload_kind
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
    planned = {stage.job for stage in plan.stages}
    others = [job for job in seen_of(api, plan).of_plan(plan.name) if job.name not in planned and not job.is_over]
    for job in others:
        path = workload_kind(job.kind).path(plan.namespace, job.name)
        act.delete(api, path, f"{job.kind} `{job.name}`", plan.shown)
    return f"cancelled {', '.join(job.name for job in others)}" if others else "no Job of an earlier version works"


def _cancel_current(api: Api, plan: ClusterPlan) -> str:
    for _ in range(20):
        ledger = read_ledger(api, plan.name, plan.namespace)
        step = advance(plan, ledger, seen_of(api, plan))
        stage = step.stage
        record = step.records.get(stage.job) or ledger.records.get(stage.job) if stage is not None else None
        if stage is None or record is None or step.end is not End.GOING:
            return "nothing is under way"
        # noted before it is deleted: an `apply` at the same moment must not start it again
        stopped = Record(stage=record.stage, state=State.CANCELLED, uid=record.uid, starts=record.starts)
        if write(api, ledger, {**step.records, stage.job: stopped}) is not None:
            path = kind_of(stage.workload.data).path(plan.namespace, stage.job)
            act.delete(api, path, f"{stage.workload.kind} `{stage.job}`", plan.shown)
            return f"cancelled `{stage.stage}`; `trainspec apply {plan.shown} --retry` lets it go on"
    hint = "run the command again"
    raise ClusterError(problem("CLU602", f"others keep writing the ledger of `{plan.name}`", plan.shown, hint=hint))


def _no_jobs(folder: Path) -> Diagnostic:
    hint = f"see {folder / 'PLAN.md'} for what to do first"
    return problem("CLU616", "this plan has no Jobs", str(folder), hint=hint)
