"""The rows of the status table, and of `--output json`: pure, from plan, ledger and what is seen."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from compiler.run.cluster.apply.decide import Action, End, Step, superseded
from compiler.run.cluster.state.jobs import JobView, Phase
from compiler.run.cluster.state.ledger import Ledger, Record, State
from compiler.run.cluster.state.plan import ClusterPlan, PlannedStage
from compiler.run.cluster.state.progress import Progress
from compiler.run.cluster.state.reasons import NO_POD, STARTING, Place, advice, waiting_reason
from compiler.run.cluster.state.snapshot import Snapshot

Events = Callable[[JobView], list[tuple[str, str]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One stage: `state` in a word or two, its pods as `phase × n`, progress, and why, with what to do about it."""

    plan: str
    namespace: str
    stage: str
    job: str
    state: str
    pods: str = ""
    done: int | None = None
    total: int | None = None
    loss: float | None = None
    seconds_left: float | None = None
    starts: int = 0
    score: str = ""
    reason: str = ""
    advice: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For scripts: names as in JSON of this project, and nothing that is unknown."""
        known = {name: getattr(self, name) for name in self.__slots__}
        if self.seconds_left is not None:
            known["seconds_left"] = round(self.seconds_left)
        return {_camel(name): value for name, value in known.items() if value not in (None, "")}


def rows(
    plan: ClusterPlan,
    ledger: Ledger,
    seen: Snapshot,
    step: Step,
    progress: Mapping[str, Progress],
    events: Events,
    queued: Mapping[str, str],
) -> Iterator[Row]:
    """A row for each stage of a plan; `progress`, and `queued`, what queues say, are by Job."""
    for stage in plan.stages:
        if stage.finished:
            yield replace(_named(plan, stage), state="finished", reason="known when compiled")
        else:
            record = step.records.get(stage.name) or ledger.records.get(stage.name)
            yield _row(plan, stage, record, seen, step, progress.get(stage.name), events, queued.get(stage.name, ""))
    for job in superseded(plan, seen):
        told = waiting_reason(job, events(job) if job.has_not_begun else ())
        reason = "is of an earlier version of the plan" + (", which waits for it" if step.superseded else "")
        reason += f"; {told}" if told else ""
        hint = f"wait until it ends, or end it: trainspec cancel {plan.shown} --superseded"
        state = f"superseded, {job.phase.value}"
        named = Row(plan=plan.name, namespace=plan.namespace, stage=job.stage, job=job.name, state=state)
        yield replace(named, reason=reason, advice=hint)


def _row(
    plan: ClusterPlan,
    stage: PlannedStage,
    record: Record | None,
    seen: Snapshot,
    step: Step,
    progress: Progress | None,
    events: Events,
    queued: str,
) -> Row:
    job = seen.jobs.get(stage.name)
    at = progress if progress is not None and job is not None and job.phase is Phase.RUNNING else Progress()
    state = _state(stage, record, job, step)
    failed = record is not None and record.state in (State.FAILED, State.GONE, State.CANCELLED)
    reason = record.reason if record is not None and failed else ""
    if job is not None and not job.is_over:
        reason = waiting_reason(job, events(job) if job.has_not_begun else (), queued)
    if not reason and at.phase and at.done is None:
        reason = at.phase
    place = Place(plan=plan.shown, stage=stage.stage)
    what = _advice(place, record, job, reason, failed=failed)
    if step.action is Action.REPORT and step.stage is stage:
        reason = "its Job has ended or is gone, and nobody has seen what it found"
        what = f"read its result, if there is one: trainspec apply {plan.shown}"
    return replace(
        _named(plan, stage),
        state=state,
        pods=_pods(job),
        done=at.done,
        total=at.total,
        loss=at.loss,
        seconds_left=at.seconds_left,
        starts=record.starts if record is not None else 0,
        score=_score(record, stage),
        reason=reason,
        advice=what,
    )


def _named(plan: ClusterPlan, stage: PlannedStage) -> Row:
    return Row(plan=plan.name, namespace=plan.namespace, stage=stage.stage, job=stage.name, state="")


def _advice(place: Place, record: Record | None, job: JobView | None, reason: str, *, failed: bool) -> str:
    if failed and record is not None:
        if record.state is State.FAILED:
            return str(record.result.get("hint") or "") or advice(place, job, reason)
        return f"let it go on from its last checkpoint: {place.retry}"
    if job is None or not reason:
        return ""
    stuck = job.phase is Phase.PENDING and reason not in (NO_POD, STARTING)
    held = job.is_suspended or (job.phase is Phase.QUEUED and "Deactivated" in reason)
    return advice(place, job, reason) if stuck or held else ""


def _state(stage: PlannedStage, record: Record | None, job: JobView | None, step: Step) -> str:
    if record is not None and record.state is State.COMPLETE:
        return {"target-met": "target met", "no-gain": "no gain"}.get(record.verdict, "complete")
    if record is not None and not record.is_begun:
        return record.state.value
    if job is not None and not job.is_over:
        return job.phase.value
    if record is None:
        ended = step.end in (End.TARGET_MET, End.NO_GAIN)
        return "not needed" if ended else "waits"
    awaited = {Action.AWAIT: "reading its result", Action.REPORT: "result not read"}
    return awaited.get(step.action, record.state.value) if step.stage is stage else record.state.value


def _pods(job: JobView | None) -> str:
    if job is None or not job.pods:
        return ""
    phases = [pod.phase for pod in job.pods]
    return ", ".join(f"{phases.count(each)} {each.lower()}" for each in dict.fromkeys(phases))


def _score(record: Record | None, stage: PlannedStage) -> str:
    """The metric that decides, with its interval, once a stage has measured it."""
    metrics = record.result.get("metrics") if record is not None else None
    if not isinstance(metrics, Mapping) or not metrics:
        return ""
    decides = (stage.config.get("gate") or {}).get("metric")
    name = decides if decides in metrics else next(iter(metrics))
    value = metrics[name]
    return f"{name} {value['value']:.3f} ({value['low']:.3f}–{value['high']:.3f})"


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(each.capitalize() for each in rest)
