"""Commands that run plans, here or in a cluster, and bring their results back."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Optional

import typer

from compiler.cli.options import Context, Format, FormatOption, Kubeconfig, PlanFolder, app


@app.command()
def run(
    plan: PlanFolder,
    work: Annotated[
        Optional[Path], typer.Option(help="Folder for outputs and logs. [default: .trainspec/NAME]", show_default=False)
    ] = None,
    models: Annotated[
        Optional[Path], typer.Option(help="Folder of base models. [default: the user's cache]", show_default=False)
    ] = None,
) -> None:
    """Run a rendered plan on this machine: its own Jobs, one after the other, gate by gate.

    A stage that is done is not run again; one that was killed goes on from its last checkpoint.
    """
    from compiler.cli.run import run_plan

    raise typer.Exit(run_plan(plan, work, models))


@app.command()
def collect(
    plan: PlanFolder,
    work: Annotated[
        Optional[Path], typer.Option(help="Folder of the run. [default: .trainspec/NAME]", show_default=False)
    ] = None,
    cluster: Annotated[bool, typer.Option("--cluster", help="Bring the results back from a cluster instead.")] = False,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    diagnostics: FormatOption = Format.TEXT,
) -> None:
    """Write what the evaluations of a plan measured as evidence beside the spec.

    The next compile then decides what follows: go on, stop at the target, or fall back.
    """
    if cluster:
        from compiler.cli.cluster.one_plan import collect as collect_from
        from compiler.run.cluster.api.connect import Target

        raise typer.Exit(collect_from(plan, Target(kubeconfig=kubeconfig, context=context), diagnostics))
    from compiler.run.collect import collect_results

    raise typer.Exit(collect_results(plan, work, diagnostics))


@app.command()
def apply(
    plans: Annotated[list[Path], typer.Argument(help="Plan folders, specs' folders, or a folder of many specs.")],
    plan_digest: Annotated[
        Optional[str],
        typer.Option("--plan-digest", help="Refuse any plan but the approved one of this digest.", show_default=False),
    ] = None,
    files_digest: Annotated[
        Optional[str],
        typer.Option(
            "--files-digest",
            help="Apply a plan folder without its spec if its files have this digest, as `trainspec driver` has it.",
            show_default=False,
        ),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the plans until nothing of them moves.")] = False,
    retry: Annotated[
        bool,
        typer.Option("--retry", help="Start a stage again that failed, was cancelled, or lost its Job."),
    ] = False,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    diagnostics: FormatOption = Format.TEXT,
) -> None:
    """Apply plans to a cluster, each one stage further; call it at any moment, and as often as you like.

    A plan that is not what its spec compiles to is refused. Everything is tried as a dry run first. A stage that is
    done is not run again: a ledger in the cluster outlives the Jobs.
    """
    from compiler.cli.cluster.apply import ApplyOptions
    from compiler.cli.cluster.apply import apply as apply_plans
    from compiler.run.cluster.api.connect import Target

    options = ApplyOptions(digest=plan_digest, files_digest=files_digest, wait=wait, retry=retry)
    raise typer.Exit(apply_plans(plans, Target(kubeconfig=kubeconfig, context=context), options, diagnostics))


class Output(StrEnum):
    """How a status is written."""

    TABLE = "table"
    JSON = "json"


@app.command()
def status(
    plans: Annotated[list[Path], typer.Argument(help="Plan folders, specs' folders, or a folder of many specs.")],
    output: Annotated[Output, typer.Option("--output", "-o", help="A table, or JSON for scripts.")] = Output.TABLE,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    diagnostics: FormatOption = Format.TEXT,
) -> None:
    """Show where plans stand in a cluster: stages, pods, steps, losses, and why something waits or failed."""
    from compiler.cli.cluster.status import status as show_status
    from compiler.run.cluster.api.connect import Target

    target = Target(kubeconfig=kubeconfig, context=context)
    raise typer.Exit(show_status(plans, target, as_json=output is Output.JSON, style=diagnostics))


@app.command()
def logs(
    plan: PlanFolder,
    stage: Annotated[
        Optional[str], typer.Argument(help="A stage of it. [default: the last that has begun]", show_default=False)
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the stage ends.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Lines as the runtime writes them, one JSON object each.")] = False,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    diagnostics: FormatOption = Format.TEXT,
) -> None:
    """Print the log of a plan's stage in a cluster."""
    from compiler.cli.cluster.one_plan import logs as print_logs
    from compiler.run.cluster.api.connect import Target

    target = Target(kubeconfig=kubeconfig, context=context)
    raise typer.Exit(print_logs(plan, target, stage, follow=follow, raw=raw, style=diagnostics))


@app.command()
def cancel(
    plan: PlanFolder,
    superseded: Annotated[
        bool, typer.Option("--superseded", help="Stop the Jobs of earlier versions of the plan instead.")
    ] = False,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    diagnostics: FormatOption = Format.TEXT,
) -> None:
    """Stop what a plan does in a cluster. Checkpoints stay: `apply --retry` lets it go on."""
    from compiler.cli.cluster.one_plan import cancel as cancel_plan
    from compiler.run.cluster.api.connect import Target

    target = Target(kubeconfig=kubeconfig, context=context)
    raise typer.Exit(cancel_plan(plan, target, superseded=superseded, style=diagnostics))
