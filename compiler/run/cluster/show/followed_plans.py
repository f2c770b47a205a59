"""Plans that are followed: the next step of those of which something changed, and the rows that change with it."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice

from compiler.run.cluster.api.client import Api
from compiler.run.cluster.api.errors import ClusterError
from compiler.run.cluster.apply.apply import Standing, take_step
from compiler.run.cluster.show.rows import Row, rows
from compiler.run.cluster.show.views import MOST_LOGS, Observations, has_log, is_queued
from compiler.run.cluster.state.events import objects_of
from compiler.run.cluster.state.jobs import JobView
from compiler.run.cluster.state.snapshot import Snapshot

_Key = tuple[str, str]  # namespace and name of a plan


class FollowedPlans:
    """Where plans stand, and their rows. What is done at a time depends on what changed, not on how many there are."""

    def __init__(self, api: Api, standings: Iterable[Standing]) -> None:
        self._api = api
        self._observations = Observations(api)
        self._standings = {_key(each): each for each in standings}
        self._going = {key for key, each in self._standings.items() if each.is_going}
        self._fresh = set(self._standings)
        self._rows: dict[_Key, list[Row]] = {}
        self._logs: dict[str, tuple[_Key, JobView]] = {}  # Jobs with a log, the one that was read longest ago first
        self._waiting: dict[_Key, set[str]] = {}  # of Jobs that have not begun, the names that events about them have
        self._queued: dict[str, tuple[_Key, JobView]] = {}  # Jobs that a queue holds back

    @property
    def standings(self) -> list[Standing]:
        """Where all plans stand, in their order."""
        return list(self._standings.values())

    @property
    def are_over(self) -> bool:
        """Whether nothing of them moves any more."""
        return not self._going

    @property
    def rows(self) -> list[list[Row]]:
        """The rows of each plan, those that have not ended first."""
        ended = [key for key in self._rows if key not in self._going]
        return [self._rows[key] for key in (*(each for each in self._rows if each in self._going), *ended)]

    def take_steps(self, snapshots: Mapping[str, tuple[Snapshot, set[str]]], pool: ThreadPoolExecutor) -> list[Row]:
        """Take the next step of each plan of which something changed in its namespace; the rows of these."""
        seen = {namespace: each for namespace, (each, _) in snapshots.items()}
        due = self._fresh | {
            key
            for namespace, (_, plans) in snapshots.items()
            for plan in plans
            if (key := (namespace, plan)) in self._rows
        }
        self._fresh = set()
        stepping = sorted(due & self._going)
        for key, standing in zip(stepping, pool.map(lambda key: self._step(key, seen[key[0]]), stepping), strict=True):
            self._standings[key] = standing
            if not standing.is_going:
                self._going.discard(key)
        for key in due:
            self._note(key, seen[key[0]])
        return self._renewed(due, seen)

    def observe(self, snapshots: Mapping[str, tuple[Snapshot, set[str]]]) -> list[Row]:
        """Ask about some of the Jobs that run, and about those that have not begun or are in a queue; the rows of plans
        with news.
        """
        news: set[_Key] = set()
        for name in list(islice(self._logs, MOST_LOGS)):
            key, job = self._logs[name] = self._logs.pop(name)
            news |= {key} if self._observations.read_log(key[0], job) else set()
        for namespace in {key[0] for key in self._waiting}:
            new = self._observations.list_warnings(namespace)
            news |= {key for key, names in self._waiting.items() if key[0] == namespace and names & new}
        for namespace in {key[0] for key, _ in self._queued.values()}:
            held = [job for key, job in self._queued.values() if key[0] == namespace]
            news |= {self._queued[name][0] for name in self._observations.ask_queues(namespace, held)}
        return self._renewed(news, {namespace: each for namespace, (each, _) in snapshots.items()})

    def _step(self, key: _Key, seen: Snapshot) -> Standing:
        standing = self._standings[key]
        try:
            return take_step(self._api, standing, seen)
        except ClusterError as error:
            return replace(standing, problems=(error.found,))

    def _note(self, key: _Key, seen: Snapshot) -> None:
        """Note which Jobs of a plan there is something to ask about."""
        jobs = [job for stage in self._standings[key].plan.stages if (job := seen.jobs.get(stage.name)) is not None]
        self._waiting.pop(key, None)
        names = {name for job in jobs if job.has_not_begun for name in objects_of(job)}
        if names:
            self._waiting[key] = names
        for stage in self._standings[key].plan.stages:
            job = seen.jobs.get(stage.name)
            self._queued.pop(stage.name, None)
            if job is not None and is_queued(job):
                self._queued[stage.name] = (key, job)
            if job is None or not has_log(job):
                self._logs.pop(stage.name, None)
            else:
                self._logs[stage.name] = (key, job)

    def _renewed(self, keys: set[_Key], seen: Mapping[str, Snapshot]) -> list[Row]:
        for key in keys:
            view = self._observations.view(self._standings[key], seen[key[0]])
            self._rows[key] = list(rows(view)) if view is not None else []
        return [row for key in sorted(keys) for row in self._rows[key]]


def _key(standing: Standing) -> _Key:
    return (standing.plan.namespace, standing.plan.name)
