"""Applies plans, one stage at a time, and can be called at any moment: what is there or done is left as it is.

Each plan stands for itself: one that is refused does not hold up the others. Of a plan, everything is tried on the API
server first (dry run), and nothing is written if any part of it is refused.
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
from compiler.run.cluster.apply.supports import Live, put
from compiler.run.cluster.state.ledger import Ledger, Record, State, read_ledger, spare, write
from compiler.run.cluster.state.plan import ClusterPlan
from compiler.run.cluster.state.reasons import held_back
from compiler.run.cluster.state.snapshot import Snapshot, take_snapshot

WORKERS = 8
_AHEAD = 4 * WORKERS  # plans that are held: one that takes long does not stop the others
_TRIES = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Where a plan stands after a step: the step, the ledger then, the stages that were started by this call, and why
    the one at which it stands will not go on by itself.
    """

    plan: ClusterPlan
    ledger: Ledger
    step: Step | None = None
    started: tuple[str, ...] = ()
    held: str = ""
    problems: tuple[Diagnostic, ...] = field(default=())

    @property
    def is_going(self) -> bool:
        """Whether anything can still come of the plan by waiting."""
        return not self.problems and self.step is not None and self.step.end in (End.GOING, End.BLOCKED)


class Namespaces:
    """What is in the namespaces of plans, each looked at once, when the first plan of it comes; for any number of
    threads. ClusterError where a namespace cannot be looked at.
    """

    def __init__(self, api: Api, *, read_only: bool = False) -> None:
        self._api = api
        self._read_only = read_only  # whoever writes is told of a namespace that is missing
        self._lock = threading.Lock()
        self._snapshots: dict[tuple[str, tuple[str, ...]], Snapshot | ClusterError] = {}
        self._live: dict[str, Live] = {}

    def snapshot(self, plan: ClusterPlan) -> Snapshot:
        """Jobs, pods and ledgers."""
        key = (plan.namespace, workloads_of(plan))
        with self._lock:
            if key not in self._snapshots:
                self._snapshots[key] = self._take(plan)
            seen = self._snapshots[key]
        if isinstance(seen, ClusterError):
            raise seen
        return seen

    def _take(self, plan: ClusterPlan) -> Snapshot | ClusterError:
        try:
            if self._read_only:
                require_namespace(self._api, plan)
            return snapshot_of(self._api, plan, others=True)
        except ClusterError as error:
            return error

    def live(self, plan: ClusterPlan) -> Live:
        """Configs, claims and policies."""
        with self._lock:
            return self._live.setdefault(plan.namespace, Live(self._api, plan.namespace))


def apply_plans(api: Api, approved: Iterable[Approval], *, retry: bool) -> Iterator[Standing | Diagnostic]:
    """Apply plans of any number, in parallel, each one step further; in the order that they are given.

    A plan is read when its turn comes, and no more than a few are held at a time. CLU608 in place of one whose folder
    has changed since it was approved.
    """
    namespaces = Namespaces(api)

    def applied(approval: Approval) -> Standing | Diagnostic:
        plan = approved_plan(approval)
        if plan is None:
            return outdated(approval.folder)
        try:
            seen, live = namespaces.snapshot(plan), namespaces.live(plan)
        except ClusterError as error:
            if error.found.code in UNUSABLE:
                raise
            ledger = Ledger(plan=plan.name, namespace=plan.namespace)
            return Standing(plan=plan, ledger=ledger, problems=(error.found,))
        return apply_plan(api, plan, seen, live, retry=retry)

    waiting: deque[Future[Standing | Diagnostic]] = deque()
    with ThreadPoolExecutor(WORKERS) as pool:
        for approval in approved:
            waiting.append(pool.submit(applied, approval))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def workloads_of(plan: ClusterPlan) -> tuple[str, ...]:
    """The kinds of a plan's workloads, as `apiVersion kind`; a Job may report for one of any kind."""
    kinds = {f"{each.workload.data['apiVersion']} {each.workload.kind}" for each in plan.stages}
    return tuple(sorted(kinds | {JOB.key}))


def snapshot_of(api: Api, plan: ClusterPlan, *, others: bool = False) -> Snapshot:
    """The Jobs and the ledger of one plan as they are now, with `others` those of all plans beside it; ClusterError if
    they may not be read.
    """
    try:
        # ledgers are read before Jobs: a Job that a ledger knows of and that is then not there, is gone
        return take_snapshot(api, plan.namespace, workloads_of(plan), plan="" if others else plan.name)
    except ApiError as error:
        raise ClusterError(refusal(error, "list", f"namespace `{plan.namespace}`", plan.shown)) from error


