"""The command itself, and the arguments and options that several of its commands take."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Optional

import typer

from compiler import __version__
from compiler.spec.discover import plan_folder

app = typer.Typer(
    name="trainspec",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    help=(
        "Decide what an LLM application needs, and render it as Kubernetes Jobs.\n\n"
        "A spec says what the business wants, what the data looks like and what was tried. trainspec checks it, "
        "decides by rules (collect badcases, improve the prompt, train, or done), and renders a plan that people "
        "review and CI applies.\n\n"
        "Start with:  trainspec init   then   trainspec explain specs/NAME"
    ),
    epilog=(
        "Exit codes: 0 ok, 1 errors in specs or stages, 2 usage, 3 internal, 4 cluster, 5 differences, "
        "130 interrupted, 143 terminated."
    ),
)


class Format(StrEnum):
    """How diagnostics are written."""

    TEXT = "text"
    CONCISE = "concise"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


Paths = Annotated[
    Optional[list[Path]],
    typer.Argument(help="Spec files, or folders to search for `spec.yaml`. [default: specs]", show_default=False),
]
FormatOption = Annotated[Format, typer.Option("--format", help="How diagnostics are written (to stderr).")]
Jobs = Annotated[
    Optional[int],
    typer.Option(min=1, help="Processes at most. [default: the cores that may be used]", show_default=False),
]
Kubeconfig = Annotated[
    Optional[Path],
    typer.Option(help="The kubeconfig to use. [default: as kubectl does]", show_default=False),
]
Context = Annotated[
    Optional[str], typer.Option(help="A context of the kubeconfig. [default: its current one]", show_default=False)
]
PlanFolder = Annotated[Path, typer.Argument(help="A plan folder, or its spec's.", callback=plan_folder)]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Neither use nor keep what earlier runs came to.")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"trainspec {__version__}")
        raise typer.Exit()


@app.callback()
def trainspec(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Holds the options of the whole command."""
