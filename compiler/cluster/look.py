"""Rows of plans, with what no list of Jobs tells: how far their logs are, and what the cluster warns of."""

from collections.abc import Iterable, Iterator

from compiler.cluster.api import Api
from compiler.cluster.apply import Standing
from compiler.cluster.failure import warnings_in
from compiler.cluster.progress import Progress, read_progress
from compiler.cluster.rows import Row, rows
from compiler.cluster.snapshot import Seen
from compiler.cluster.views import JobView, Phase

MOST_LOGS = 50  # that are read at a time: more progress than that nobody looks at


class Look:
    """What was asked about Jobs: of those that run the end of their logs, so many at a time, and of those that have no
    pods why, in one list for all of a namespace.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._left = MOST_LOGS
        self._progress: dict[str, Progress] = {}
        self._warned: dict[str, dict[str, list[tuple[str, str]]]] = {}

    def ask(self, namespace: str, jobs: Iterable[JobView]) -> None:
        """Ask about Jobs that somebody looks at once."""
        for job in jobs:
            if has_log(job) and self._left:
                self._left -= 1
                self.read(namespace, job)
            elif has_no_pods(job) and namespace not in self._warned:
                self.list_warnings(namespace)

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

    def rows(self, standing: Standing, seen: Seen) -> Iterator[Row]:
        """The rows of a plan."""
        plan = standing.plan
        if standing.step is None:
            return iter(())
        warned = self._warned.get(plan.namespace, {})
        return rows(plan, standing.ledger, seen, standing.step, self._progress, lambda job: warned.get(job.name, []))


def has_log(job: JobView) -> bool:
    """Whether a Job is at work, and its log says how far it is."""
    return job.phase is Phase.RUNNING


def has_no_pods(job: JobView) -> bool:
    """Whether a Job should have pods by now: a quota or an admission policy may be in the way."""
    return job.phase is Phase.PENDING and not job.pods
