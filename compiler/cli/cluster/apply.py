"""`trainspec apply`: plans go one stage further, and are followed where that is asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.live import Live

from compiler.cli.cluster.reporter import Reporter
from compiler.cli.exit_codes import ExitCode
from compiler.cli.signals import terminable
from compiler.diagnostics import Diagnostic, has_errors
from compiler.run.cluster.api.client import Api
from compiler.run.cluster.api.connect import Target
from compiler.run.cluster.api.errors import ClusterError
from compiler.run.cluster.apply.apply import Standing, apply_plans
from compiler.run.cluster.apply.approve import Approval, approve, without_jobs
from compiler.run.cluster.show.follow import Show, follow
from compiler.run.cluster.show.followed_plans import FollowedPlans
from compiler.run.cluster.show.rows import Row
from compiler.run.cluster.show.table import ChangedLines, screenful
from compiler.run.cluster.show.verdict import Failures, verdict

_MOST_LINES = 400  # that are left on a terminal at the end


@dataclass(frozen=True, kw_only=True, slots=True)
class ApplyOptions:
    """The options of `apply`: digests that were approved, whether to follow the plans, and to start failed stages."""

    digest: str | None = None
    files_digest: str | None = None
    wait: bool = False
    retry: bool = False


def apply(paths: list[Path], target: Target, options: ApplyOptions, style: str) -> ExitCode:
    """Apply the plans under the paths, and follow them where that is asked for."""
    reporter = Reporter(style=style)
    approved = approve(paths, digest=options.digest, files_digest=options.files_digest)
    for folder in approved.empty:
        print(without_jobs(folder))
    found = list(approved.diagnostics)
    if has_errors(found) or not approved.plans:
        return reporter.end(found)
    try:
        with terminable():
            for each in _applied(reporter.connect(target), approved.plans, options, reporter):
                found.append(each)
    except ClusterError as error:
        found.append(error.found)
    return reporter.end(found)


def _applied(
    api: Api, approved: tuple[Approval, ...], options: ApplyOptions, reporter: Reporter
) -> Iterator[Diagnostic]:
    """Apply plan after plan, and follow them; the diagnostics of those that were refused or cannot go on.

    Nothing of a plan is held once it is printed, unless it is to be followed.
    """
    failures = Failures(api)
    followed: list[Standing] = []
    for standing in apply_plans(api, approved, retry=options.retry):
        if isinstance(standing, Diagnostic):
            yield standing
            continue
        print(f"{standing.plan.shown}: {verdict(standing)}")
        if options.wait:
            followed.append(replace(standing, plan=replace(standing.plan, supports=())))
        else:
            yield from _failure(failures, standing, reporter)
    if any(each.is_going for each in followed):
        followed = _follow(api, followed, reporter)
        for standing in followed:
            print(f"{standing.plan.shown}: {verdict(standing)}")
    for standing in followed:
        yield from _failure(failures, standing, reporter)


def _failure(failures: Failures, standing: Standing, reporter: Reporter) -> tuple[Diagnostic, ...]:
    """The diagnostics of a plan's failure, whose details are written as notes."""
    failure = failures.of(standing)
    for line in failure.details:
        reporter.note(line)
    return failure.diagnostics


def _follow(api: Api, standings: list[Standing], reporter: Reporter) -> list[Standing]:
    try:
        with _screen(Console()) as show:
            return follow(api, standings, show)
    except (KeyboardInterrupt, SystemExit):
        reporter.note("no longer followed; what runs goes on, and the next call goes on from there")
        raise


@contextmanager
def _screen(console: Console) -> Iterator[Show]:
    """On a terminal a table that is drawn again and again, elsewhere a line for each change."""
    if not console.is_terminal:
        lines = ChangedLines()

        def print_lines(changed: list[Row], _: FollowedPlans) -> None:
            for line in lines.of(changed):
                console.print(line, markup=False, highlight=False, soft_wrap=True)

        yield print_lines
        return
    with Live(console=console, refresh_per_second=4) as live:
        yield lambda _, plans: live.update(screenful(plans.rows, _MOST_LINES if plans.are_over else console.height))
