"""Views of the stages of a plan: Jobs, log progress, warnings, and queues."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from compiler.run.cluster.api.client import Api
from compiler.run.cluster.apply.apply import PlanState
from compiler.run.cluster.apply.decide import Step, superseded
from compiler.run.cluster.state.events import objects_of, warnings_in
from compiler.run.cluster.state.jobs import JobView, Phase
from compiler.run.cluster.state.kueue import kueue_reasons
from compiler.run.cluster.state.ledger import Record, State
from compiler.run.cluster.state.plan import ClusterPlan, PlannedStage
from compiler.run.cluster.state.progress import Progress, read_progress
from compiler.run.cluster.state.reasons import Place, advice, waiting_reason
from compiler.run.cluster.state.snapshot import Snapshot

MOST_LOGS = 50  # read at a time: nobody watches the progress of more Jobs
Event = tuple[str, str]  # reason and message


@dataclass(frozen=True, kw_only=True, slots=True)
class StageView:
    """A stage of a plan at one time; `step` is the plan's.

    `events` and `queued` explain why its Job waits.
    """

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
        """Whether the stage ended without the result that the next stage needs."""
        return self.record is not None and self.record.state in (State.FAILED, State.GONE, State.CANCELLED)

    @property
    def waiting(self) -> str:
        """Why its Job waits; empty without a Job, or if all its pods run."""
        return waiting_reason(self.job, self.events, self.queued) if self.job is not None else ""

    def remedy(self, reason: str) -> str:
        """Return what to do about a failure: the runtime's hint in the record, else `advice`."""
        hint = str(self.record.result.get("hint") or "") if self.record is not None else ""
        return hint or advice(self.place, self.job, reason)


@dataclass(frozen=True, kw_only=True, slots=True)
class SupersededView:
    """An active Job of an earlier version of a plan, with its events."""

    job: JobView
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanView:
    """A plan at one time."""

    plan: ClusterPlan
    step: Step
    stages: tuple[StageView, ...]
    superseded: tuple[SupersededView, ...]


class Observations:
    """Further information on Jobs from the API server, with few requests.

    The log progress of at most `MOST_LOGS` running Jobs at a time, the warnings about Jobs that have not begun, in one
    list a namespace, and the queues of queued Jobs.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._left = MOST_LOGS
        self._progress: dict[str, Progress] = {}
        self._warnings: dict[str, dict[str, list[Event]]] = {}
        self._queued: dict[str, dict[str, str]] = {}

    def observe(self, namespace: str, jobs: Iterable[JobView], snapshot: Snapshot) -> None:
        """Read what explains the state of `jobs`; `snapshot` has all Jobs of the namespace."""
        for job in jobs:
            if has_log(job) and self._left:
                self._left -= 1
                self.read_log(namespace, job)
            elif job.has_not_begun and namespace not in self._warnings:
                self.list_warnings(namespace)
            elif is_queued(job) and namespace not in self._queued:
                self.read_queues(namespace, [each for each in snapshot.jobs.values() if is_queued(each)])

    def read_log(self, namespace: str, job: JobView) -> bool:
        """Read the end of a Job's log; return whether its progress changed."""
        progress = read_progress(self._api, namespace, job)
        if progress is None or progress == self._progress.get(job.name):
            return False
        self._progress[job.name] = progress
        return True

    def list_warnings(self, namespace: str) -> set[str]:
        """List the warnings of a namespace; return the names of the objects whose warnings changed."""
        old, new = self._warnings.get(namespace, {}), warnings_in(self._api, namespace)
        self._warnings[namespace] = new
        return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}

    def read_queues(self, namespace: str, jobs: Sequence[JobView]) -> set[str]:
        """Read why queues hold Jobs back; return the names of the Jobs with a new reason."""
        old, new = self._queued.get(namespace, {}), kueue_reasons(self._api, namespace, jobs)
        self._queued[namespace] = new
        return {name for name in new if old.get(name) != new[name]}

    def view(self, state: PlanState, snapshot: Snapshot) -> PlanView | None:
        """Return the view of a plan; None if it has no step."""
        plan, step = state.plan, state.step
        if step is None:
            return None
        stages = tuple(self._stage(state, step, stage, snapshot.jobs.get(stage.name)) for stage in plan.stages)
        others = tuple(
            SupersededView(job=job, events=self._events(plan.namespace, job)) for job in superseded(plan, snapshot)
        )
        return PlanView(plan=plan, step=step, stages=stages, superseded=others)

    def _stage(self, state: PlanState, step: Step, stage: PlannedStage, job: JobView | None) -> StageView:
        plan = state.plan
        progress = self._progress.get(stage.name) if job is not None and has_log(job) else None
        return StageView(
            plan=plan,
            stage=stage,
            step=step,
            record=step.records.get(stage.name) or state.ledger.records.get(stage.name),
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
    """Return whether a Job runs, so that its log shows its progress."""
    return job.phase is Phase.RUNNING


def is_queued(job: JobView) -> bool:
    """Return whether a queue holds a Job back, and may give a reason."""
    return job.phase is Phase.QUEUED and bool(job.queue)
