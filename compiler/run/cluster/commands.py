"""`trainspec apply` and `status`: many plans at once."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from compiler.cli.exit_codes import ExitCode
from compiler.diagnostics import Diagnostic, has_errors
from compiler.pipeline.cache import open_cache
from compiler.run.cluster.api.client import Api, connected
from compiler.run.cluster.api.connect import Target
from compiler.run.cluster.api.errors import UNUSABLE, ClusterError, problem
from compiler.run.cluster.apply.apply import Namespaces, Standing, apply_plans
from compiler.run.cluster.apply.approve import (
    Approval,
    approvals,
    approved_alone,
    plan_folders,
    read_plan,
    without_jobs,
)
from compiler.run.cluster.apply.decide import End, advance
from compiler.run.cluster.show.course import is_going
from compiler.run.cluster.show.follow import follow
from compiler.run.cluster.show.look import Look
from compiler.run.cluster.show.rows import Row
from compiler.run.cluster.show.table import overview
from compiler.run.cluster.show.verdict import Failures, ended, verdict
from compiler.run.cluster.state.plan import ClusterPlan
from compiler.run.signals import terminable

_WIDTH = 1000  # of a status that is piped: enough for all that it says


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
    if (wanted.digest is not None or alone) and len(folders) > 1:
        message = f"a digest approves one plan, and {len(folders)} are given"
        found.append(problem("CLU608", message, str(paths[0]), hint="apply each plan with the digest of its own"))
    approved: list[Approval] = []
    checked = (approved_alone(each, alone) for each in folders) if alone else approvals(folders, wanted.digest)
    for approval in () if found else checked:
        found += approval.diagnostics
        if approval.files:
            approved.append(approval)
        elif not approval.diagnostics:
            print(without_jobs(approval.folder))
    if has_errors(found) or not approved:
        return ended(found, style)
    try:
        with terminable():
            return _applied(connected(target, style), approved, wanted, found, style)
    except ClusterError as error:
        return ended([*found, error.found], style)


def _applied(api: Api, approved: list[Approval], wanted: Wanted, found: list[Diagnostic], style: str) -> ExitCode:
    """Apply plan after plan: nothing of a plan is held once it is told, unless it is to be followed."""
    failures = Failures(api)
    followed: list[Standing] = []
    for standing in apply_plans(api, approved, retry=wanted.retry):
        if isinstance(standing, Diagnostic):
            found.append(standing)
            continue
        print(f"{standing.plan.shown}: {verdict(standing)}")
        if wanted.wait:
            followed.append(replace(standing, plan=replace(standing.plan, supports=())))
        else:
            found += failures.of(standing)
    if any(is_going(each) for each in followed):
        try:
            followed = follow(api, followed, Console())
        except (KeyboardInterrupt, SystemExit):
            api.say("no longer followed; what runs goes on, and the next call goes on from there")
            raise
        for standing in followed:
            print(f"{standing.plan.shown}: {verdict(standing)}")
    found += [each for standing in followed for each in failures.of(standing)]
    return ended(found, style)


def status(paths: list[Path], target: Target, *, as_json: bool, style: str) -> ExitCode:
    """Print where the plans under the paths stand in the cluster."""
    folders, found = plan_folders(paths)
    standings: list[tuple[ClusterPlan, End, list[Row]]] = []
    try:
        api = connected(target, style)
        looks, asked, cache = Namespaces(api, only_look=True), Look(api), open_cache()
        for folder in folders:
            read = read_plan(folder, cache)
            found += read.diagnostics
            if read.value is not None:
                standings += _standing(read.value, looks, asked, found)
            elif not read.diagnostics:
                api.say(without_jobs(folder))
    except ClusterError as error:
        found.append(error.found)
    if as_json:
        plans = [_as_dict(plan, end, made) for plan, end, made in standings]
        print(json.dumps({"schema": "trainspec.dev/status/v1", "plans": plans}, ensure_ascii=False, indent=2))
    else:
        # what is piped is read by programs, or in a log that scrolls sideways
        console = Console(width=None if Console().is_terminal else _WIDTH)
        for _, _, made in standings:
            console.print(overview(made))
    return ended(found, style)


def _standing(
    plan: ClusterPlan, looks: Namespaces, asked: Look, found: list[Diagnostic]
) -> Iterator[tuple[ClusterPlan, End, list[Row]]]:
    """Where a plan stands, and its rows; nothing where that cannot be told, which joins `found`: others can be."""
    try:
        seen = looks.seen(plan)
        ledger = seen.ledger(plan.name, plan.namespace)
    except ClusterError as error:
        if error.found.code in UNUSABLE:
            raise
        found += [error.found] if error.found not in found else []  # said once of a namespace
        return
    step = advance(plan, ledger, seen)
    asked.ask(plan.namespace, seen.of_plan(plan.name), seen)
    yield plan, step.end, list(asked.rows(Standing(plan=plan, ledger=ledger, step=step), seen))


def _as_dict(plan: ClusterPlan, end: End, made: list[Row]) -> dict[str, Any]:
    stages = [row.as_dict() for row in made]
    return {"plan": plan.name, "folder": plan.shown, "namespace": plan.namespace, "state": end.value, "stages": stages}
