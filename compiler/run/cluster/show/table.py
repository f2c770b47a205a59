"""Plans in a cluster for people: a live table, or one line for each change."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from compiler.diagnostics.wording import counted
from compiler.run.cluster.show.rows import Row

_FRAME = 5  # lines of a table that are not rows
_COLUMNS = ("stage", "state", "progress", "score (95 %)")


def overview(found: Iterable[Row], *, fold: bool = True) -> Group:
    """Return a table of stages for each plan; lines below it explain why stages wait or failed.

    The table fits the console; with `fold`, the lines do too.
    """
    parts: list[RenderableType] = []
    for (namespace, plan), of_plan in groupby(found, key=lambda row: (row.namespace, row.plan)):
        rows = list(of_plan)
        # rich would fold the title of a table to its width
        parts += [Text(f"{plan} (namespace {namespace})", style="bold", overflow="fold"), _table(rows)]
        parts += [_line(indent, line, fold=fold) for indent, line in _reasons(rows)]
    return Group(*parts)


def _line(indent: int, line: str, *, fold: bool) -> RenderableType:
    if fold:
        return Padding(Text(line, overflow="fold"), (0, 0, 0, indent), expand=False)
    return Text(" " * indent + line, overflow="ignore", no_wrap=True)


def screenful(plans: Sequence[list[Row]], height: int) -> Group:
    """Return the overview of the plans that fit on a screen, and the number of others.

    It has at least one plan.
    """
    parts: list[RenderableType] = []
    left = height - 1
    for rows in plans:
        left -= len(rows) + _FRAME + len(list(_reasons(rows)))
        if left < 0 and parts:
            parts.append(Text(f"and {counted(len(plans) - len(parts), 'more plan')}"))
            break
        parts.append(overview(rows))
    return Group(*parts)


def _table(rows: list[Row]) -> Table:
    cells = [_cells(row) for row in rows]
    filled = {name for index, name in enumerate(_COLUMNS) if any(row[index] for row in cells)}
    table = Table()
    for name in _COLUMNS:
        if name in filled:
            table.add_column(name, overflow="fold")
    for row in cells:
        table.add_row(*(Text(cell) for name, cell in zip(_COLUMNS, row, strict=True) if name in filled))
    return table


def _cells(row: Row) -> tuple[str, ...]:
    state = f"{row.state} ({row.pods})" if row.pods and "," in row.pods else row.state
    left = f"{duration(row.seconds_left)} left" if row.seconds_left else ""
    step = f"{row.done}/{row.total}" if row.total else ""
    ended = row.score or row.state in ("complete", "failed")
    progress = "" if ended else ", ".join(filter(None, (step, _loss(row), left)))
    return (row.stage, state, progress, row.score)


def _reasons(rows: Iterable[Row]) -> Iterator[tuple[int, str]]:
    """Yield the lines below a table, each with its indent.

    The terminal keeps the indent when it wraps a line.
    """
    for row in rows:
        if row.state != "finished" and (row.reason or row.advice):
            yield 2, f"{row.stage}: {row.reason or row.state}"
        if row.advice:
            yield 4, f"→ {row.advice}"


def duration(seconds: float | None) -> str:
    """Format seconds for people."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


class ChangedLines:
    """The lines to print for changes where there is no terminal.

    A change is a new state or reason, or another tenth of the training.
    """

    def __init__(self) -> None:
        self._shown: dict[str, tuple[str, ...]] = {}

    def of(self, found: Iterable[Row]) -> Iterator[str]:
        """Yield lines for the rows that differ from what was last shown."""
        for row in found:
            tenth = str(10 * row.done // row.total) if row.done is not None and row.total else ""
            key = (row.state, row.reason, tenth)
            if self._shown.get(row.job) == key or (row.job not in self._shown and row.state in ("waits", "finished")):
                continue
            self._shown[row.job] = key
            parts = [f"step {row.done}/{row.total}" if row.total else "", _loss(row), row.score, row.reason]
            yield f"{row.plan} {row.stage}: {row.state}" + "".join(f", {each}" for each in parts if each)
            if row.advice:
                yield f"  → {row.advice}"


def _loss(row: Row) -> str:
    return "" if row.loss is None else f"loss {row.loss:.3f}"
