"""Apply plans, each one stage further.

A call is safe at any moment, and changes nothing that is done. Plans are independent: a refused plan does not stop the
others. The API server checks a whole plan in a dry run first, and nothing is written if it refuses any part.
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from compiler.diagnostics import Diagnostic
from compiler.run.cluster.api.client import Api
from compiler.run.cluster.api.errors import UNUSABLE, ApiError, ClusterError, problem, refusal
from compiler.run.cluster.api.kinds import JOB
from compiler.run.cluster.apply import act
from compiler.run.cluster.apply.approve import Approval, approved_plan, outdated
from compiler.run.cluster.apply.decide import Action, End, Step, advance
from compiler.run.cluster.apply.supports import LiveSupports, put
from compiler.run.cluster.state.ledger import Ledger, Record, State, read_ledger, trimmed, write
from compiler.run.cluster.state.plan import ClusterPlan
from compiler.run.cluster.state.reasons import held_back
from compiler.run.cluster.state.snapshot import Snapshot, take_snapshot

WORKERS = 8
_AHEAD = 4 * WORKERS  # plans in memory, so that a slow plan does not stop the others
_TRIES = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanState:
    """The state of a plan after a step, with its ledger at that time.

    `started` are the stages that this call started. `held` is why the current stage cannot continue by itself.
    """

    plan: ClusterPlan
    ledger: Ledger
    step: Step | None = None
    started: tuple[str, ...] = ()
    held: str = ""
    problems: tuple[Diagnostic, ...] = field(default=())

    @property
    def is_going(self) -> bool:
        """Whether the plan can still change without another command."""
        return not self.problems and self.step is not None and self.step.end in (End.GOING, End.BLOCKED)


class Namespaces:
    """The content of the plans' namespaces, each read once; for any number of threads.

    ClusterError if a namespace cannot be read.
    """

    def __init__(self, api: Api, *, read_only: bool = False) -> None:
        self._api = api
        self._read_only = read_only  # a write fails in a missing namespace; reads need a check
        self._lock = threading.Lock()
        self._snapshots: dict[tuple[str, tuple[str, ...]], Snapshot | ClusterError] = {}
        self._live: dict[str, LiveSupports] = {}

    def snapshot(self, plan: ClusterPlan) -> Snapshot:
        """Return the Jobs, pods and ledgers of the plan's namespace."""
        key = (plan.namespace, workloads_of(plan))
        with self._lock:
            if key not in self._snapshots:
                self._snapshots[key] = self._take(plan)
            snapshot = self._snapshots[key]
        if isinstance(snapshot, ClusterError):
            raise snapshot
        return snapshot

    def _take(self, plan: ClusterPlan) -> Snapshot | ClusterError:
        try:
            if self._read_only:
                require_namespace(self._api, plan)
            return snapshot_of(self._api, plan, others=True)
        except ClusterError as error:
            return error

    def live(self, plan: ClusterPlan) -> LiveSupports:
        """Return the configs, claims and policies of the plan's namespace."""
        with self._lock:
            return self._live.setdefault(plan.namespace, LiveSupports(self._api, plan.namespace))


def apply_plans(api: Api, approved: Iterable[Approval], *, retry: bool) -> Iterator[PlanState | Diagnostic]:
    """Take one step of each plan, in parallel; yield the results in the order of `approved`.

    Plans are read one after the other and few are in memory at a time, so their number is not limited. A plan whose
    folder has changed since its approval yields CLU608.
    """
    namespaces = Namespaces(api)

    def applied(approval: Approval) -> PlanState | Diagnostic:
        plan = approved_plan(approval)
        if plan is None:
            return outdated(approval.folder)
        try:
            snapshot, live = namespaces.snapshot(plan), namespaces.live(plan)
        except ClusterError as error:
            if error.found.code in UNUSABLE:
                raise
            ledger = Ledger(plan=plan.name, namespace=plan.namespace)
            return PlanState(plan=plan, ledger=ledger, problems=(error.found,))
        return apply_plan(api, plan, snapshot, live, retry=retry)

    waiting: deque[Future[PlanState | Diagnostic]] = deque()
    with ThreadPoolExecutor(WORKERS) as pool:
        for approval in approved:
            waiting.append(pool.submit(applied, approval))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def workloads_of(plan: ClusterPlan) -> tuple[str, ...]:
    """Return the kinds of a plan's workloads and report Jobs, as `apiVersion kind`."""
    kinds = {f"{each.workload.data['apiVersion']} {each.workload.kind}" for each in plan.stages}
    return tuple(sorted(kinds | {JOB.key}))


def snapshot_of(api: Api, plan: ClusterPlan, *, others: bool = False) -> Snapshot:
    """Read the current Jobs and the ledger of a plan.

    With `others`, read those of all plans in its namespace. ClusterError if they cannot be read.
    """
    try:
        # ledgers are read before Jobs: a Job that is in a ledger but not in the later list is gone
        return take_snapshot(api, plan.namespace, workloads_of(plan), plan="" if others else plan.name)
    except ApiError as error:
        raise ClusterError(refusal(error, "list", f"namespace `{plan.namespace}`", plan.shown)) from error


