"""Commands that print what is set up in a cluster beside plans."""

from pathlib import Path
from typing import Annotated, Optional

import typer

from compiler.cli.options import Format, FormatOption, PlanFolder, app


@app.command()
def access(
    profile: Annotated[Path, typer.Argument(help="A cluster profile, such as `specs/clusters/NAME.yaml`.")],
    ci: Annotated[
        Optional[list[str]],
        typer.Option(
            "--ci",
            metavar="SUBJECT",
            help="Who applies plans: `user:NAME`, `group:NAME` or `serviceaccount:NAMESPACE/NAME`. May be repeated. "
            "[default: a ServiceAccount that is made]",
            show_default=False,
        ),
    ] = None,
    readers: Annotated[
        Optional[list[str]],
        typer.Option("--reader", metavar="SUBJECT", help="Who may look at them. May be repeated.", show_default=False),
    ] = None,
    driver: Annotated[
        Optional[list[str]],
        typer.Option(
            "--driver",
            metavar="CIDR",
            help="Also set up what drivers of plans run as (`trainspec driver`); they may reach the API server in this "
            "network. May be repeated.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Print what an administrator sets up in the cluster for a profile, as YAML to review and apply.

    The namespace with the Pod Security Standard `restricted`, a network policy that denies everything, and a role with
    no more than it needs for what applies plans and for those who look at them.
    """
    from compiler.run.cluster.access import print_access

    raise typer.Exit(print_access(profile, ci or [], readers or [], driver or []))


@app.command()
def driver(
    plan: PlanFolder,
    plan_digest: Annotated[
        Optional[str],
        typer.Option("--plan-digest", help="Refuse any plan but the approved one of this digest.", show_default=False),
    ] = None,
    diagnostics: FormatOption = Format.TEXT,
) -> None:
    """Print a small Job that applies a plan from within the cluster and follows it to its end, as YAML to apply.

    Its account, role and network policy are set up once, by what `trainspec access --driver` prints.
    """
    from compiler.run.cluster.driver import print_driver

    raise typer.Exit(print_driver(plan, plan_digest, diagnostics))
