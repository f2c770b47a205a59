"""The final summary of a plan: its state, and why it was refused or failed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from compiler.diagnostics import Diagnostic
from compiler.run.cluster.api.client import Api
from compiler.run.cluster.api.errors import problem
from compiler.run.cluster.apply.apply import PlanState, snapshot_of
from compiler.run.cluster.apply.decide import Action, End
from compiler.run.cluster.show.views import StageView
from compiler.run.cluster.state.events import details
from runtime.contract.outputs import verdict_words

_MOST_DETAILS = 10  # show events and logs of this many failed plans
_BAD_ENDS = (End.FAILED, End.CANCELLED, End.GONE)


def verdict(state: PlanState) -> str:
    """Return the state of a plan, and the stages that this call started."""
    step = state.step
    if state.problems or step is None:
        return "refused"
    stage = step.stage.stage if step.stage is not None else ""
    started = f"started {', '.join(state.started)}" if state.started else ""
    if started and step.end is End.GOING:
        return started
    others = ", ".join(f"`{job.name}`" for job in step.superseded)
    texts = {
        End.GOING: _going(state, stage),
        End.BLOCKED: f"waits for {others} of an earlier version of this plan; to stop it: "
        f"trainspec cancel {state.plan.shown} --superseded",
        End.COMPLETE: "complete" if started else "complete, nothing to do",
        End.TARGET_MET: f"the target is met at `{stage}`, nothing more to do",
        End.NO_GAIN: f"stopped at `{stage}`: {verdict_words(End.NO_GAIN)}",
        End.WORSE: f"stopped at `{stage}`: {verdict_words(End.WORSE)}",
        End.FAILED: f"`{stage}` failed",
        End.CANCELLED: f"`{stage}` was cancelled",
        End.GONE: f"`{stage}` was deleted before it had a result",
    }
    return "; ".join(filter(None, (started, texts[step.end])))


def _going(state: PlanState, stage: str) -> str:
    if state.step is not None and state.step.action is Action.AWAIT:
        return f"`{stage}` has ended, and its result is being read"
    return f"`{stage}` waits: {state.held}" if state.held else f"`{stage}` is under way"


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why a plan was refused or failed.

    `details` are the events and log lines of a failed Job.
    """

    diagnostics: tuple[Diagnostic, ...] = ()
    details: tuple[str, ...] = ()


class Failures:
    """The failures of plans, with details of the first ones only: each detail costs a request."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._left = _MOST_DETAILS

    def of(self, state: PlanState) -> Failure:
        """Return the problems of a plan, and of its failed, cancelled or gone stage.

        CLU610: the stage failed. CLU611: it is gone. CLU615: it was cancelled.
        """
        plan, step = state.plan, state.step
        if step is None or step.end not in _BAD_ENDS or step.stage is None or state.problems:
            return Failure(diagnostics=state.problems)
        view = StageView(plan=plan, stage=step.stage, step=step, record=state.ledger.records[step.stage.name])
        if step.end is End.FAILED and self._left:
            self._left -= 1
            view = replace(view, job=snapshot_of(self._api, plan).jobs.get(step.stage.name))
        return Failure(diagnostics=(_problem(view),), details=tuple(self._details(view)))

    def _details(self, view: StageView) -> Iterator[str]:
        """Yield the events and the end of the log of a failed Job, below a line with its stage."""
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
        hint = f"resume it from its last checkpoint: {view.place.retry}"
        return problem("CLU611", f"`{name}` has no result: {reason}", where, hint=hint)
    return problem("CLU610", f"`{name}` failed: {reason}", where, hint=view.remedy(reason))