def require_namespace(api: Api, plan: ClusterPlan) -> None:
    """Raise CLU609 if the namespace does not exist, in which case lists are merely empty.

    Callers without permission to read the namespace pass: their lists fail if it is missing.
    """
    try:
        api.get(f"/api/v1/namespaces/{plan.namespace}")
    except ApiError as error:
        if error.status == 404:
            raise ClusterError(refusal(error, "get", f"namespace `{plan.namespace}`", plan.shown)) from error


def apply_plan(api: Api, plan: ClusterPlan, snapshot: Snapshot, live: LiveSupports, *, retry: bool) -> PlanState:
    """Apply a plan: everything as a dry run, then the supports, then the next stage."""
    todo = [each for each in plan.supports if not live.has(each)]
    ledger = Ledger(plan=plan.name, namespace=plan.namespace)
    try:
        ledger = snapshot.ledger(plan.name, plan.namespace)
        # a plan that the server has accepted as a whole needs no further dry run
        untried = plan.pending if ledger.tried != plan.digest else ()
        new = [each for each in untried if each.name not in snapshot.jobs and each.name not in ledger.records]
        found = [put(api, each, f"{plan.shown}/{each.file}", dry_run=True) for each in todo]
        found += [act.create(api, plan, each, dry_run=True)[1] for each in new]
        if not any(found):
            found = [put(api, each, f"{plan.shown}/{each.file}", dry_run=False) for each in todo]
        refused = tuple(dict.fromkeys(each for each in found if each is not None))
        if refused:
            return PlanState(plan=plan, ledger=ledger, problems=refused)
        return take_step(api, PlanState(plan=plan, ledger=replace(ledger, tried=plan.digest)), snapshot, retry=retry)
    except ClusterError as error:
        return PlanState(plan=plan, ledger=ledger, problems=(error.found,))


def take_step(api: Api, state: PlanState, snapshot: Snapshot, *, retry: bool = False) -> PlanState:
    """Take the next step of a plan exactly once, even if other callers do so at the same time."""
    plan, ledger = state.plan, state.ledger
    for _ in range(_TRIES):
        step = advance(plan, ledger, snapshot, retry=retry)
        changed = {**step.records, **_claimed(step, ledger, snapshot)}
        changed |= trimmed(ledger, {each.name for each in plan.stages}) if changed else {}
        current = state.ledger is not ledger or not step.suspicious
        written = (write(api, ledger, changed) if changed else ledger) if current else None
        if written is not None:
            job = snapshot.jobs.get(step.stage.name) if step.stage is not None else None
            return _act(api, replace(state, ledger=written, step=step, held=held_back(job) if job else ""), step)
        # another caller wrote, or a Job is missing: this view may be out of date
        ledger = read_ledger(api, plan.name, plan.namespace)
        snapshot = snapshot_of(api, plan)
    hint = "run the command again when fewer callers use this plan"
    found = problem("CLU602", f"other callers keep writing the ledger of `{plan.name}`", plan.shown, hint=hint)
    return replace(state, problems=(found,))


def _claimed(step: Step, ledger: Ledger, snapshot: Snapshot) -> dict[str, Record]:
    stage = step.stage
    if stage is None or step.action not in (Action.CREATE, Action.REPLACE):
        return {}
    known = ledger.records.get(stage.name)
    starts = known.starts + (known.state is not State.CLAIMED) if known else 1
    old = snapshot.jobs.get(stage.name)
    uid = old.uid if old is not None else ""
    kind = stage.workload.kind
    claim = Record(stage=stage.stage, state=State.CLAIMED, starts=starts, uid=uid, kind=kind)
    return {stage.name: claim} if claim != known else {}


def _act(api: Api, state: PlanState, step: Step) -> PlanState:
    stage, plan = step.stage, state.plan
    if stage is None or step.action in (Action.NONE, Action.AWAIT):
        return state
    if step.action is Action.REPORT:
        refused = act.report(api, plan, stage)
        awaited = replace(step, action=Action.AWAIT)
        return replace(state, step=awaited, problems=(refused,) if refused else ())
    where = f"{plan.shown}/{stage.workload.file}"
    if step.action is Action.REPLACE:
        act.remove(api, stage, state.ledger.records[stage.name].uid, where)
    uid, refused = act.create(api, plan, stage)
    if refused is not None:
        return replace(state, problems=(refused,))
    known = state.ledger.records[stage.name]
    record = replace(known, state=State.CREATED, uid=uid)
    # if this write fails, another caller has written the same record
    ledger = write(api, state.ledger, {stage.name: record}) or read_ledger(api, plan.name, plan.namespace)
    return replace(state, ledger=ledger, started=(*state.started, stage.stage))
