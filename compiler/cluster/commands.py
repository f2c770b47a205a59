"""`trainspec apply`, `status`, `logs` and `cancel`: what they print, and the exit codes that they end with."""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from compiler.cache import open_cache
from compiler.cluster import act
from compiler.cluster.advance import End, advance
from compiler.cluster.api import Api
from compiler.cluster.apply import Looks, Standing, apply_plans, seen_of
from compiler.cluster.approve import Approval, approvals, approved_alone, plan_folders, read_plan
from compiler.cluster.cluster_plan import ClusterPlan, read_cluster_plan
from compiler.cluster.connect import Target
from compiler.cluster.course import is_going
from compiler.cluster.failure import details, readable
from compiler.cluster.follow import follow
from compiler.cluster.kinds import POD, kind_of
from compiler.cluster.ledger import Record, State, read_ledger, write
from compiler.cluster.look import Look
from compiler.cluster.problems import ApiError, ClusterError, problem
from compiler.cluster.reasons import advice
from compiler.cluster.refusals import refusal
from compiler.cluster.rows import Row
from compiler.cluster.snapshot import Seen
from compiler.cluster.table import overview
from compiler.cluster.views import JobView
from compiler.commands import report
from compiler.credentials import masked
from compiler.diagnostics import Diagnostic
from compiler.exit_codes import ExitCode
from compiler.signals import terminable

