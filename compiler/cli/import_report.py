"""`trainspec import`: import files, and print what they hold and what they lost."""

from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, JustifyMethod
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from compiler.cli.console import table_console
from compiler.cli.exit_codes import ExitCode
from compiler.cli.parser import refuse
from compiler.cli.report import exit_code, report
from compiler.cli.signals import terminable
from compiler.diagnostics import Location, diagnostic
from compiler.diagnostics.wording import counted

if TYPE_CHECKING:
    from compiler.run.imports.importing import Imported

_PLACE = 32  # characters of a place in the table; the diagnostics have the whole one
_PACKAGES = ("duckdb", "pyarrow")


def import_traces(given: Namespace) -> ExitCode:
    """Import the files; return 1 if one is damaged, or if no trace counts as evidence."""
    if given.tool and given.columns:
        refuse("`--columns` is for rows of no known tool: leave out `--tool`", "trainspec import")
    if missing := _missing_package():
        hint = "install it: pip install 'trainspec[traces]'"
        message = f"importing traces needs the package `{missing}`"
        report([diagnostic("CHK224", message, Location(path=str(given.to)), hint=hint)], given.format)
        return ExitCode.ERRORS
    from compiler.run.imports.importing import ImportRequest, import_files

    request = ImportRequest(
        paths=given.files, to=given.to, badcases=given.badcases, tool=given.tool, columns=given.columns or {}
    )
    with terminable(), _counter() as progress:
        made = import_files(request, progress)
    report(made.found, given.format)
    if made.written:
        for name in sorted(set(made.formats.values())):
            files = [path for path, held in made.formats.items() if held == name]
            print(f"read {counted(len(files), 'file')} of {name}: {files[0]}{' …' if len(files) > 1 else ''}")
        _print_losses(made)
        tally = made.tally
        print(f"{counted(tally.traces, 'trace')} with {counted(tally.steps, 'step')}: {given.to}")
        print(f"{tally.evidence:,} of {tally.traces:,} count as evidence")
        if given.badcases is not None:
            unfixed = f", {tally.unfixed:,} without a correction" if tally.unfixed else ""
            print(f"{counted(tally.badcases, 'badcase')}{unfixed}: {given.badcases}")
    return exit_code(made.found)


def _missing_package() -> str:
    from importlib.util import find_spec

    return next((name for name in _PACKAGES if find_spec(name) is None), "")


def _print_losses(made: "Imported") -> None:
    from compiler.run.imports.losses import CODES, WORDS

    counts = made.tally.in_order()
    if not counts:
        print("no losses found")
        return
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("code", "loss", "traces", "do not count", "first place"):
        is_place = name == "first place"  # in one piece, so that it can be copied
        justify: JustifyMethod = "right" if name in ("traces", "do not count") else "left"
        shown.add_column(name, justify=justify, overflow="fold", no_wrap=is_place)
    for each in counts:
        place = made.place(each.file, each.line)
        place = place if len(place) <= _PLACE else f"…{place[1 - _PLACE :]}"
        cells = (CODES[each.kind], WORDS[each.kind], f"{each.traces:,}", f"{each.refused:,}", place)
        shown.add_row(*map(Text, cells))
    table_console().print(shown)


@contextmanager
def _counter() -> Iterator[Callable[[str, int], None]]:
    """Show what is done and how many of it, on a terminal only."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def show(what: str, number: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=None)
            bar.update(tasks[what], completed=number)

        yield show
