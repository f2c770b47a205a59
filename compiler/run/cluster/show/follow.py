"""Follows plans until nothing of them moves: a watch says what changed, each change may let the next stage start."""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live

from compiler.run.cluster.api.client import Api
from compiler.run.cluster.api.kinds import workload_key
from compiler.run.cluster.apply.apply import WORKERS, Standing, workloads_of
from compiler.run.cluster.show.course import Course
from compiler.run.cluster.show.rows import Row
from compiler.run.cluster.show.table import Lines, screenful
from compiler.run.cluster.state.snapshot import Watch

_TICK_SECONDS = 2.0
_PROGRESS_SECONDS = 5.0
_MOST_LINES = 400  # that are left on a terminal at the end
_Show = Callable[[list[Row], Course], None]


def follow(api: Api, standings: list[Standing], console: Console) -> list[Standing]:
    """Take step after step until each plan has ended; what is shown goes to the console."""
    watches = {namespace: Watch(api, namespace, tuple(sorted(kinds))) for namespace, kinds in _kinds(standings).items()}
    course = Course(api, standings)
    asked = 0.0
    try:
        with _screen(console) as show, ThreadPoolExecutor(WORKERS) as pool:
            while True:
                looks = {namespace: watch.snapshot() for namespace, watch in watches.items()}
                changed = course.take(looks, pool)
                if time.monotonic() - asked > _PROGRESS_SECONDS:
                    asked = time.monotonic()
                    changed += course.ask(looks)
                if changed:
                    show(changed, course)
                if course.is_over:
                    return course.standings
                next(iter(watches.values())).wait(_TICK_SECONDS)
    finally:
        for watch in watches.values():
            watch.close()


def _kinds(standings: Iterable[Standing]) -> dict[str, set[str]]:
    kinds: dict[str, set[str]] = {}
    for each in standings:
        begun = (workload_key(record.kind) for record in each.ledger.records.values() if record.is_begun)
        kinds.setdefault(each.plan.namespace, set()).update(workloads_of(each.plan), begun)
    return kinds


@contextmanager
def _screen(console: Console) -> Iterator[_Show]:
    if not console.is_terminal:
        lines = Lines(console)
        yield lambda changed, _: lines.show(changed)
        return
    with Live(console=console, refresh_per_second=4) as live:
        yield lambda _, course: live.update(screenful(course.rows, _MOST_LINES if course.is_over else console.height))
