"""The rows of the status table and of `--output json`: pure functions of the view of a plan."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from compiler.run.cluster.apply.decide import Action, End
from compiler.run.cluster.show.views import PlanView, StageView, SupersededView
from compiler.run.cluster.state.jobs import JobView, Phase
from compiler.run.cluster.state.ledger import State
from compiler.run.cluster.state.reasons import NO_POD, STARTING, advice, waiting_reason
from runtime.contract.outputs import verdict_words

_GATED_ENDS = (End.TARGET_MET, End.NO_GAIN, End.WORSE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """The status of a stage: its state in a word or two, with the reason and advice."""

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
        """Return the known fields for JSON output, with camel-case names."""
        known = {name: getattr(self, name) for name in self.__slots__}
        if self.seconds_left is not None:
            known["seconds_left"] = round(self.seconds_left)
        return {_camel(name): value for name, value in known.items() if value not in (None, "")}


def rows(view: PlanView) -> Iterator[Row]:
    """Yield a row for each stage of a plan, then one for each active Job of an earlier version."""
    for stage in view.stages:
        yield _row(stage)
    for each in view.superseded:
        yield _superseded_row(view, each)


def _row(view: StageView) -> Row:
    stage, record, at = view.stage, view.record, view.progress
    row = Row(plan=view.plan.name, namespace=view.plan.namespace, stage=stage.stage, job=stage.name, state="")
    if stage.finished:
        return replace(row, state="finished", reason="known at compile time")
    reason, what = _reason_and_advice(view)
    return replace(
        row,
        state=_state(view),
        pods=_pods(view.job),
        done=at.done,
        total=at.total,
        loss=at.loss,
        seconds_left=at.seconds_left,
        starts=record.starts if record is not None else 0,
        score=_score(view),
        reason=reason,
        advice=what,
    )


def _superseded_row(view: PlanView, other: SupersededView) -> Row:
    plan, job = view.plan, other.job
    waits = waiting_reason(job, other.events)
    reason = "belongs to an earlier version" + (", and the plan waits for it" if view.step.superseded else "")
    return Row(
        plan=plan.name,
        namespace=plan.namespace,
        stage=job.stage,
        job=job.name,
        state=f"superseded, {job.phase.value}",
        reason=f"{reason}; {waits}" if waits else reason,
        advice=f"wait until it ends, or stop it: trainspec cancel {plan.shown} --superseded",
    )


def _reason_and_advice(view: StageView) -> tuple[str, str]:
    """Return why a stage waits or failed, and what to do about it.

    Both are empty if it does neither.
    """
    if view.is_current and view.step.action is Action.REPORT:
        reason = "its Job has ended or is gone, and its result has not been read"
        return reason, f"read its result, if it has one: trainspec apply {view.plan.shown}"
    reason = view.record.reason if view.record is not None and view.has_failed else ""
    if view.job is not None and not view.job.is_over:
        reason = view.waiting
    if not reason and view.progress.phase and view.progress.done is None:
        reason = view.progress.phase
    return reason, _advice(view, reason)


def _advice(view: StageView, reason: str) -> str:
    job = view.job
    if view.record is not None and view.has_failed:
        failed = view.record.state is State.FAILED
        return view.remedy(reason) if failed else f"resume it from its last checkpoint: {view.place.retry}"
    if job is None or not reason:
        return ""
    stuck = job.phase is Phase.PENDING and reason not in (NO_POD, STARTING)
    held = job.is_suspended or (job.phase is Phase.QUEUED and "Deactivated" in reason)
    return advice(view.place, job, reason) if stuck or held else ""


def _state(view: StageView) -> str:
    record, job, step = view.record, view.job, view.step
    if record is not None and record.state is State.COMPLETE:
        stops = record.verdict in _GATED_ENDS
        return verdict_words(record.verdict) if stops else record.state.value
    if record is not None and not record.is_begun:
        return record.state.value
    if job is not None and not job.is_over:
        return job.phase.value
    if record is None:
        ended = step.end in _GATED_ENDS
        return "not needed" if ended else "waits"
    awaited = {Action.AWAIT: "reading its result", Action.REPORT: "result not read"}
    return awaited.get(step.action, record.state.value) if view.is_current else record.state.value


def _pods(job: JobView | None) -> str:
    if job is None or not job.pods:
        return ""
    phases = [pod.phase for pod in job.pods]
    return ", ".join(f"{phases.count(each)} {each.lower()}" for each in dict.fromkeys(phases))


def _score(view: StageView) -> str:
    """Return the line that the runtime writes when a stage ends, with its metrics or curves.

    An older runtime wrote none: then each metric with its interval, the deciding one first. Empty before the stage has
    a result.
    """
    if view.record is not None and view.record.result.get("score"):
        return str(view.record.result["score"])
    metrics = view.record.result.get("metrics") if view.record is not None else None
    if not isinstance(metrics, Mapping) or not metrics:
        return ""
    deciding = (view.stage.config.get("gate") or {}).get("metric")
    ordered = sorted(metrics.items(), key=lambda item: item[0] != deciding)
    return ", ".join(f"{name} {value['value']:.3f} ({value['low']:.3f}–{value['high']:.3f})" for name, value in ordered)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(each.capitalize() for each in rest)
