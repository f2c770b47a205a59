"""Inputs to facts, without stale evidence; the latest of several measurements counts."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from compiler.selection.badcases import groups
from compiler.selection.facts import (
    BadcaseGroup,
    Declared,
    Facts,
    Measure,
    PreflightCheck,
    Result,
    Reward,
    Round,
    Source,
    Teacher,
)
from compiler.selection.probe_verdicts import readings, recall_only
from compiler.selection.reward_verdicts import checks
from compiler.spec.data.gates import overlaps
from compiler.spec.evidence import EvidenceFile
from compiler.spec.inputs import Inputs
from compiler.spec.names import job_name
from compiler.spec.schema.evidence import BadcaseReport, ProbeReport, PromptRounds
from compiler.spec.schema.preflight import RewardPreflight
from compiler.spec.schema.provenance import Estimate, EvidenceDocument
from compiler.spec.schema.stage_result import StageResult, StageResultBody
from compiler.spec.schema.types import BadcaseClass, Purpose
from compiler.spec.stale import stale
from runtime.contract.metrics import METRICS

R = TypeVar("R", bound=EvidenceDocument)


def facts_of(inputs: Inputs) -> Facts:
    """Flatten checked inputs into facts."""
    body = inputs.spec.spec
    goal, limits = body.goal.metrics[0], body.thresholds
    probes = list(_current(inputs, ProbeReport))
    measures, _, chain_cost = _measures(probes)
    # gaps come from the base model: a probe of a model that this plan trained must not remove the reason to train it
    of_base, p_value, _ = _measures(sorted(probes, key=lambda each: "+" not in each[1].spec.model))
    return Facts(
        metric=goal.name,
        target=goal.target,
        runs_end_to_end=body.system.runs_end_to_end,
        full_chain_traces=body.system.traces is not None and body.system.traces.full_chain,
        closed_book=body.goal.constraints.closed_book,
        max_latency_ms=body.goal.constraints.max_latency_ms,
        verifiable=goal.name in METRICS,
        model=body.model.path,
        thresholds=limits,
        rounds=tuple(_rounds(inputs)),
        badcase_groups=_badcase_groups(inputs),
        declared=tuple(_declared(inputs)),
        readings=readings(of_base, p_value, limits),
        recall=recall_only(of_base, limits),
        measures=measures,
        base_pass_at16=of_base.get("pass_at16"),
        chain_cost_ms=chain_cost,
        sources=tuple(_sources(inputs)),
        overlaps=overlaps(inputs.spec, inputs.files),
        teacher=_teacher(inputs),
        reward=_reward(inputs),
        preflight=_preflight(inputs),
        results=tuple(_results(inputs)),
        gaps=frozenset(gap.kind for gap in body.gaps),
    )


def _current(inputs: Inputs, kind: type[R]) -> Iterator[tuple[EvidenceFile, R]]:
    """Yield the current evidence of one kind, oldest first."""
    for file in inputs.evidence:
        if isinstance(file.report, kind) and not stale(file, inputs):
            yield file, file.report


def _rounds(inputs: Inputs) -> Iterator[Round]:
    for file, report in _current(inputs, PromptRounds):
        for each in report.spec.rounds:
            yield Round(
                name=each.name,
                technique=each.technique,
                score=each.score,
                questions=each.questions,
                test_set=report.metadata.digest,
                file=file.shown,
            )


def _badcase_groups(inputs: Inputs) -> tuple[BadcaseGroup, ...]:
    """Return the measured classes, or without a report the labels of the rows."""
    reports = list(_current(inputs, BadcaseReport))
    if reports:
        return groups(reports[-1][1].spec, inputs.spec.spec.thresholds)
    counts: dict[str, int] = {}
    for source in inputs.spec.spec.data:
        if source.purpose is Purpose.BADCASES:
            for name, count in inputs.files[source.name].classes:
                counts[name] = counts.get(name, 0) + count
    return tuple(
        BadcaseGroup(name=name, kind=BadcaseClass(name), count=count, reason="the label of the rows")
        for name, count in sorted(counts.items())
    )


def _declared(inputs: Inputs) -> Iterator[Declared]:
    for gap in inputs.spec.spec.gaps:
        override = gap.override
        yield Declared(
            kind=gap.kind, reason=override.reason if override else "", owner=override.owner if override else ""
        )


def _measures(
    probes: Iterable[tuple[EvidenceFile, ProbeReport]],
) -> tuple[dict[str, Measure], float | None, float | None]:
    """Return the latest measures, McNemar's p of `chain_gain`, and a chain's milliseconds."""
    measures: dict[str, Measure] = {}
    p_value = tokens = pace = None
    for file, report in probes:
        taken = report.spec.measures
        for name in type(taken).model_fields:
            value = getattr(taken, name)
            if isinstance(value, Estimate):
                measures[name] = _measure(value, file.shown)
        if taken.chain_gain is not None:
            p_value = taken.chain_p_value
        tokens = tokens if taken.chain_tokens is None else taken.chain_tokens
        pace = pace if taken.ms_per_token is None else taken.ms_per_token
    return measures, p_value, None if tokens is None or pace is None else tokens * pace


def _measure(estimate: Estimate, file: str) -> Measure:
    return Measure(value=estimate.value, low=estimate.low, high=estimate.high, file=file)


def _sources(inputs: Inputs) -> Iterator[Source]:
    for each in inputs.spec.spec.data:
        file = inputs.files[each.name]
        yield Source(name=each.name, purpose=each.purpose, shape=each.shape, file=file, volatile=each.volatile)


def _teacher(inputs: Inputs) -> Teacher | None:
    teacher = inputs.spec.spec.teacher
    if teacher is None:
        return None
    return Teacher(
        name=f"{teacher.name}/{teacher.revision}",
        access=teacher.access,
        outputs_may_train=teacher.outputs_may_train,
        shares_vocabulary=teacher.shares_vocabulary,
    )


def _reward(inputs: Inputs) -> Reward | None:
    reward = inputs.spec.spec.reward
    return Reward(kind=reward.kind, per_token_credit=reward.per_token_credit) if reward else None


def _preflight(inputs: Inputs) -> tuple[PreflightCheck, ...]:
    reports = list(_current(inputs, RewardPreflight))
    return checks(reports[-1][1].spec) if reports else ()


def _results(inputs: Inputs) -> Iterator[Result]:
    """Yield finished stages, oldest first, with each Job's latest result by the goal's metric."""
    goal = inputs.spec.spec.goal.metrics[0].name
    latest = {report.spec.job: (file, report) for file, report in _current(inputs, StageResult)}
    for file, report in sorted(latest.values(), key=lambda each: (each[1].metadata.date, each[1].spec.order)):
        metric = next((each for each in report.spec.metrics if each.name == goal), None)
        if metric is not None:
            yield Result(
                job=report.spec.job,
                own=_is_own(report.spec.job, inputs.spec.metadata.name, report.spec.method),
                method=report.spec.method or "",
                score=Measure(value=metric.value, low=metric.low, high=metric.high, file=file.shown),
                gain=_measure(report.spec.gain, file.shown) if report.spec.gain else None,
                gate=report.spec.gate,
                adapters=tuple(report.spec.adapters),
                notes=notes_of(report.spec),
            )


def _is_own(job: str, plan: str, method: str | None) -> bool:
    """Whether this plan gives a Job of this name; long names are cut the same way."""
    return any(job.startswith(job_name(plan, f"evaluate-{of}", "")) for of in (method or "base", "prompt"))


def notes_of(result: StageResultBody) -> tuple[str, ...]:
    """Return one phrase for each result besides the score that the evaluation measured."""
    return tuple(_notes(result))


def _notes(result: StageResultBody) -> Iterator[str]:
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
