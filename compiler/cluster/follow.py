"""Follows plans until nothing of them moves: a watch says what changed, each change may let the next stage start."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live

from compiler.cluster.advance import End
from compiler.cluster.api import Api
from compiler.cluster.apply import Standing, kinds_of, take_step
from compiler.cluster.failure import warnings_of
from compiler.cluster.problems import ClusterError
from compiler.cluster.progress import Progress, read_progress
from compiler.cluster.rows import Row, rows
from compiler.cluster.snapshot import Seen, Watch
from compiler.cluster.table import Lines, overview
from compiler.cluster.views import JobView, Phase

_TICK_SECONDS = 2.0
_PROGRESS_SECONDS = 5.0
_MOST_LOGS = 20  # of a plan: a table is not worth more requests
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
    """Rows of plans, with what has to be asked for each Job (its log, its events) asked now and then only."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._asked: dict[str, float] = {}
        self._progress: dict[str, Progress] = {}
        self._events: dict[str, list[tuple[str, str]]] = {}

    def rows(self, standing: Standing, seen: Seen) -> Iterator[Row]:
        """The rows of a plan."""
        plan = standing.plan
        if standing.step is None:
            return iter(())
        for job in seen.of_plan(plan.name)[-_MOST_LOGS:]:
            if job.phase is Phase.RUNNING and self._is_due(job):
                progress = read_progress(self._api, plan.namespace, job)
                self._progress |= {job.name: progress} if progress is not None else {}
        return rows(
            plan, standing.ledger, seen, standing.step, self._progress, lambda job: self._warnings(plan.namespace, job)
        )

    def _warnings(self, namespace: str, job: JobView) -> list[tuple[str, str]]:
        """Events of a Job without pods: they say why, such as a quota."""
        if self._is_due(job):
            self._events[job.name] = warnings_of(self._api, namespace, job.name)
        return self._events.get(job.name, [])

    def _is_due(self, job: JobView) -> bool:
        """Whether it is time to ask about a Job; asking counts from now on."""
        now = time.monotonic()
        if now - self._asked.get(job.name, -_PROGRESS_SECONDS) < _PROGRESS_SECONDS:
            return False
        self._asked[job.name] = now
        return True


@contextmanager
def _screen(console: Console) -> Iterator[Callable[[list[Row]], None]]:
    if not console.is_terminal:
        yield Lines(console).show
        return
    with Live(console=console, refresh_per_second=4) as live:
        yield lambda found: live.update(overview(found))
