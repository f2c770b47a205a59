"""What to do next for a plan: pure, from what is wanted, what was remembered, and what is there.

Called again and again, by any number of callers, it comes to the same step until the cluster has moved on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from compiler.run.cluster.state.jobs import REPORT_SUFFIX, JobView, Phase
from compiler.run.cluster.state.ledger import Ledger, Record, State
from compiler.run.cluster.state.plan import ClusterPlan, PlannedStage
from compiler.run.cluster.state.reasons import failure_reason
from compiler.run.cluster.state.snapshot import Snapshot
from runtime.contract.exit_codes import ExitCode as StageExit
from runtime.contract.outputs import WITH_RESULT

_NEEDS_RESULT = ("evaluate", "preflight")  # what follows, or the evidence, depends on what these found
_ENDED = (State.COMPLETE, State.FAILED, State.GONE)
_AGAIN = (State.FAILED, State.CANCELLED, State.GONE)


class End(StrEnum):
    """Where a plan stands after a step."""

    GOING = "going"  # a stage is being worked on, or about to be
    BLOCKED = "blocked"  # a Job of an earlier version of the plan has not ended
    COMPLETE = "complete"
    TARGET_MET = "target-met"
    NO_GAIN = "no-gain"
    FAILED = "failed"
    CANCELLED = "cancelled"
    GONE = "gone"


class Action(StrEnum):
    """What is done to the stage at which the plan stands."""

    NONE = "none"
    CREATE = "create"
    REPLACE = "replace"  # its ended Job is removed, and created again
    REPORT = "report"  # its Job is gone: a small one reads its result from the outputs volume
    AWAIT = "await"  # that one is at work


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What to write into the ledger, then what to do to `stage`; `superseded` are Jobs that block the plan."""

    end: End
    records: Mapping[str, Record]
    stage: PlannedStage | None = None
    action: Action = Action.NONE
    superseded: tuple[JobView, ...] = ()

    @property
    def suspicious(self) -> bool:
        """Whether it rests on a Job, or a pod's last words, not being there: a view that lags shows that too."""
        wordless = (record for record in self.records.values() if record.state in _ENDED and not record.result)
        return self.action is Action.REPORT or any(wordless)


def advance(plan: ClusterPlan, ledger: Ledger, seen: Snapshot, *, retry: bool = False) -> Step:
    """The next step of a plan. With `retry`, a stage that failed, was cancelled or is gone is started again."""
    records = {stage.name: _record(stage, ledger, seen) for stage in plan.pending}
    changed = {job: record for job, record in records.items() if record and record != ledger.records.get(job)}
    for stage in plan.pending:
        record = records[stage.name]
        ended = _ended(record)
        if ended is None:
            continue
        step = Step(end=ended, records=changed, stage=stage)
        if ended is not End.GOING:
            if not retry or record is None or record.state not in _AGAIN:
                return step
            others = superseded(plan, seen)
            if others:
                return replace(step, end=End.BLOCKED, superseded=others)
            return replace(step, end=End.GOING, action=Action.REPLACE)
        return _start(step, stage, record, plan, seen)
    return Step(end=End.COMPLETE, records=changed)


def _ended(record: Record | None) -> End | None:
    """Where a plan stands by this stage; None if the next one may start."""
    if record is None or record.is_begun:
        return End.GOING
    if record.state is not State.COMPLETE:
        return End(record.state.value)
    verdicts = {"target-met": End.TARGET_MET, "no-gain": End.NO_GAIN}
    return verdicts.get(record.verdict)


def _start(step: Step, stage: PlannedStage, record: Record | None, plan: ClusterPlan, seen: Snapshot) -> Step:
    job = seen.jobs.get(stage.name)
    if job is None and (record is None or record.state is State.CLAIMED):
        others = superseded(plan, seen)
        return replace(step, end=End.BLOCKED, superseded=others) if others else replace(step, action=Action.CREATE)
    if job is not None and record is not None and record.state is State.CLAIMED:
        return replace(step, action=Action.REPLACE)  # whoever claimed it was stopped before the old Job was gone
    lost = job is None or job.is_over  # it ended, and nobody has seen what it found
    if not lost:
        return step
    return replace(step, action=Action.AWAIT if stage.name + REPORT_SUFFIX in seen.jobs else Action.REPORT)


def superseded(plan: ClusterPlan, seen: Snapshot) -> tuple[JobView, ...]:
    """Jobs of earlier versions of the plan that still work: they hold its volume, and what they make is not used."""
    planned = {stage.name for stage in plan.stages}
    others = (each for each in seen.of_plan(plan.name) if each.name not in planned and not each.reports)
    return tuple(each for each in others if not each.is_over and each.phase is not Phase.DELETING)


def _record(stage: PlannedStage, ledger: Ledger, seen: Snapshot) -> Record | None:
    """The record of a stage, brought up to date with what its Job, or the one that reports for it, says."""
    known = ledger.records.get(stage.name)
    job = seen.jobs.get(stage.name)
    if job is None:
        report = seen.jobs.get(stage.name + REPORT_SUFFIX)
        if known is not None and known.state is State.CREATED and report is not None and report.is_over:
            return _told_by_report(known, report)
        return known
    settled = (*_AGAIN, State.CLAIMED)  # claimed with the uid of this Job: it is about to be replaced
    if known is not None and (known.state is State.COMPLETE or (known.uid == job.uid and known.state in settled)):
        return known
    restarted = known is not None and known.state in _AGAIN  # by hand, as we claim before we start
    starts = (known.starts if known else 1) + restarted
    record = Record(stage=stage.stage, state=State.CREATED, uid=job.uid, kind=job.kind, starts=starts)
    if not job.is_over:
        return record
    ended = _of_ended(record, job)
    report = seen.jobs.get(stage.name + REPORT_SUFFIX)
    lost = ended.state is State.COMPLETE and not ended.result and stage.method in _NEEDS_RESULT
    if lost or job.is_settling:
        # its pods went with their node, or are not seen to end: what it found still lies on the outputs volume
        return _told_by_report(record, report) if report is not None and report.is_over else record
    return ended


def _of_ended(record: Record, job: JobView) -> Record:
    passed = job.phase is Phase.COMPLETE or job.exit_code == StageExit.GATE_NOT_PASSED
    if passed:
        return replace(record, state=State.COMPLETE, result=job.message)
    return replace(record, state=State.FAILED, result=job.message, reason=failure_reason(job))


def _told_by_report(record: Record, report: JobView) -> Record:
    if report.message.get("status") in WITH_RESULT:
        return replace(record, state=State.COMPLETE, result=report.message)
    if report.exit_code in (None, StageExit.NO_INPUT) and report.phase is Phase.FAILED:
        return replace(record, state=State.GONE, reason="its Job was deleted before it had a result")
    why = report.message.get("message") or report.told or "its pod said nothing"
    return replace(record, state=State.GONE, reason=f"its Job is over, and its result could not be read: {why}")
