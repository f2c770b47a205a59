"""Progress of a local run: a bar for the running stage, or plain lines without a terminal."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
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
LocalEvent = EventName | Literal["retry", "stopping"]  # the executor reports that it restarts or stops a stage
_SHOWN: set[LocalEvent] = {"step", "progress", "phase", "retry", "error"}


class Position:
    """Where a stage is, by its log events."""

    def __init__(self, stage: str) -> None:
        self._stage = stage
        self._phase, self._count, self._checkpoint = "", "", ""

    def note(self, event: Event) -> None:
        """Take the next event of the stage."""
        name: LocalEvent | None = event.get("event")
        match name:
            case "step":
                self._count = f"step {event.get('step')} of {event.get('max_steps')}"
            case "progress":
                self._count = f"{event.get('done')} of {event.get('total')} {event.get('unit') or 'questions'}"
            case "phase":
                self._phase, self._count = str(event.get("name")), ""
                self._checkpoint = str(event.get("resumed_from") or self._checkpoint)
            case "checkpoint":
                self._checkpoint = f"checkpoint-{event.get('step')}"
            case _:
                pass

    @property
    def words(self) -> str:
        """The stage, and how far it is: `sft`, at step 12 of 60."""
        at = f" at {self._count}" if self._count else f" in phase `{self._phase}`" if self._phase else " at its start"
        return f"`{self._stage}`{at}"

    @property
    def last_checkpoint(self) -> str:
        """The last checkpoint in words; empty without one."""
        return f" (last checkpoint: step {self._checkpoint.rpartition('-')[2]})" if self._checkpoint else ""


class StageDisplay:
    """Shows stages on stderr."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._position: Position | None = None

    @property
    def stopped(self) -> str:
        """Where the run stopped, in words."""
        at = self._position
        return f"stopped {at.words}{at.last_checkpoint}" if at is not None else "stopped between two stages"

    def say(self, line: str) -> None:
        """Write a line about a stage."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def watching(self, stage: str) -> AbstractContextManager[Watch]:
        """Show the log events of a stage while the block runs."""
        return self._watching(stage)

    @contextmanager
    def _watching(self, stage: str) -> Iterator[Watch]:
        position = self._position = Position(stage)
        with _watching(self._console, stage) as show:

            def watch(event: Event) -> None:
                position.note(event)
                if event.get("event") == "stopping":
                    with suppress(OSError):  # after SIGHUP there may be no terminal
                        self.say(f"stopping {position.words}, which may take a minute; Ctrl-C again ends it at once")
                elif event.get("event") == "warning":
                    self.say(f"  {stage}: warning: {event.get('message')}")
                else:
                    show(event)

            yield watch
        self._position = None


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
    """Turns a stage's log events into a line for each phase, and one every `PLAIN_SECONDS`."""

    def __init__(self, console: Console, stage: str) -> None:
        self._console, self._stage, self._last = console, stage, 0.0

    def __call__(self, event: Event) -> None:
        if event.get("event") not in _SHOWN:
            return
        done, total, note = _progress_of(event)
        due = time.monotonic() - self._last >= PLAIN_SECONDS
        if due or event.get("event") in ("phase", "error", "retry"):
            self._last = time.monotonic()
            count = f"{done}/{total} " if total else ""
            self._console.print(f"  {self._stage}: {count}{note}", markup=False, highlight=False)


def _progress_of(event: Event) -> tuple[int | None, int | None, str]:
    """Return done, total (None while unknown) and a note for a log event."""
    name: LocalEvent | None = event.get("event")
    match name:
        case "step":
            reward = f", reward {event['reward']:.3f}" if isinstance(event.get("reward"), float) else ""
            return event.get("step"), event.get("max_steps"), f"loss {event.get('loss', float('nan')):.3f}{reward}"
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
