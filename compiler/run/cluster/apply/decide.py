"""Decide the next step of a plan from its ledger and a snapshot of the cluster.

The functions are pure. Any number of callers get the same step until the cluster changes.
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

_NEEDS_RESULT = ("evaluate", "preflight", "probe")  # the next stage, or the evidence, depends on their results
_ENDED = (State.COMPLETE, State.FAILED, State.GONE)
_AGAIN = (State.FAILED, State.CANCELLED, State.GONE)


class End(StrEnum):
    """The state of a plan after a step."""

    GOING = "going"  # a stage is active or about to start
    BLOCKED = "blocked"  # a Job of an earlier version of the plan has not ended
    COMPLETE = "complete"
    TARGET_MET = "target-met"
    NO_GAIN = "no-gain"
    WORSE = "worse"
    FAILED = "failed"
    CANCELLED = "cancelled"
    GONE = "gone"


class Action(StrEnum):
    """The action on the current stage of a plan."""

    NONE = "none"
    CREATE = "create"
    REPLACE = "replace"  # delete its ended Job, and create it again
    REPORT = "report"  # its Job is gone: create a report Job that reads its result from the outputs volume
    AWAIT = "await"  # the report Job is active


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """The records to write into the ledger, then the action on `stage`.

    `superseded` are the Jobs that block the plan.
    """

    end: End
    records: Mapping[str, Record]
    stage: PlannedStage | None = None
    action: Action = Action.NONE
    superseded: tuple[JobView, ...] = ()

    @property
    def suspicious(self) -> bool:
        """Whether a missing Job or termination message led to the step.

        An outdated view of the cluster shows the same.
        """
        no_result = (record for record in self.records.values() if record.state in _ENDED and not record.result)
        return self.action is Action.REPORT or any(no_result)


def advance(plan: ClusterPlan, ledger: Ledger, snapshot: Snapshot, *, retry: bool = False) -> Step:
    """Return the next step of a plan.

    With `retry`, start a failed, cancelled or gone stage again.
    """
    records = {stage.name: _record(stage, ledger, snapshot) for stage in plan.pending}
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
            others = superseded(plan, snapshot)
            if others:
                return replace(step, end=End.BLOCKED, superseded=others)
            return replace(step, end=End.GOING, action=Action.REPLACE)
        return _start(step, stage, record, plan, snapshot)
    return Step(end=End.COMPLETE, records=changed)


def _ended(record: Record | None) -> End | None:
    """Return the state of a plan according to one stage; None if the next stage may start."""
    if record is None or record.is_begun:
        return End.GOING
    if record.state is not State.COMPLETE:
        return End(record.state.value)
    verdicts = {"target-met": End.TARGET_MET, "no-gain": End.NO_GAIN, "worse": End.WORSE}
    return verdicts.get(record.verdict)


def _start(step: Step, stage: PlannedStage, record: Record | None, plan: ClusterPlan, snapshot: Snapshot) -> Step:
    job = snapshot.jobs.get(stage.name)
    if job is None and (record is None or record.state is State.CLAIMED):
        others = superseded(plan, snapshot)
        return replace(step, end=End.BLOCKED, superseded=others) if others else replace(step, action=Action.CREATE)
    if job is not None and record is not None and record.state is State.CLAIMED:
        return replace(step, action=Action.REPLACE)  # its claimant stopped before the old Job was gone
    lost = job is None or job.is_over  # it ended before any caller read its result
    if not lost:
        return step
    return replace(step, action=Action.AWAIT if stage.name + REPORT_SUFFIX in snapshot.jobs else Action.REPORT)


def superseded(plan: ClusterPlan, snapshot: Snapshot) -> tuple[JobView, ...]:
    """Return the active Jobs of earlier versions of the plan.

    They write to its volume, and nothing uses their results.
    """
    planned = {stage.name for stage in plan.stages}
    others = (each for each in snapshot.of_plan(plan.name) if each.name not in planned and not each.reports)
    return tuple(each for each in others if not each.is_over and each.phase is not Phase.DELETING)


def _record(stage: PlannedStage, ledger: Ledger, snapshot: Snapshot) -> Record | None:
    """Return the record of a stage, updated from its Job or its report Job."""
    known = ledger.records.get(stage.name)
    job = snapshot.jobs.get(stage.name)
    if job is None:
        report = snapshot.jobs.get(stage.name + REPORT_SUFFIX)
        if known is not None and known.state is State.CREATED and report is not None and report.is_over:
            return _reported_record(known, report)
        return known
    settled = (*_AGAIN, State.CLAIMED)  # claimed with the uid of this Job: a replacement is about to start
    if known is not None and (known.state is State.COMPLETE or (known.uid == job.uid and known.state in settled)):
        return known
    # another tool started it again: `apply` claims a stage first
    restarted = known is not None and known.state in _AGAIN
    starts = (known.starts if known else 1) + restarted
    record = Record(stage=stage.stage, state=State.CREATED, uid=job.uid, kind=job.kind, starts=starts)
    if not job.is_over:
        return record
    ended = _ended_record(record, job)
    report = snapshot.jobs.get(stage.name + REPORT_SUFFIX)
    lost = ended.state is State.COMPLETE and not ended.result and stage.method in _NEEDS_RESULT
    if lost or job.is_settling:
        # its pods disappeared with their node, or their end is not visible yet: the outputs volume has the result
        return _reported_record(record, report) if report is not None and report.is_over else record
    return ended


def _ended_record(record: Record, job: JobView) -> Record:
    passed = job.phase is Phase.COMPLETE or job.exit_code == StageExit.GATE_NOT_PASSED
    if passed:
        return replace(record, state=State.COMPLETE, result=job.message)
    return replace(record, state=State.FAILED, result=job.message, reason=failure_reason(job))


def _reported_record(record: Record, report: JobView) -> Record:
    if report.message.get("status") in WITH_RESULT:
        return replace(record, state=State.COMPLETE, result=report.message)
    if report.exit_code in (None, StageExit.NO_INPUT) and report.phase is Phase.FAILED:
        return replace(record, state=State.GONE, reason="its Job was deleted before it had a result")
    why = report.message.get("message") or report.detail or "its pod left no message"
    return replace(record, state=State.GONE, reason=f"its Job has ended, but its result cannot be read: {why}")
