"""`trainspec apply`: take plans one stage further, and follow them with `--wait`."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
from compiler.run.cluster.apply.apply import PlanState, apply_plans
from compiler.run.cluster.apply.approve import Approval, approve, no_jobs_text
from compiler.run.cluster.show.follow import Show, follow
from compiler.run.cluster.show.followed_plans import FollowedPlans
from compiler.run.cluster.show.rows import Row
from compiler.run.cluster.show.table import ChangedLines, screenful
from compiler.run.cluster.show.verdict import Failures, verdict

_MOST_LINES = 400  # of the final table on a terminal


@dataclass(frozen=True, kw_only=True, slots=True)
class ApplyOptions:
    """The options of `apply`.

    `digest` and `files_digest` are approved digests. `wait` follows the plans to their end; `retry` starts failed
    stages again.
    """

    digest: str | None = None
    files_digest: str | None = None
    wait: bool = False
    retry: bool = False


def apply(paths: list[Path], target: Target, options: ApplyOptions, style: str) -> ExitCode:
    """Apply the plans under the paths, and follow them if `options.wait`."""
    reporter = Reporter(style=style)
    approved = approve(paths, digest=options.digest, files_digest=options.files_digest)
    for folder in approved.empty:
        print(no_jobs_text(folder))
    found = list(approved.diagnostics)
    if has_errors(found) or not approved.plans:
        return reporter.end(found)
    try:
        with terminable():
            for each in _applied(reporter.connect(target), approved.plans, options, reporter):
                found.append(each)
    except (KeyboardInterrupt, SystemExit):
        again = shlex.join(
            ["trainspec", "apply", *map(str, paths), *(["--wait"] if options.wait else []), *target.options]
        )
        with suppress(OSError):  # after SIGHUP there may be no terminal
            reporter.note(f"stopped; running stages continue, and the next call goes on from there: {again}")
        raise
    except ClusterError as error:
        found.append(error.found)
    return reporter.end(found)


def _applied(
    api: Api, approved: tuple[Approval, ...], options: ApplyOptions, reporter: Reporter
) -> Iterator[Diagnostic]:
    """Apply the plans, and yield the diagnostics of refused and failed ones.

    Memory keeps only plans that are followed.
    """
    failures = Failures(api)
    followed: list[PlanState] = []
    for state in apply_plans(api, approved, retry=options.retry):
        if isinstance(state, Diagnostic):
            yield state
            continue
        print(f"{state.plan.shown}: {verdict(state)}")
        if options.wait:
            followed.append(replace(state, plan=replace(state.plan, supports=())))
        else:
            yield from _failure(failures, state, reporter)
    if any(each.is_going for each in followed):
        with _screen(Console()) as show:
            followed = follow(api, followed, show)
        for state in followed:
            print(f"{state.plan.shown}: {verdict(state)}")
    for state in followed:
        yield from _failure(failures, state, reporter)


def _failure(failures: Failures, state: PlanState, reporter: Reporter) -> tuple[Diagnostic, ...]:
    """Return the diagnostics of a plan's failure, and write its details as notes."""
    failure = failures.of(state)
    for line in failure.details:
        reporter.note(line)
    return failure.diagnostics


@contextmanager
def _screen(console: Console) -> Iterator[Show]:
    """Show a live table on a terminal, or print a line for each change elsewhere."""
    if not console.is_terminal:
        lines = ChangedLines()

        def print_lines(changed: list[Row], _: FollowedPlans) -> None:
            for line in lines.of(changed):
                console.print(line, markup=False, highlight=False, soft_wrap=True)

        yield print_lines
        return
    with Live(console=console, refresh_per_second=4) as live:
        yield lambda _, plans: live.update(screenful(plans.rows, _MOST_LINES if plans.are_over else console.height))
