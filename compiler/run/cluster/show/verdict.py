"""Final summary of a plan after a cluster command: where it is, and why it was refused or cannot go on."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from compiler.diagnostics import Diagnostic
from compiler.run.cluster.api.client import Api
from compiler.run.cluster.api.errors import problem
from compiler.run.cluster.apply.apply import Standing, snapshot_of
from compiler.run.cluster.apply.decide import Action, End
from compiler.run.cluster.show.views import StageView
from compiler.run.cluster.state.events import details

_MOST_DETAILS = 10  # failed plans of which events and logs are shown
_BAD_ENDS = (End.FAILED, End.CANCELLED, End.GONE)


def verdict(standing: Standing) -> str:
    """Where a plan is, and what this call started."""
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why a plan was refused or cannot go on: its diagnostics, and the lines that the cluster has on a failed Job."""

    diagnostics: tuple[Diagnostic, ...] = ()
    details: tuple[str, ...] = ()


class Failures:
    """The failures of plans, with details of the first ones only: events and logs are a request each."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._left = _MOST_DETAILS

    def of(self, standing: Standing) -> Failure:
        """The problems of a plan, and CLU610, CLU611 or CLU615 where its stage has ended badly."""
        plan, step = standing.plan, standing.step
        if step is None or step.end not in _BAD_ENDS or step.stage is None or standing.problems:
            return Failure(diagnostics=standing.problems)
        view = StageView(plan=plan, stage=step.stage, step=step, record=standing.ledger.records[step.stage.name])
        if step.end is End.FAILED and self._left:
            self._left -= 1
            view = replace(view, job=snapshot_of(self._api, plan).jobs.get(step.stage.name))
        return Failure(diagnostics=(_problem(view),), details=tuple(self._details(view)))

    def _details(self, view: StageView) -> Iterator[str]:
        """Events and the end of the log of a failed Job, below a line that names its stage."""
        lines = list(details(self._api, view.plan.namespace, view.job)) if view.job is not None else []
        if lines:
            yield f"{view.plan.shown}: `{view.stage.stage}`"
            yield from (f"  {each}" for each in lines)


def _problem(view: StageView) -> Diagnostic:
    name, where = view.stage.stage, f"{view.plan.shown}/{view.stage.workload.file}"
    reason = view.record.reason if view.record is not None else ""
    if view.step.end is End.CANCELLED:
        return problem("CLU615", f"`{name}` was cancelled", where, hint=f"start it again: {view.place.retry}")
    if view.step.end is End.GONE:
        hint = f"let it go on from its last checkpoint: {view.place.retry}"
        return problem("CLU611", f"`{name}` has no result: {reason}", where, hint=hint)
    return problem("CLU610", f"`{name}` failed: {reason}", where, hint=view.remedy(reason))
