"""What is known of each stage of a plan: its Job, and what its log, the cluster's warnings and its queue say."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from compiler.run.cluster.api.client import Api
from compiler.run.cluster.apply.apply import Standing
from compiler.run.cluster.apply.decide import Step, superseded
from compiler.run.cluster.state.events import objects_of, warnings_in
from compiler.run.cluster.state.jobs import JobView, Phase
from compiler.run.cluster.state.kueue import kueue_reasons
from compiler.run.cluster.state.ledger import Record, State
from compiler.run.cluster.state.plan import ClusterPlan, PlannedStage
from compiler.run.cluster.state.progress import Progress, read_progress
from compiler.run.cluster.state.reasons import Place, advice, waiting_reason
from compiler.run.cluster.state.snapshot import Snapshot

MOST_LOGS = 50  # that are read at a time: nobody looks at more progress than that
Event = tuple[str, str]  # reason and message


@dataclass(frozen=True, kw_only=True, slots=True)
class StageView:
    """One stage of a plan at a moment; `step` is the plan's, `events` and `queued` explain why its Job waits."""

    plan: ClusterPlan
    stage: PlannedStage
    step: Step
    record: Record | None = None
    job: JobView | None = None
    progress: Progress = field(default_factory=Progress)
    events: tuple[Event, ...] = ()
    queued: str = ""

    @property
    def place(self) -> Place:
        """The stage as commands name it."""
        return Place(plan=self.plan.shown, stage=self.stage.stage)

    @property
    def is_current(self) -> bool:
        """Whether the plan's step is about this stage."""
        return self.step.stage is self.stage

    @property
    def has_failed(self) -> bool:
        """Whether it ended without the result that the next stage needs."""
        return self.record is not None and self.record.state in (State.FAILED, State.GONE, State.CANCELLED)

    @property
    def waiting(self) -> str:
        """Why its Job, which is not over, does nothing yet; empty where it has none, or all of it runs."""
        return waiting_reason(self.job, self.events, self.queued) if self.job is not None else ""

    def remedy(self, reason: str) -> str:
        """What to do about the reason of a failure: the runtime's own hint where it left one."""
        hint = str(self.record.result.get("hint") or "") if self.record is not None else ""
        return hint or advice(self.place, self.job, reason)


@dataclass(frozen=True, kw_only=True, slots=True)
class SupersededView:
    """A Job of an earlier version of a plan that still works, with its events."""

    job: JobView
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanView:
    """A plan at a moment."""

    plan: ClusterPlan
    step: Step
    stages: tuple[StageView, ...]
    superseded: tuple[SupersededView, ...]


class Observations:
    """What the API server was asked about Jobs beside their state: the end of their logs, of so many at a time; the
    warnings about those that have not begun, in one list a namespace; and the queues of those that are held back.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._left = MOST_LOGS
        self._progress: dict[str, Progress] = {}
        self._warnings: dict[str, dict[str, list[Event]]] = {}
        self._queued: dict[str, dict[str, str]] = {}

    def observe(self, namespace: str, jobs: Iterable[JobView], seen: Snapshot) -> None:
        """Ask about Jobs for one look at them; `seen` has all Jobs of the namespace."""
        for job in jobs:
            if has_log(job) and self._left:
                self._left -= 1
                self.read_log(namespace, job)
            elif job.has_not_begun and namespace not in self._warnings:
                self.list_warnings(namespace)
            elif is_queued(job) and namespace not in self._queued:
                self.ask_queues(namespace, [each for each in seen.jobs.values() if is_queued(each)])

    def read_log(self, namespace: str, job: JobView) -> bool:
        """Read the end of a Job's log; whether its progress is new."""
        progress = read_progress(self._api, namespace, job)
        if progress is None or progress == self._progress.get(job.name):
            return False
        self._progress[job.name] = progress
        return True

    def list_warnings(self, namespace: str) -> set[str]:
        """List the warnings of a namespace; the names of the objects that have new ones, or none any more."""
        old, new = self._warnings.get(namespace, {}), warnings_in(self._api, namespace)
        self._warnings[namespace] = new
        return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}

    def ask_queues(self, namespace: str, jobs: Sequence[JobView]) -> set[str]:
        """Ask queues about the Jobs that they hold back; the names of those with a new answer."""
        old, new = self._queued.get(namespace, {}), kueue_reasons(self._api, namespace, jobs)
        self._queued[namespace] = new
        return {name for name in new if old.get(name) != new[name]}

    def view(self, standing: Standing, seen: Snapshot) -> PlanView | None:
        """The view of a plan; None where no step could be taken."""
        plan, step = standing.plan, standing.step
        if step is None:
            return None
        stages = tuple(self._stage(standing, step, stage, seen.jobs.get(stage.name)) for stage in plan.stages)
        others = tuple(
            SupersededView(job=job, events=self._events(plan.namespace, job)) for job in superseded(plan, seen)
        )
        return PlanView(plan=plan, step=step, stages=stages, superseded=others)

    def _stage(self, standing: Standing, step: Step, stage: PlannedStage, job: JobView | None) -> StageView:
        plan = standing.plan
        progress = self._progress.get(stage.name) if job is not None and has_log(job) else None
        return StageView(
            plan=plan,
            stage=stage,
            step=step,
            record=step.records.get(stage.name) or standing.ledger.records.get(stage.name),
            job=job,
            progress=progress or Progress(),
            events=self._events(plan.namespace, job) if job is not None else (),
            queued=self._queued.get(plan.namespace, {}).get(stage.name, ""),
        )

    def _events(self, namespace: str, job: JobView) -> tuple[Event, ...]:
        if not job.has_not_begun:
            return ()
        warnings = self._warnings.get(namespace, {})
        return tuple(each for name in objects_of(job) for each in warnings.get(name, ()))


def has_log(job: JobView) -> bool:
    """Whether a Job is at work, and its log says how far it is."""
    return job.phase is Phase.RUNNING


def is_queued(job: JobView) -> bool:
    """Whether a queue holds a Job back, and may say why."""
    return job.phase is Phase.QUEUED and bool(job.queue)
