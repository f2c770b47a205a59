"""Stage results as facts: scores, gains, and verdicts that their figures support."""

from collections.abc import Iterator

from compiler.selection.current import current, measure_of, shown
from compiler.selection.facts import Result
from compiler.selection.figures import Measure
from compiler.selection.gather_judged import counted_scores
from compiler.selection.power import observed_discordance
from compiler.spec.inputs import Inputs
from compiler.spec.names import job_name
from compiler.spec.schema.stage_result import StageResult, StageResultBody
from compiler.spec.stale import contradiction


def results(inputs: Inputs) -> Iterator[Result]:
    """Yield finished stages, oldest first, with each Job's latest result by the goal's deciding metric."""
    goal = inputs.spec.spec.goal.metrics[0].name
    latest = {report.spec.job: (file, report) for file, report in current(inputs, StageResult)}
    for file, report in sorted(latest.values(), key=lambda each: (each[1].metadata.date, each[1].spec.order)):
        scores = counted_scores(report.spec, shown(file, inputs), inputs)
        if goal in scores and not _is_refused(report):
            yield _result(report.spec, scores, goal, inputs)


def _result(body: StageResultBody, scores: dict[str, Measure], goal: str, inputs: Inputs) -> Result:
    file = scores[goal].file
    gain = measure_of(body.gain, file) if body.gain else None
    return Result(
        job=body.job,
        own=_is_own(body, inputs.spec.metadata.name),
        method=body.method or "",
        score=scores[goal],
        gain=gain,
        gate=_gate(body, gain, scores[goal].low >= inputs.spec.spec.goal.metrics[0].target),
        adapters=tuple(body.adapters),
        notes=notes_of(body),
        scores=scores,
        general=tuple(measure_of(each.gain, file) for each in body.general if each.gain is not None),
        discordance=observed_discordance(body.broken.count, body.broken.fixed, body.questions) if body.broken else None,
    )


def _is_refused(report: StageResult) -> bool:
    """Whether the gate says less than the gain shows: nobody knows then what the stage did.

    A gain below zero needs no gate to show that the model became worse.
    """
    gain = report.spec.gain
    return bool(contradiction(report)) and gain is not None and gain.low > 0


def _gate(body: StageResultBody, gain: Measure | None, meets_target: bool) -> str:
    """Return the verdict, `worse` where the gain's interval lies below zero, whatever the gate said.

    Continued pre-training teaches reading: its score of the task may fall until the stage after it (M1).
    """
    if body.method == "cpt" or (body.gate == "target-met" and meets_target):
        return body.gate
    return "worse" if gain is not None and gain.high < 0 else body.gate


def _is_own(body: StageResultBody, plan: str) -> bool:
    """Whether this plan ran the stage: as the result says, else by the name that it gives a Job."""
    if body.ran_in is not None:
        return body.ran_in == "plan"
    return any(body.job.startswith(job_name(plan, f"evaluate-{of}", "")) for of in (body.method or "base", "prompt"))


def notes_of(result: StageResultBody) -> tuple[str, ...]:
    """Return one phrase for each result besides the score that the evaluation measured."""
    return tuple(_notes(result))


def _notes(result: StageResultBody) -> Iterator[str]:
    for other in result.metrics[1:]:
        yield f"`{other.name}` {other.value:.3f} (95 % {other.low:.3f} to {other.high:.3f})"
    for score in result.metrics:
        if score.judged is not None and score.judged.raw is not None:
            yield f"the judge passes {score.judged.raw.value:.3f} by `{score.name}`, before the correction"
        elif score.judged is not None:
            yield f"`{score.name}` does not count: nobody had compared its judge with people"
    if result.badcases is not None:
        yield f"{result.badcases.fixed} of {result.badcases.total} badcases fixed"
    if result.broken is not None:
        yield f"{result.broken.count} answers newly wrong, {result.broken.fixed} newly right"
    for each in result.general:
        if each.gain is not None:
            gain = each.gain
            yield f"general {each.measure} {gain.value:+.3f} (95 % {gain.low:+.3f} to {gain.high:+.3f})"
    if result.without_chain is not None:
        chain = result.without_chain
        yield f"chains gain {chain.chain_gain.value:+.3f} (p = {chain.p_value:.3g})"
