"""What people see of plans in a cluster: a table on a terminal, a line for each change without one."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from compiler.cluster.rows import Row

_COLUMNS = ("plan", "stage", "state", "pods", "step", "loss", "left", "score (95 %)", "why")
_RIGHT = {"step", "loss", "left"}


def table(found: Iterable[Row]) -> Table:
    """The table; columns that say nothing are left out."""
    cells = [_cells(row) for row in found]
    said = {name for index, name in enumerate(_COLUMNS) if any(row[index] for row in cells)}
    shown = [name for name in _COLUMNS if name in said]
    made = Table(title_justify="left")
    for name in shown:
        wraps = name == "why"
        made.add_column(name, justify="right" if name in _RIGHT else "left", no_wrap=not wraps, overflow="fold")
    for row in cells:
        made.add_row(*(row[_COLUMNS.index(name)] for name in shown))
    return made


def _cells(row: Row) -> tuple[str, ...]:
    step = f"{row.done}/{row.total}" if row.total else ""
    loss = "" if row.loss is None else f"{row.loss:.3f}"
    why = row.reason + (f" → {row.advice}" if row.advice else "")
    return (row.plan, row.stage, row.state, row.pods, step, loss, duration(row.seconds_left), row.score, why)


def duration(seconds: float | None) -> str:
    """Seconds as people read them."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


class Lines:
    """Without a terminal: a line when a stage's state or reason changes, and now and then while it trains."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told: dict[str, tuple[str, ...]] = {}

    def show(self, found: Sequence[Row]) -> None:
        """Say what changed."""
        for row in found:
            tenth = str(10 * row.done // row.total) if row.done is not None and row.total else ""
            key = (row.state, row.reason, tenth)
            if self._told.get(row.job) == key or (row.job not in self._told and row.state in ("waits", "finished")):
                continue
            self._told[row.job] = key
            told = [f"step {row.done}/{row.total}" if row.total else "", _loss(row), row.score, row.reason]
            text = f"{row.plan} {row.stage}: {row.state}" + "".join(f", {each}" for each in told if each)
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)
            if row.advice:
                self._console.print(f"  → {row.advice}", markup=False, highlight=False, soft_wrap=True)


def _loss(row: Row) -> str:
    return "" if row.loss is None else f"loss {row.loss:.3f}"
