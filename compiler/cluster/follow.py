"""Follows plans until nothing of them moves: a watch says what changed, each change may let the next stage start."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live

from compiler.cluster.advance import End
from compiler.cluster.api import Api
from compiler.cluster.apply import Standing, kinds_of, take_step
from compiler.cluster.failure import objects_of, warnings_of
from compiler.cluster.kueue import told_by_kueue
from compiler.cluster.problems import ClusterError
from compiler.cluster.progress import Progress, read_progress
from compiler.cluster.rows import Row, rows
from compiler.cluster.snapshot import Seen, Watch
from compiler.cluster.table import Lines, table
from compiler.cluster.views import JobView, Phase

_TICK_SECONDS = 2.0
_PROGRESS_SECONDS = 5.0
_MOST_LOGS = 20  # logs read at a time: a table is not worth more requests
GOING = (End.GOING, End.BLOCKED)


def follow(api: Api, standings: list[Standing], console: Console) -> list[Standing]:
    """Take step after step until each plan has ended; what is shown goes to the console."""
    watches = {
        namespace: Watch(api, namespace, tuple(sorted(kinds)))
        for namespace, (kinds, _) in kinds_of([each.plan for each in standings]).items()
    }
    look = Look(api)
    try:
        with _screen(console) as show:
            while True:
                seen = {namespace: watch.look() for namespace, watch in watches.items()}
                standings = [_stepped(api, each, seen[each.plan.namespace]) for each in standings]
                show([row for each in standings for row in look.rows(each, seen[each.plan.namespace])])
                if not any(is_going(each) for each in standings):
                    return standings
                next(iter(watches.values())).wait(_TICK_SECONDS)
    finally:
        for watch in watches.values():
            watch.close()


def is_going(standing: Standing) -> bool:
    """Whether anything can still come of a plan by waiting."""
    return not standing.problems and standing.step is not None and standing.step.end in GOING


def _stepped(api: Api, standing: Standing, seen: Seen) -> Standing:
    if not is_going(standing):
        return standing
    try:
        return take_step(api, standing, seen)
    except ClusterError as error:
        return Standing(plan=standing.plan, ledger=standing.ledger, step=standing.step, problems=(error.found,))


class Look:
    """Rows of plans, with what has to be asked for them (logs, events) asked now and then only."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._progress: dict[str, Progress] = {}
        self._queued: dict[str, str] = {}
        self._asked = 0.0
        self._events: dict[str, list[tuple[str, str]]] = {}

    def rows(self, standing: Standing, seen: Seen) -> Iterator[Row]:
        """The rows of a plan."""
        plan = standing.plan
        if standing.step is None:
            return iter(())
        self._refresh(plan.namespace, seen.of_plan(plan.name))
        return rows(
            plan,
            standing.ledger,
            seen,
            standing.step,
            self._progress,
            lambda job: self._warnings(plan.namespace, job),
            self._queued,
        )

    def _refresh(self, namespace: str, jobs: tuple[JobView, ...]) -> None:
        running = [job for job in jobs if job.phase is Phase.RUNNING]
        queued = [job for job in jobs if job.phase is Phase.QUEUED and job.queue]
        known = all(job.name in self._progress for job in running) and all(job.name in self._queued for job in queued)
        if time.monotonic() - self._asked < _PROGRESS_SECONDS and known:
            return
        self._asked = time.monotonic()
        self._queued |= told_by_kueue(self._api, namespace, queued)
        for job in running[:_MOST_LOGS]:
            progress = read_progress(self._api, namespace, job)
            if progress is not None:
                self._progress[job.name] = progress

    def _warnings(self, namespace: str, job: JobView) -> list[tuple[str, str]]:
        """Events of a Job without pods: they say why, such as a quota. Asked once for each view of the Job."""
        if time.monotonic() - self._asked > _PROGRESS_SECONDS or job.name not in self._events:
            names = objects_of(job)
            self._events[job.name] = [each for name in names for each in warnings_of(self._api, namespace, name)]
        return self._events[job.name]


@contextmanager
def _screen(console: Console) -> Iterator[Callable[[list[Row]], None]]:
    if not console.is_terminal:
        yield Lines(console).show
        return
    with Live(console=console, refresh_per_second=4) as live:
        yield lambda found: live.update(table(found))
