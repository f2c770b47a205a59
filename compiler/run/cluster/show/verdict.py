"""What a command on a cluster says at its end: where a plan stands, what there is to see of failures, the exit code."""

from collections.abc import Iterable

from compiler.cli.exit_codes import ExitCode
from compiler.cli.report import exit_code, report
from compiler.diagnostics import Diagnostic
from compiler.run.cluster.api.client import Api
from compiler.run.cluster.api.errors import problem
from compiler.run.cluster.apply.apply import Standing, snapshot_of
from compiler.run.cluster.apply.decide import Action, End
from compiler.run.cluster.state.events import details
from compiler.run.cluster.state.jobs import JobView
from compiler.run.cluster.state.plan import ClusterPlan, PlannedStage
from compiler.run.cluster.state.reasons import Place, advice

_OF_CLUSTER = ("CLU601", "CLU602", "CLU603", "CLU604", "CLU609")
_MOST_DETAILS = 10  # failed plans of which events and logs are shown
_BAD_ENDS = (End.FAILED, End.CANCELLED, End.GONE)


def verdict(standing: Standing) -> str:
    """Where a plan stands, and what this call started."""
    step = standing.step
    if standing.problems or step is None:
        return "refused"
    stage = step.stage.stage if step.stage is not None else ""
    started = f"started {', '.join(standing.started)}" if standing.started else ""
    if started and step.end is End.GOING:
        return started
    others = ", ".join(f"`{job.name}`" for job in step.superseded)
    texts = {
        End.GOING: _going(standing, stage),
        End.BLOCKED: f"waits for {others} of an earlier version of this plan; to end that: "
        f"trainspec cancel {standing.plan.shown} --superseded",
        End.COMPLETE: "complete" if started else "complete, nothing to do",
        End.TARGET_MET: f"the target is met at `{stage}`, nothing more to do",
        End.NO_GAIN: f"stopped at `{stage}`: nothing was gained",
        End.FAILED: f"`{stage}` failed",
        End.CANCELLED: f"`{stage}` was cancelled",
        End.GONE: f"`{stage}` was deleted before it had a result",
    }
    return "; ".join(filter(None, (started, texts[step.end])))


def _going(standing: Standing, stage: str) -> str:
    if standing.step is not None and standing.step.action is Action.AWAIT:
        return f"`{stage}` has ended unseen, and its result is read"
    return f"`{stage}` waits: {standing.held}" if standing.held else f"`{stage}` is under way"


class Failures:
    """What to say of plans that were refused or cannot go on; of the first ones with what the cluster has to show."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._left = _MOST_DETAILS

    def of(self, standing: Standing) -> list[Diagnostic]:
        """The problems of a plan, and CLU610, CLU611 or CLU615 where its stage has ended badly."""
        step = standing.step
        if step is None or step.end not in _BAD_ENDS or step.stage is None or standing.problems:
            return list(standing.problems)
        plan, stage = standing.plan, step.stage
        record = standing.ledger.records[stage.name]
        where = f"{plan.shown}/{stage.workload.file}"
        place = Place(plan=plan.shown, stage=stage.stage)
        if step.end is End.CANCELLED:
            return [problem("CLU615", f"`{stage.stage}` was cancelled", where, hint=f"start it again: {place.retry}")]
        if step.end is End.GONE:
            message = f"`{stage.stage}` has no result: {record.reason}"
            return [problem("CLU611", message, where, hint=f"let it go on from its last checkpoint: {place.retry}")]
        job = self._shown(plan, stage)
        hint = str(record.result.get("hint") or "") or advice(place, job, record.reason)
        return [problem("CLU610", f"`{stage.stage}` failed: {record.reason}", where, hint=hint)]

    def _shown(self, plan: ClusterPlan, stage: PlannedStage) -> JobView | None:
        """Show events and the end of the log of a failed Job on stderr."""
        if not self._left:
            return None
        self._left -= 1
        job = snapshot_of(self._api, plan).jobs.get(stage.name)
        lines = list(details(self._api, plan.namespace, job)) if job is not None else []
        for line in [f"{plan.shown}: `{stage.stage}`", *(f"  {each}" for each in lines)] if lines else ():
            self._api.say(line)
        return job


def ended(found: Iterable[Diagnostic], style: str) -> ExitCode:
    """Tell what was found, and give the exit code that says it to scripts."""
    told = list(found)
    report(told, style)
    if any(each.code in _OF_CLUSTER for each in told):
        return ExitCode.CLUSTER
    return exit_code(told)