def require_namespace(api: Api, plan: ClusterPlan) -> None:
    """CLU609 where there is no such namespace: a list of what is in it is merely empty. Whoever may not ask may list
    nothing either where it is missing.
    """
    try:
        api.get(f"/api/v1/namespaces/{plan.namespace}")
    except ApiError as error:
        if error.status == 404:
            raise ClusterError(refusal(error, "get", f"namespace `{plan.namespace}`", plan.shown)) from error


def apply_plan(api: Api, plan: ClusterPlan, seen: Snapshot, live: Live, *, retry: bool) -> Standing:
    """Apply one plan: everything as a dry run, then the supports, then the stage that may start."""
    todo = [each for each in plan.supports if not live.holds(each)]
    ledger = Ledger(plan=plan.name, namespace=plan.namespace)
    try:
        ledger = seen.ledger(plan.name, plan.namespace)
        # what was accepted when the plan was new is not tried again at each call
        untried = plan.pending if ledger.tried != plan.digest else ()
        new = [each for each in untried if each.name not in seen.jobs and each.name not in ledger.records]
        found = [put(api, each, f"{plan.shown}/{each.file}", dry_run=True) for each in todo]
        found += [act.create(api, plan, each, dry_run=True)[1] for each in new]
        if not any(found):
            found = [put(api, each, f"{plan.shown}/{each.file}", dry_run=False) for each in todo]
        refused = tuple(dict.fromkeys(each for each in found if each is not None))
        if refused:
            return Standing(plan=plan, ledger=ledger, problems=refused)
        return take_step(api, Standing(plan=plan, ledger=replace(ledger, tried=plan.digest)), seen, retry=retry)
    except ClusterError as error:
        return Standing(plan=plan, ledger=ledger, problems=(error.found,))


def take_step(api: Api, standing: Standing, seen: Snapshot, *, retry: bool = False) -> Standing:
    """Do what is next for a plan, once, whoever else does the same at the moment."""
    plan, ledger = standing.plan, standing.ledger
    for _ in range(_TRIES):
        step = advance(plan, ledger, seen, retry=retry)
        changed = {**step.records, **_claimed(step, ledger, seen)}
        changed |= spare(ledger, {each.name for each in plan.stages}) if changed else {}
        current = standing.ledger is not ledger or not step.suspicious
        written = (write(api, ledger, changed) if changed else ledger) if current else None
        if written is not None:
            job = seen.jobs.get(step.stage.name) if step.stage is not None else None
            return _act(api, replace(standing, ledger=written, step=step, held=held_back(job) if job else ""), step)
        # somebody else wrote, or a Job is missed: what is known may be older than what is there
        ledger = read_ledger(api, plan.name, plan.namespace)
        seen = snapshot_of(api, plan)
    hint = "run the command again when fewer callers apply the same plan"
    found = problem("CLU602", f"others keep writing the ledger of `{plan.name}`", plan.shown, hint=hint)
    return replace(standing, problems=(found,))


def _claimed(step: Step, ledger: Ledger, seen: Snapshot) -> dict[str, Record]:
    stage = step.stage
    if stage is None or step.action not in (Action.CREATE, Action.REPLACE):
        return {}
    known = ledger.records.get(stage.name)
    starts = known.starts + (known.state is not State.CLAIMED) if known else 1
    old = seen.jobs.get(stage.name)
    uid = old.uid if old is not None else ""
    kind = stage.workload.kind
    claim = Record(stage=stage.stage, state=State.CLAIMED, starts=starts, uid=uid, kind=kind)
    return {stage.name: claim} if claim != known else {}


def _act(api: Api, standing: Standing, step: Step) -> Standing:
    stage, plan = step.stage, standing.plan
    if stage is None or step.action in (Action.NONE, Action.AWAIT):
        return standing
    if step.action is Action.REPORT:
        refused = act.report(api, plan, stage)
        awaited = replace(step, action=Action.AWAIT)
        return replace(standing, step=awaited, problems=(refused,) if refused else ())
    where = f"{plan.shown}/{stage.workload.file}"
    if step.action is Action.REPLACE:
        act.remove(api, stage, standing.ledger.records[stage.name].uid, where)
    uid, refused = act.create(api, plan, stage)
    if refused is not None:
        return replace(standing, problems=(refused,))
    known = standing.ledger.records[stage.name]
    record = replace(known, state=State.CREATED, uid=uid)
    # another caller may have noted it already: what is written next then says the same
    ledger = write(api, standing.ledger, {stage.name: record}) or read_ledger(api, plan.name, plan.namespace)
    return replace(standing, ledger=ledger, started=(*standing.started, stage.stage))
