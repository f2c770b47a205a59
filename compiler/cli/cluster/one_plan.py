"""`trainspec logs`, `cancel` and `collect --cluster`: commands on one plan in a cluster."""

import sys
from collections.abc import Callable
from pathlib import Path

from compiler.cli.cluster.reporter import Reporter
from compiler.cli.collect import print_collected
from compiler.cli.exit_codes import ExitCode
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
    """Print the log of a stage: of the one that is named, else of the one at which the plan stands. With `follow`, wait
    for its pod, and print until that ends.
    """

    def print_log(api: Api, plan: ClusterPlan) -> None:
        pod = pod_with_log(api, plan, stage, wait=follow, say=lambda line: print(line, file=sys.stderr))
        for line in log_lines(api, plan, pod, follow=follow, raw=raw):
            print(line, flush=True)

    return _on_plan(folder, target, style, print_log)


def cancel(folder: Path, target: Target, *, superseded: bool, style: str) -> ExitCode:
    """Stop the stage that is under way, or the Jobs of earlier versions of the plan; checkpoints are kept."""

    def stop(api: Api, plan: ClusterPlan) -> None:
        if superseded:
            done = _superseded_text(cancel_superseded(api, plan))
        else:
            done = _current_text(cancel_current(api, plan), plan)
        print(f"{plan.shown}: {done}")

    return _on_plan(folder, target, style, stop)


def collect(folder: Path, target: Target, style: str) -> ExitCode:
    """Write the results that a plan has in the cluster as evidence beside its spec."""
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
    """Run a command on the plan of a folder; the exit code of what was found."""
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
    return f"cancelled {names}" if names else "no Job of an earlier version works"


def _current_text(done: Cancellation, plan: ClusterPlan) -> str:
    if done.stopped:
        stages = ", ".join(f"`{job.stage}`" for job in done.stopped)
        return f"cancelled {stages}; `trainspec apply {plan.shown} --retry` lets it go on"
    also = f" but Jobs of an earlier version: trainspec cancel {plan.shown} --superseded" if done.superseded else ""
    return f"nothing is under way{also}"
