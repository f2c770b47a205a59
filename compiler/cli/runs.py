"""Commands that run plans on this machine or in a cluster, and collect their results."""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from compiler.cli.exit_codes import ExitCode
from compiler.cli.extras import lacks_cluster_client
from compiler.cli.options import (
    CONTEXT,
    FORMAT,
    KUBECONFIG,
    MODELS,
    PLAN,
    PLAN_DIGEST,
    PLANS,
    command,
    flag,
    option,
)

if TYPE_CHECKING:
    from compiler.run.cluster.api.connect import Target


def run(given: Namespace) -> ExitCode:
    """Run a plan on this machine, stage by stage.

    Finished stages do not run again. A stopped stage resumes from its last
    checkpoint. A gate can end the run early.
    """
    from compiler.cli.run import run_plan

    return run_plan(given.plan, given.work, given.models)


def collect(given: Namespace) -> ExitCode:
    """Write the results of a plan as evidence next to its spec.

    The next compile decides from the evidence: continue, stop at the target, or
    fall back.
    """
    if not given.cluster:
        from compiler.cli.collect import collect_results

        return collect_results(given.plan, given.work, given.format)
    if lacks_cluster_client(given.format):
        return ExitCode.CLUSTER
    from compiler.cli.cluster.one_plan import collect as collect_from

    return collect_from(given.plan, _target(given), given.format)


def apply(given: Namespace) -> ExitCode:
    """Apply the next stage of each plan to a cluster.

    Safe to run at any time, and repeatedly. Refuses a plan that differs from what
    its spec compiles to. Tries every change as a dry run first. Finished stages
    do not run again, because a ledger in the cluster outlives the Jobs.
    """
    if lacks_cluster_client(given.format):
        return ExitCode.CLUSTER
    from compiler.cli.cluster.apply import ApplyOptions
    from compiler.cli.cluster.apply import apply as apply_plans

    options = ApplyOptions(
        digest=given.plan_digest, files_digest=given.files_digest, wait=given.wait, retry=given.retry
    )
    return apply_plans(given.plans, _target(given), options, given.format)


def status(given: Namespace) -> ExitCode:
    """Show the state of plans in a cluster.

    Shows stages, pods, steps and losses, and why a stage waits or failed.
    """
    if lacks_cluster_client(given.format):
        return ExitCode.CLUSTER
    from compiler.cli.cluster.status import status as show_status

    return show_status(given.plans, _target(given), as_json=given.output == "json", style=given.format)


def logs(given: Namespace) -> ExitCode:
    """Print the log of a stage in a cluster."""
    if lacks_cluster_client(given.format):
        return ExitCode.CLUSTER
    from compiler.cli.cluster.one_plan import logs as print_logs

    return print_logs(given.plan, _target(given), given.stage, follow=given.follow, raw=given.raw, style=given.format)


def cancel(given: Namespace) -> ExitCode:
    """Stop the Jobs of a plan in a cluster, and keep its checkpoints.

    `trainspec apply --retry` resumes from the checkpoints.
    """
    if lacks_cluster_client(given.format):
        return ExitCode.CLUSTER
    from compiler.cli.cluster.one_plan import cancel as cancel_plan

    return cancel_plan(given.plan, _target(given), superseded=given.superseded, style=given.format)


def _target(given: Namespace) -> "Target":
    """Return the cluster that the options name."""
    from compiler.run.cluster.api.connect import Target

    return Target(kubeconfig=given.kubeconfig, context=given.context)


WORK = option("--work", type=Path, metavar="DIR", help="folder for outputs and logs [default: .trainspec/NAME]")
FROM_CLUSTER = flag("--cluster", help="collect the results from a cluster")
FILES_DIGEST = option(
    "--files-digest",
    metavar="DIGEST",
    help="apply a plan folder without its spec, if its files have this digest (used by `trainspec driver`)",
)
WAIT = flag("--wait", help="wait until no plan can proceed")
RETRY = flag("--retry", help="restart a stage that failed, was cancelled, or lost its Job")
OUTPUT = option(
    "-o",
    "--output",
    choices=("table", "json"),
    default="table",
    metavar="OUTPUT",
    help="output format: `table`, or `json` for scripts [default: %(default)s]",
)
STAGE = option("stage", nargs="?", metavar="STAGE", help="stage of the plan [default: the last one that started]")
FOLLOW = flag("-f", "--follow", help="follow the log until the stage ends")
RAW = flag("--raw", help="print the log as the runtime writes it, one JSON object per line")
SUPERSEDED = flag("--superseded", help="stop the Jobs of earlier versions of the plan instead of the current one")
CLUSTER = (KUBECONFIG, CONTEXT, FORMAT)

COMMANDS = (
    command(run, PLAN, WORK, MODELS),
    command(collect, PLAN, WORK, FROM_CLUSTER, *CLUSTER),
    command(apply, PLANS, PLAN_DIGEST, FILES_DIGEST, WAIT, RETRY, *CLUSTER),
    command(status, PLANS, OUTPUT, *CLUSTER),
    command(logs, PLAN, STAGE, FOLLOW, RAW, *CLUSTER),
    command(cancel, PLAN, SUPERSEDED, *CLUSTER),
)
