"""Rows of plans, with what no list of Jobs tells: how far their logs are, and what the cluster warns of."""

from collections.abc import Iterable, Iterator, Sequence

from compiler.run.cluster.api.client import Api
from compiler.run.cluster.apply.apply import Standing
from compiler.run.cluster.show.rows import Row, rows
from compiler.run.cluster.state.events import objects_of, warnings_in
from compiler.run.cluster.state.jobs import JobView, Phase
from compiler.run.cluster.state.kueue import told_by_kueue
from compiler.run.cluster.state.progress import Progress, read_progress
from compiler.run.cluster.state.snapshot import Snapshot

MOST_LOGS = 50  # that are read at a time: more progress than that nobody looks at


class Look:
    """What was asked about Jobs: of those that run the end of their logs, so many at a time; of those that have not
    begun why, in one list for all of a namespace; and so of those that a queue holds back.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._left = MOST_LOGS
        self._progress: dict[str, Progress] = {}
        self._warned: dict[str, dict[str, list[tuple[str, str]]]] = {}
        self._queued: dict[str, dict[str, str]] = {}

    def ask(self, namespace: str, jobs: Iterable[JobView], seen: Snapshot) -> None:
        """Ask about Jobs that somebody looks at once, among those that are `seen` in the namespace."""
        for job in jobs:
            if has_log(job) and self._left:
                self._left -= 1
                self.read(namespace, job)
            elif job.has_not_begun and namespace not in self._warned:
                self.list_warnings(namespace)
            elif is_queued(job) and namespace not in self._queued:
                self.ask_queues(namespace, [each for each in seen.jobs.values() if is_queued(each)])

    def read(self, namespace: str, job: JobView) -> bool:
        """Read the end of a Job's log; whether it tells something new."""
        progress = read_progress(self._api, namespace, job)
        if progress is None or progress == self._progress.get(job.name):
            return False
        self._progress[job.name] = progress
        return True

    def list_warnings(self, namespace: str) -> set[str]:
        """List what the cluster warns of in a namespace; the names of the Jobs for which that is something new."""
        old, new = self._warned.get(namespace, {}), warnings_in(self._api, namespace)
        self._warned[namespace] = new
        return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}

    def ask_queues(self, namespace: str, jobs: Sequence[JobView]) -> set[str]:
        """Ask what queues say of the Jobs that they hold back; the names of those of which that is something new."""
        old, new = self._queued.get(namespace, {}), told_by_kueue(self._api, namespace, jobs)
        self._queued[namespace] = new
        return {name for name in new if old.get(name) != new[name]}

    def rows(self, standing: Standing, seen: Snapshot) -> Iterator[Row]:
        """The rows of a plan."""
        plan = standing.plan
        if standing.step is None:
            return iter(())
        queued = self._queued.get(plan.namespace, {})
        return rows(
            plan,
            standing.ledger,
            seen,
            standing.step,
            self._progress,
            lambda job: self._warnings(plan.namespace, job),
            queued,
        )

    def _warnings(self, namespace: str, job: JobView) -> list[tuple[str, str]]:
        warned = self._warned.get(namespace, {})
        return [each for name in objects_of(job) for each in warned.get(name, ())]


def has_log(job: JobView) -> bool:
    """Whether a Job is at work, and its log says how far it is."""
    return job.phase is Phase.RUNNING


def is_queued(job: JobView) -> bool:
    """Whether a queue holds a Job back, and may say why."""
    return job.phase is Phase.QUEUED and bool(job.queue)
