"""`trainspec logs`, `cancel` and `collect --cluster`: commands on one plan in a cluster."""

import shlex
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from compiler.cli.cluster.reporter import Reporter
from compiler.cli.collect import print_collected
from compiler.cli.exit_codes import ExitCode
from compiler.cli.signals import terminable
from compiler.run.cluster.api.client import Api
from compiler.run.cluster.api.connect import Target
from compiler.run.cluster.api.errors import ApiError, ClusterError, refusal
from compiler.run.cluster.apply.apply import require_namespace
from compiler.run.cluster.apply.approve import runnable_plan
from compiler.run.cluster.apply.cancel import Cancellation, cancel_current, cancel_superseded
from compiler.run.cluster.collect import collect as collect_from
from compiler.run.cluster.show.logs import log_lines, pod_with_log
from compiler.run.cluster.state.plan import ClusterPlan


def logs(folder: Path, target: Target, stage: str | None, *, follow: bool, raw: bool, style: str) -> ExitCode:
    """Print the log of the named stage, else of the current one.

    With `follow`, wait for its pod, and print until that ends.
    """

    def print_log(api: Api, plan: ClusterPlan) -> None:
        pod = pod_with_log(api, plan, stage, wait=follow, notify=lambda line: print(line, file=sys.stderr))
        for line in log_lines(api, plan, pod, follow=follow, raw=raw):
            print(line, flush=True)

    try:
        with terminable():
            return _on_plan(folder, target, style, print_log)
    except (KeyboardInterrupt, SystemExit):
        words = ["trainspec", "logs", str(folder), *([stage] if stage else []), *(["-f"] if follow else [])]
        again = shlex.join([*words, *target.options])
        with suppress(OSError):  # after SIGHUP there may be no terminal
            Reporter(style=style).note(f"stopped following; a running stage continues, to see more: {again}")
        raise


def cancel(folder: Path, target: Target, *, superseded: bool, style: str) -> ExitCode:
    """Stop the active Jobs of the plan, or of its earlier versions; checkpoints are kept."""

    def stop(api: Api, plan: ClusterPlan) -> None:
        if superseded:
            done = _superseded_text(cancel_superseded(api, plan))
        else:
            done = _current_text(cancel_current(api, plan), plan)
        print(f"{plan.shown}: {done}")

    return _on_plan(folder, target, style, stop)


def collect(folder: Path, target: Target, style: str) -> ExitCode:
    """Write the results of a plan in the cluster as evidence next to its spec."""
    reporter = Reporter(style=style)
    try:
        collected = collect_from(reporter.connect(target), folder)
    except ApiError as error:
        return reporter.end([refusal(error, "get", "the ledger", str(folder))])
    except ClusterError as error:
        return reporter.end([error.found])
    print_collected(collected)
    return reporter.end(collected.diagnostics)


def _on_plan(folder: Path, target: Target, style: str, command: Callable[[Api, ClusterPlan], None]) -> ExitCode:
    """Run a command on the plan of a folder; return the exit code."""
    reporter = Reporter(style=style)
    read = runnable_plan(folder)
    if read.value is None:
        return reporter.end(read.diagnostics)
    try:
        api = reporter.connect(target)
        require_namespace(api, read.value)
        command(api, read.value)
    except ClusterError as error:
        return reporter.end([error.found])
    return ExitCode.OK


def _superseded_text(done: Cancellation) -> str:
    names = ", ".join(f"`{job.name}`" for job in done.stopped)
    return f"cancelled {names}" if names else "no Job of an earlier version is active"


def _current_text(done: Cancellation, plan: ClusterPlan) -> str:
    if done.stopped:
        stages = ", ".join(f"`{job.stage}`" for job in done.stopped)
        return f"cancelled {stages}; to resume: trainspec apply {plan.shown} --retry"
    if done.superseded:
        return f"only Jobs of an earlier version are active; to stop them: trainspec cancel {plan.shown} --superseded"
    return "no Job is active"
