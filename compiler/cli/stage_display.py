"""Progress of a local run: a bar for the running stage, or plain lines without a terminal."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Literal

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from compiler.run.local.process import Event, Watch
from runtime.contract.events import EventName

PLAIN_SECONDS = 10.0
LocalEvent = EventName | Literal["retry"]  # the executor reports that it restarts a stage
_SHOWN: set[LocalEvent] = {"step", "progress", "phase", "retry", "error"}


class StageDisplay:
    """Shows stages on stderr."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)

    def say(self, line: str) -> None:
        """Write a line about a stage."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def watching(self, stage: str) -> AbstractContextManager[Watch]:
        """Show the log events of a stage while the block runs."""
        return _watching(self._console, stage)


class _Bar:
    """Turns a stage's log events into a progress bar."""

    def __init__(self, progress: Progress, stage: str) -> None:
        self._progress = progress
        self._task = progress.add_task(stage, total=None, note="starting")

    def __call__(self, event: Event) -> None:
        if event.get("event") in _SHOWN:
            done, total, note = _progress_of(event)
            self._progress.update(self._task, completed=done, total=total, note=note, refresh=False)


class _Lines:
    """Turns a stage's log events into a line every `PLAIN_SECONDS`."""

    def __init__(self, console: Console, stage: str) -> None:
        self._console, self._stage, self._last = console, stage, 0.0

    def __call__(self, event: Event) -> None:
        if event.get("event") not in _SHOWN:
            return
        done, total, note = _progress_of(event)
        due = time.monotonic() - self._last >= PLAIN_SECONDS or (total is not None and done == total)
        if due or event.get("event") in ("error", "retry"):
            self._last = time.monotonic()
            count = f"{done}/{total} " if total else ""
            self._console.print(f"  {self._stage}: {count}{note}", markup=False, highlight=False)


def _progress_of(event: Event) -> tuple[int | None, int | None, str]:
    """Return done, total (None while unknown) and a note for a log event."""
    name: LocalEvent | None = event.get("event")
    match name:
        case "step":
            return event.get("step"), event.get("max_steps"), f"loss {event.get('loss', float('nan')):.3f}"
        case "progress":
            return event.get("done"), event.get("total"), "questions"
        case "phase":
            return None, None, str(event.get("name"))
        case "retry":
            return None, None, f"exit code {event.get('exit_code')}, restarting"
        case _:
            return None, None, str(event.get("message"))


@contextmanager
def _watching(console: Console, stage: str) -> Iterator[_Bar | _Lines]:
    if not console.is_terminal:
        yield _Lines(console, stage)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bar(progress, stage)
