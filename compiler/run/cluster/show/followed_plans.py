"""The plans that `apply --wait` follows: their next steps, and their rows."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice

from compiler.run.cluster.api.client import Api
from compiler.run.cluster.api.errors import ClusterError
from compiler.run.cluster.apply.apply import PlanState, take_step
from compiler.run.cluster.show.rows import Row, rows
from compiler.run.cluster.show.views import MOST_LOGS, Observations, has_log, is_queued
from compiler.run.cluster.state.events import objects_of
from compiler.run.cluster.state.jobs import JobView
from compiler.run.cluster.state.snapshot import Snapshot

_Key = tuple[str, str]  # namespace and name of a plan


class FollowedPlans:
    """The states of plans, and their rows.

    The work of each call depends on the changes, not on the number of plans.
    """

    def __init__(self, api: Api, states: Iterable[PlanState]) -> None:
        self._api = api
        self._observations = Observations(api)
        self._states = {_key(each): each for each in states}
        self._going = {key for key, each in self._states.items() if each.is_going}
        self._fresh = set(self._states)
        self._rows: dict[_Key, list[Row]] = {}
        self._logs: dict[str, tuple[_Key, JobView]] = {}  # Jobs with a log, the least recently read first
        self._waiting: dict[_Key, set[str]] = {}  # the names in events about Jobs that have not begun
        self._queued: dict[str, tuple[_Key, JobView]] = {}  # Jobs that wait in a queue

    @property
    def states(self) -> list[PlanState]:
        """The states of all plans, in their order."""
        return list(self._states.values())

    @property
    def are_over(self) -> bool:
        """Whether all plans have ended."""
        return not self._going

    @property
    def rows(self) -> list[list[Row]]:
        """The rows of each plan; plans that have not ended come first."""
        ended = [key for key in self._rows if key not in self._going]
        return [self._rows[key] for key in (*(each for each in self._rows if each in self._going), *ended)]

    def take_steps(self, snapshots: Mapping[str, tuple[Snapshot, set[str]]], pool: ThreadPoolExecutor) -> list[Row]:
        """Take the next step of each plan that changed; return the rows of these plans."""
        current = {namespace: each for namespace, (each, _) in snapshots.items()}
        due = self._fresh | {
            key
            for namespace, (_, plans) in snapshots.items()
            for plan in plans
            if (key := (namespace, plan)) in self._rows
        }
        self._fresh = set()
        stepping = sorted(due & self._going)
        for key, state in zip(stepping, pool.map(lambda key: self._step(key, current[key[0]]), stepping), strict=True):
            self._states[key] = state
            if not state.is_going:
                self._going.discard(key)
        for key in due:
            self._sort_jobs(key, current[key[0]])
        return self._renewed(due, current)

    def observe(self, snapshots: Mapping[str, tuple[Snapshot, set[str]]]) -> list[Row]:
        """Read logs of some running Jobs, and the warnings and queues of those that wait.

        Return the rows of plans with new information.
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
            news |= {self._queued[name][0] for name in self._observations.read_queues(namespace, held)}
        return self._renewed(news, {namespace: each for namespace, (each, _) in snapshots.items()})

    def _step(self, key: _Key, snapshot: Snapshot) -> PlanState:
        state = self._states[key]
        try:
            return take_step(self._api, state, snapshot)
        except ClusterError as error:
            return replace(state, problems=(error.found,))

    def _sort_jobs(self, key: _Key, snapshot: Snapshot) -> None:
        """Record which Jobs of a plan have a log, wait to begin, or wait in a queue."""
        jobs = [job for stage in self._states[key].plan.stages if (job := snapshot.jobs.get(stage.name)) is not None]
        self._waiting.pop(key, None)
        names = {name for job in jobs if job.has_not_begun for name in objects_of(job)}
        if names:
            self._waiting[key] = names
        for stage in self._states[key].plan.stages:
            job = snapshot.jobs.get(stage.name)
            self._queued.pop(stage.name, None)
            if job is not None and is_queued(job):
                self._queued[stage.name] = (key, job)
            if job is None or not has_log(job):
                self._logs.pop(stage.name, None)
            else:
                self._logs[stage.name] = (key, job)

    def _renewed(self, keys: set[_Key], current: Mapping[str, Snapshot]) -> list[Row]:
        for key in keys:
            view = self._observations.view(self._states[key], current[key[0]])
            self._rows[key] = list(rows(view)) if view is not None else []
        return [row for key in sorted(keys) for row in self._rows[key]]


def _key(state: PlanState) -> _Key:
    return (state.plan.namespace, state.plan.name)
