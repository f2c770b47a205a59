"""Commands around specs: begin one, bring one up to date, measure its data, describe the language."""

from pathlib import Path
from typing import Annotated, Optional

import typer

from compiler.cli.options import Format, FormatOption, Paths, app


@app.command()
def init(
    name: Annotated[
        Optional[str], typer.Argument(help="Name of the spec: its folder in `specs`.", show_default=False)
    ] = None,
    application: Annotated[
        Optional[str], typer.Option(help="`agent`, `rag`, `workflow` or `tool-chain`.", show_default=False)
    ] = None,
    task: Annotated[
        Optional[str], typer.Option(help="What the system has to do, in any language.", show_default=False)
    ] = None,
    metric: Annotated[
        Optional[str], typer.Option(help="The metric that decides. [default: exact_match]", show_default=False)
    ] = None,
    target: Annotated[
        Optional[str], typer.Option(help="Its value at which the goal is met, 0 to 1.", show_default=False)
    ] = None,
    runs: Annotated[
        Optional[bool], typer.Option("--runs/--no-runs", help="Whether the system runs end to end.", show_default=False)
    ] = None,
    traces: Annotated[
        Optional[str], typer.Option(help="Where traces of the whole chain are; none are recorded otherwise.")
    ] = None,
    model: Annotated[Optional[str], typer.Option(help="Base model, as NAME/REVISION.", show_default=False)] = None,
    badcases: Annotated[Optional[Path], typer.Option(help="File of labelled badcases, to be copied.")] = None,
    evaluation: Annotated[Optional[Path], typer.Option(help="File of evaluation questions, to be copied.")] = None,
    profile: Annotated[Optional[str], typer.Option(help="Profile in `specs/clusters`. [default: the first]")] = None,
) -> None:
    """Write a first spec into `specs/NAME`: asks on a terminal, else takes flags.

    Also writes a cluster profile and the schemas for editors where there are none. Nothing is overwritten.
    """
    from compiler.cli.init.command import init_spec

    given = {
        "name": name,
        "application": application,
        "task": task,
        "metric": metric,
        "target": target,
        "runs": runs,
        "traces": traces,
        "model": model,
        "badcases": badcases,
        "evaluation": evaluation,
        "profile": profile,
    }
    raise typer.Exit(init_spec(given))


@app.command()
def data(
    paths: Paths = None,
    check_only: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 5 if a committed card is not what its rows measure.")
    ] = False,
    sources: Annotated[
        Optional[list[str]], typer.Option("--source", help="Only this source. May be repeated.", show_default=False)
    ] = None,
    rows: Annotated[
        Optional[list[Path]],
        typer.Option("--from", help="Where the rows of the remote `--source` are on this machine.", show_default=False),
    ] = None,
    models: Annotated[
        Optional[Path], typer.Option(help="Folder of base models. [default: the user's cache]", show_default=False)
    ] = None,
    diagnostics: FormatOption = Format.TEXT,
) -> None:
    """Measure the data sources of specs, and write a data card for each into `evidence`.

    Rows, lengths in tokens, duplicates, overlap of training and evaluation, languages, hints of personal data. A plan
    can then be made where a remote source is not.
    """
    from compiler.cli.report import report
    from compiler.run.measure.command import Wanted, measure_data

    wanted = Wanted.of(sources or [], rows or [], models, check_only=check_only)
    raise typer.Exit(measure_data(paths or [Path("specs")], wanted, lambda found: report(found, diagnostics)))


@app.command()
def schema(
    kind: Annotated[
        str,
        typer.Argument(help="`TrainingSpec`, `ClusterProfile`, `Evidence`, or one kind of it, as `PromptRounds`."),
    ] = "TrainingSpec",
) -> None:
    """Print the JSON Schema of a kind, for editors.

    With the YAML language server: `# yaml-language-server: $schema=training-spec.schema.json` as a spec's first line.
    """
    from compiler.cli.explain import print_schema

    raise typer.Exit(print_schema(kind))