_OF_CLUSTER = ("CLU601", "CLU602", "CLU603", "CLU604", "CLU609")
_WIDTH = 160
_MOST_DETAILS = 10  # failed plans of which events and logs are shown
_BAD_ENDS = (End.FAILED, End.CANCELLED, End.GONE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What the caller of `apply` asks for."""

    digest: str | None = None
    files_digest: str | None = None
    wait: bool = False
    retry: bool = False


def apply(paths: list[Path], target: Target, wanted: Wanted, style: str) -> ExitCode:
    """Apply the plans under the paths, and follow them where that is asked for."""
    folders, found = plan_folders(paths)
    alone = wanted.files_digest
    if (wanted.digest or alone) and len(folders) > 1:
        message = f"a digest approves one plan, and {len(folders)} are given"
        found.append(problem("CLU608", message, str(paths[0]), hint="apply each plan with the digest of its own"))
    approved: list[Approval] = []
    checked = (approved_alone(each, alone) for each in folders) if alone else approvals(folders, wanted.digest)
    for approval in () if found else checked:
        found += approval.diagnostics
        if approval.files:
            approved.append(approval)
        elif not approval.diagnostics:
            folder = approval.folder
            print(f"{folder}: this plan has no Jobs; see {folder / 'PLAN.md'} for what to do first")
    if any(each.severity == "error" for each in found) or not approved:
        return _ended(found, style)
    try:
        with terminable():
            return _applied(Api(target), approved, wanted, found, style)
    except ClusterError as error:
        return _ended([*found, error.found], style)


def _applied(api: Api, approved: list[Approval], wanted: Wanted, found: list[Diagnostic], style: str) -> ExitCode:
    """Apply plan after plan: nothing of a plan is held once it is told, unless it is to be followed."""
    failures = _Failures(api)
    followed: list[Standing] = []
    for standing in apply_plans(api, approved, retry=wanted.retry):
        print(f"{standing.plan.shown}: {_verdict(standing)}")
        if wanted.wait:
            followed.append(replace(standing, plan=replace(standing.plan, supports=())))
        else:
            found += failures.of(standing)
    if any(is_going(each) for each in followed):
        followed = follow(api, followed, Console())
        for standing in followed:
            print(f"{standing.plan.shown}: {_verdict(standing)}")
    found += [each for standing in followed for each in failures.of(standing)]
    return _ended(found, style)


def _verdict(standing: Standing) -> str:
    step = standing.step
    if standing.problems or step is None:
        return "refused"
    started = f"started {', '.join(standing.started)}; " if standing.started else ""
    stage = step.stage.stage if step.stage is not None else ""
    texts = {
        End.GOING: f"`{stage}` is under way",
        End.BLOCKED: "waits for a Job of an earlier version of this plan",
        End.COMPLETE: "complete, nothing to do",
        End.TARGET_MET: f"the target is met at `{stage}`, nothing more to do",
        End.NO_GAIN: f"stopped at `{stage}`: nothing was gained",
        End.FAILED: f"`{stage}` failed",
        End.CANCELLED: f"`{stage}` was cancelled",
        End.GONE: f"`{stage}` was deleted before it had a result",
    }
    return started + texts[step.end]


class _Failures:
    """What to say of plans that were refused or cannot go on; of the first ones with what the cluster has to show."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._left = _MOST_DETAILS

    def of(self, standing: Standing) -> list[Diagnostic]:
        """The problems of a plan, and CLU610, CLU611 or CLU615 where its stage has ended badly."""
        step = standing.step
        if step is None or step.end not in _BAD_ENDS or step.stage is None or standing.problems:
            return list(standing.problems)
        plan, stage = standing.plan, step.stage
        record = standing.ledger.records[stage.job]
        where = f"{plan.shown}/{stage.workload.file}"
        again = f"trainspec apply {plan.shown} --retry"
        if step.end is End.CANCELLED:
            return [problem("CLU615", f"`{stage.stage}` was cancelled", where, hint=f"start it again: {again}")]
        if step.end is End.GONE:
            message = f"the Job of `{stage.stage}` was deleted before it had a result"
            return [problem("CLU611", message, where, hint=f"let it go on from its last checkpoint: {again}")]
        job = self._shown(plan, stage.job)
        hint = str(record.result.get("hint") or "") or advice(job, record.reason)
        return [problem("CLU610", f"`{stage.stage}` failed: {record.reason}", where, hint=hint)]

    def _shown(self, plan: ClusterPlan, name: str) -> JobView | None:
        """Show events and the end of the log of a failed Job on stderr."""
        if not self._left:
            return None
        self._left -= 1
        job = seen_of(self._api, plan).jobs.get(name)
        for line in details(self._api, plan.namespace, job) if job is not None else ():
            print(f"  {line}", file=sys.stderr)
        return job


def status(paths: list[Path], target: Target, *, as_json: bool, style: str) -> ExitCode:
    """Print where the plans under the paths stand in the cluster."""
    folders, found = plan_folders(paths)
    ends: list[tuple[str, End, list[Row]]] = []
    try:
        api = Api(target)
        looks, asked, cache = Looks(api), Look(api), open_cache()
        for folder in folders:
            read = read_plan(folder, cache)
            found += read.diagnostics
            if read.value is not None and not found:
                ends.append(_standing(read.value, looks.seen(read.value), asked))
    except ClusterError as error:
        return _ended([*found, error.found], style)
    if any(each.severity == "error" for each in found):
        return _ended(found, style)
    if as_json:
        plans = [
            {"plan": name, "state": end.value, "stages": [row.as_dict() for row in made]} for name, end, made in ends
        ]
        print(json.dumps({"schema": "trainspec.dev/status/v1", "plans": plans}, ensure_ascii=False, indent=2))
    elif ends:
        console = Console()
        # what is piped is read by programs, or in a log that scrolls sideways
        for _, _, made in ends:
            console.print(overview(made), width=None if console.is_terminal else _WIDTH)
    return _ended(found, style)


def _standing(plan: ClusterPlan, seen: Seen, asked: Look) -> tuple[str, End, list[Row]]:
    """The name of a plan, where it stands, and its rows."""
    ledger = seen.ledger(plan.name, plan.namespace)
    step = advance(plan, ledger, seen)
    asked.ask(plan.namespace, seen.of_plan(plan.name))
    return plan.name, step.end, list(asked.rows(Standing(plan=plan, ledger=ledger, step=step), seen))


def logs(folder: Path, target: Target, stage: str | None, *, keep_on: bool, raw: bool, style: str) -> ExitCode:
    """Print the log of a stage: of the one that is named, else of the one at which the plan stands."""
    read = read_cluster_plan(folder)
    if read.value is None:
        return _ended(read.diagnostics or [_no_jobs(folder)], style)
    plan = read.value
    try:
        api = Api(target)
        seen = seen_of(api, plan)
        job = _named(plan, seen, stage)
        pod = job.pods[-1].name
        for line in api.lines(f"{POD.path(plan.namespace, pod)}/log", {"container": "stage", "follow": keep_on}):
            text = line.decode("utf-8", errors="replace")
            print(masked(text if raw else readable(text)), flush=True)
    except ApiError as error:
        return _ended([refusal(error, "get", "pods/log", plan.shown)], style)
    except ClusterError as error:
        return _ended([error.found], style)
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
        return _ended(collect_from(Api(target), folder), style)
    except ApiError as error:
        return _ended([refusal(error, "get", "the ledger", str(folder))], style)
    except ClusterError as error:
        return _ended([error.found], style)


def cancel(folder: Path, target: Target, *, superseded: bool, style: str) -> ExitCode:
    """Stop the stage that is under way, or the Jobs of earlier versions of the plan; checkpoints are kept."""
    read = read_cluster_plan(folder)
    if read.value is None:
        return _ended(read.diagnostics or [_no_jobs(folder)], style)
    plan = read.value
    try:
        api = Api(target)
        done = _cancel_superseded(api, plan) if superseded else _cancel_current(api, plan)
    except ClusterError as error:
        return _ended([error.found], style)
    print(f"{plan.shown}: {done}")
    return ExitCode.OK


def _cancel_superseded(api: Api, plan: ClusterPlan) -> str:
    planned = {stage.job for stage in plan.stages}
    others = [job for job in seen_of(api, plan).of_plan(plan.name) if job.name not in planned and not job.is_over]
    for job in others:
        kind = kind_of({"apiVersion": "batch/v1", "kind": "Job"})
        act.delete(api, kind.path(plan.namespace, job.name), f"Job `{job.name}`", plan.shown)
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


def _ended(found: Iterable[Diagnostic], style: str) -> ExitCode:
    told = list(found)
    report(told, style)
    if any(each.code in _OF_CLUSTER for each in told):
        return ExitCode.CLUSTER
    return ExitCode.ERRORS if any(each.severity == "error" for each in told) else ExitCode.OK
