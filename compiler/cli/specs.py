"""Commands on specs: from a first one to a compiled one."""

from pathlib import Path
from typing import Annotated

import typer

from compiler.cli.options import Format, FormatOption, Jobs, NoCache, Paths, app


@app.command()
def check(
    paths: Paths = None,
    diagnostics: FormatOption = Format.TEXT,
    jobs: Jobs = None,
    no_cache: NoCache = False,
) -> None:
    """Check specs and everything that they refer to, without writing anything.

    All problems of all specs are told at once, each with its place, a code and a hint.
    """
    from compiler.cli.batch import check_specs

    raise typer.Exit(check_specs(paths or [Path("specs")], diagnostics, jobs=jobs, use_cache=not no_cache))


@app.command(name="compile")
def compile_(
    paths: Paths = None,
    check_only: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; exit 5 if a committed plan is not what its spec compiles to."),
    ] = False,
    diagnostics: FormatOption = Format.TEXT,
    jobs: Jobs = None,
    no_cache: NoCache = False,
) -> None:
    """Compile specs into the `plan` folder beside each, to be reviewed and committed.

    The same spec gives the same bytes. A plan folder is replaced as a whole or not at all.
    """
    from compiler.cli.batch import compile_specs

    chosen = paths or [Path("specs")]
    raise typer.Exit(compile_specs(chosen, diagnostics, check_only=check_only, jobs=jobs, use_cache=not no_cache))


@app.command()
def explain(
    subject: Annotated[
        str, typer.Argument(help="A spec (file or folder), a rule such as `M3`, or a diagnostic such as `SPC102`.")
    ],
) -> None:
    """Explain a spec's decision, a selection rule, or a diagnostic.

    For a spec: the phase, the rules that decided it with their evidence, and the alternatives with why not.
    """
    from compiler.cli.explain import explain_subject

    raise typer.Exit(explain_subject(subject))
