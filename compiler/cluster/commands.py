"""`trainspec apply`, `status`, `logs` and `cancel`: what they print, and the exit codes that they end with."""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from compiler.cluster import act
from compiler.cluster.advance import End, advance
from compiler.cluster.api import Api
from compiler.cluster.apply import Standing, apply_plans, kinds_of
from compiler.cluster.approve import approved, plan_folders
from compiler.cluster.cluster_plan import ClusterPlan, read_cluster_plan
from compiler.cluster.connect import Target
from compiler.cluster.failure import details, readable
from compiler.cluster.follow import Look, follow, is_going
from compiler.cluster.kinds import POD, kind_of
from compiler.cluster.ledger import Ledger, Record, State, read_ledger, write
from compiler.cluster.problems import ApiError, ClusterError, problem
from compiler.cluster.refusals import refusal
from compiler.cluster.snapshot import Seen, look
from compiler.cluster.table import overview
from compiler.cluster.views import JobView
from compiler.commands import report
from compiler.credentials import masked
from compiler.diagnostics import Diagnostic
from compiler.exit_codes import ExitCode

_OF_CLUSTER = ("CLU601", "CLU602", "CLU603", "CLU604", "CLU609")
_WIDTH = 160
_BAD_ENDS = (End.FAILED, End.CANCELLED, End.GONE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What the caller of `apply` asks for."""

    digest: str | None = None
    wait: bool = False
    retry: bool = False


def apply(paths: list[Path], target: Target, wanted: Wanted, style: str) -> ExitCode:
    """Apply the plans under the paths, and follow them where that is asked for."""
    folders, found = plan_folders(paths)
    if wanted.digest and len(folders) > 1:
        message = f"`--plan-digest` approves one plan, and {len(folders)} are given"
        found.append(problem("CLU608", message, str(paths[0]), hint="apply each plan with the digest of its own"))
    plans: list[ClusterPlan] = []
    for folder in () if found else folders:
        outcome = approved(folder, wanted.digest)
        found += outcome.diagnostics
        if outcome.value is not None:
            plans.append(outcome.value)
        elif not outcome.diagnostics:
            print(f"{folder}: this plan has no Jobs; see {folder / 'PLAN.md'} for what to do first")
    if any(each.severity == "error" for each in found) or not plans:
        return _ended(found, style)
    try:
        return _applied(Api(target), plans, wanted, found, style)
    except ClusterError as error:
        return _ended([*found, error.found], style)


def _applied(api: Api, plans: list[ClusterPlan], wanted: Wanted, found: list[Diagnostic], style: str) -> ExitCode:
    standings = []
    for standing in apply_plans(api, plans, retry=wanted.retry):
        standings.append(standing)
        print(f"{standing.plan.shown}: {_verdict(standing)}")
    if wanted.wait and any(is_going(each) for each in standings):
        standings = follow(api, standings, Console())
        for standing in standings:
            print(f"{standing.plan.shown}: {_verdict(standing)}")
    found += [each for standing in standings for each in (*standing.problems, *_failures(api, standing))]
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


def _failures(api: Api, standing: Standing) -> list[Diagnostic]:
    """CLU610, CLU611 or CLU615 for a plan that cannot go on, with what the cluster has to show of it on stderr."""
    step = standing.step
    if step is None or step.end not in _BAD_ENDS or step.stage is None or standing.problems:
        return []
    plan, stage = standing.plan, step.stage
    record = standing.ledger.records[stage.job]
    where = f"{plan.shown}/{stage.workload.file}"
    again = f"trainspec apply {plan.shown} --retry"
    if step.end is End.CANCELLED:
        return [problem("CLU615", f"`{stage.stage}` was cancelled", where, hint=f"start it again: {again}")]
    if step.end is End.GONE:
        message = f"the Job of `{stage.stage}` was deleted before it had a result"
        return [problem("CLU611", message, where, hint=f"let it go on from its last checkpoint: {again}")]
    job = next((each for each in _seen(api, plan).of_plan(plan.name) if each.name == stage.job), None)
    if job is not None:
        for line in details(api, plan.namespace, job):
            print(f"  {line}", file=sys.stderr)
    from compiler.cluster.reasons import advice

    hint = str(record.result.get("hint") or "") or advice(job, record.reason)
    return [problem("CLU610", f"`{stage.stage}` failed: {record.reason}", where, hint=hint)]


def status(paths: list[Path], target: Target, *, as_json: bool, style: str) -> ExitCode:
    """Print where the plans under the paths stand in the cluster."""
    plans, found = _plans(paths)
    if any(each.severity == "error" for each in found):
        return _ended(found, style)
    try:
        api = Api(target)
        seen = {name: _look(api, name, tuple(sorted(kinds))) for name, (kinds, _) in kinds_of(plans).items()}
        standings = [_standing(plan, seen[plan.namespace]) for plan in plans]
        looking = Look(api)
        made = [row for each in standings for row in looking.rows(each, seen[each.plan.namespace])]
    except ClusterError as error:
        return _ended([*found, error.found], style)
    if as_json:
        ends = {each.plan.name: each.step.end.value for each in standings if each.step is not None}
        document = [
            {"plan": name, "state": end, "stages": [row.as_dict() for row in made if row.plan == name]}
            for name, end in ends.items()
        ]
        print(json.dumps({"schema": "trainspec.dev/status/v1", "plans": document}, ensure_ascii=False, indent=2))
    elif made:
        console = Console()
        # what is piped is read by programs, or in a log that scrolls sideways
        console.print(overview(made), width=None if console.is_terminal else _WIDTH)
    return _ended(found, style)


def _standing(plan: ClusterPlan, seen: Seen) -> Standing:
    ledger = seen.ledgers.get(plan.name) or Ledger(plan=plan.name, namespace=plan.namespace)
    return Standing(plan=plan, ledger=ledger, step=advance(plan, ledger, seen))


def logs(folder: Path, target: Target, stage: str | None, *, keep_on: bool, raw: bool, style: str) -> ExitCode:
    """Print the log of a stage: of the one that is named, else of the one at which the plan stands."""
    read = read_cluster_plan(folder)
    if read.value is None:
        return _ended(read.diagnostics or [_no_jobs(folder)], style)
    plan = read.value
    try:
        api = Api(target)
        seen = _seen(api, plan)
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
    others = [job for job in _seen(api, plan).of_plan(plan.name) if job.name not in planned and not job.is_over]
    for job in others:
        kind = kind_of({"apiVersion": "batch/v1", "kind": "Job"})
        act.delete(api, kind.path(plan.namespace, job.name), f"Job `{job.name}`", plan.shown)
    return f"cancelled {', '.join(job.name for job in others)}" if others else "no Job of an earlier version works"


def _cancel_current(api: Api, plan: ClusterPlan) -> str:
    for _ in range(20):
        ledger = read_ledger(api, plan.name, plan.namespace)
        step = advance(plan, ledger, _seen(api, plan))
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


def _plans(paths: list[Path]) -> tuple[list[ClusterPlan], list[Diagnostic]]:
    folders, found = plan_folders(paths)
    plans = []
    for folder in folders:
        read = read_cluster_plan(folder)
        found += read.diagnostics
        plans += [read.value] if read.value is not None else []
    return plans, found


def _seen(api: Api, plan: ClusterPlan) -> Seen:
    (kinds, _) = kinds_of([plan])[plan.namespace]
    return _look(api, plan.namespace, tuple(sorted(kinds)), plan.name)


def _look(api: Api, namespace: str, kinds: tuple[str, ...], plan: str = "") -> Seen:
    try:
        return look(api, namespace, kinds, plan=plan)
    except ApiError as error:
        raise ClusterError(refusal(error, "list", f"namespace `{namespace}`", namespace)) from error


def _no_jobs(folder: Path) -> Diagnostic:
    hint = f"see {folder / 'PLAN.md'} for what to do first"
    return problem("CLU616", "this plan has no Jobs", str(folder), hint=hint)


def _ended(found: Iterable[Diagnostic], style: str) -> ExitCode:
    told = list(found)
    report(told, style)
    if any(each.code in _OF_CLUSTER for each in told):
        return ExitCode.CLUSTER
    return ExitCode.ERRORS if any(each.severity == "error" for each in told) else ExitCode.OK
