"""`trainspec data`: measure data sources, and print their cards."""

from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from compiler.cli.data_table import print_cards
from compiler.cli.exit_codes import ExitCode
from compiler.cli.options import SPECS
from compiler.cli.parser import refuse
from compiler.cli.report import report
from compiler.diagnostics import has_errors
from compiler.run.measure.update import MeasuredCard, MeasureRequest, measure_spec
from compiler.spec.discover import find_specs

DIFFERS = "CHK234"  # a committed card differs from its rows


def measure_data(given: Namespace) -> ExitCode:
    """Measure the sources of the specs under the paths; return 5 if `--check` finds a card that differs."""
    specs, found = find_specs(given.paths or [SPECS])
    if given.rows and (len(specs) != 1 or len(given.rows) != len(given.source)):
        refuse("`--from` needs exactly one spec, and one `--source` for each `--from`", "trainspec data")
    request = MeasureRequest.of_today(given.source, given.rows, given.models, check_only=given.check)
    cards: list[MeasuredCard] = []
    for spec in specs:
        with _row_counter() as count_row:
            measured = measure_spec(spec, request, count_row)
        found += measured.diagnostics
        cards += measured.cards
    report(found, given.format)
    if cards:
        print_cards(cards)
    elif specs and not has_errors(found):
        print("nothing to measure: the specs have no data sources")
    if has_errors(each for each in found if each.code != DIFFERS):
        return ExitCode.ERRORS
    return ExitCode.DIFFERENCES if any(each.code == DIFFERS for each in found) else ExitCode.OK


@contextmanager
def _row_counter() -> Iterator[Callable[[str], None]]:
    """Show the source and its rows so far, on a terminal only."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,} rows"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def count_row(source: str) -> None:
            if source in tasks:
                bar.advance(tasks[source])
            else:
                tasks[source] = bar.add_task(f"measuring `{source}`", total=None)

        yield count_row
