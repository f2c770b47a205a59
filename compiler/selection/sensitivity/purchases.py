"""What a team could still measure: the cost of each measurement, and its clear outcomes as evidence.

A measurement is offered only while its question is open: not measured, or `insufficient evidence`.
"""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from compiler.diagnostics.wording import all_of, counted
from compiler.selection.facts import Facts
from compiler.selection.figures import Verdict
from compiler.selection.sensitivity.changed import with_questions, with_report, with_rows
from compiler.spec.evidence import EvidenceFile
from compiler.spec.inputs import Inputs
from compiler.spec.schema.evidence import Measures, ProbeBody, ProbeReport, PromptRound, PromptRounds, PromptRoundsBody
from compiler.spec.schema.provenance import Estimate, EvidenceDocument, Provenance
from compiler.spec.schema.thresholds import Thresholds
from compiler.spec.schema.types import GapKind, Purpose, Technique

SHARP = 0.005  # half of the interval of a clear outcome
P_VALUE = "chain_p_value"  # belongs to `chain_gain`
UNKNOWN_DIGEST = "0" * 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Purchase:
    """A measurement: `what` to do, its `cost` in words and as a number of samples, and its clear outcomes in words.

    `is_asked`: whether it settles a gap that the spec declares or the decision rests on, or what the phase waits for.
    """

    what: str
    cost: str
    samples: int
    outcomes: Mapping[str, Inputs]
    is_asked: bool


@dataclass(frozen=True, slots=True)
class _Run:
    """A probe: the gaps that it settles, what it needs from the spec, and the measures of each clear outcome."""

    gaps: tuple[GapKind, ...]
    needs: str
    outcomes: Mapping[str, Mapping[str, float]]


_RUNS = (
    _Run(
        (GapKind.UNSTABLE, GapKind.UNTAUGHT),
        "",
        {
            "it is right at times": {"pass_at1": 0.4, "pass_at16": 0.95, "unstable_gain": 0.55, "agreement": 0.4},
            "it is consistently wrong": {"pass_at1": 0.05, "pass_at16": 0.08, "unstable_gain": 0.03, "agreement": 0.95},
            "it is never right": {"pass_at1": 0.0, "pass_at16": 0.0, "unstable_gain": 0.0, "agreement": 0.2},
        },
    ),
    _Run(
        (GapKind.UNKNOWN_DOMAIN,),
        "",
        {
            "it is wrong even with the passage": {"open_book": 0.1, "control": 0.9, "recall_gain": 0.05},
            "it is right only with the passage": {"open_book": 0.95, "control": 0.9, "recall_gain": 0.6},
        },
    ),
    _Run(
        (GapKind.REASONING,),
        "",
        {
            "chains help": {"chain_gain": 0.4, "chain_p_value": 0.001},
            "chains do not help": {"chain_gain": 0.0, "chain_p_value": 1.0},
        },
    ),
    _Run(
        (GapKind.PREFERENCE,),
        "",
        {
            "people clearly prefer one answer": {"valid": 0.97, "win": 0.9},
            "people prefer neither": {"valid": 0.97, "win": 0.5},
        },
    ),
    _Run(
        (GapKind.RULE_CONSTRAINTS,),
        "reward",
        {
            "most prompts are solved at times": {"reward_spread": 0.8},
            "they are always or never solved": {"reward_spread": 0.02},
        },
    ),
    _Run(
        (GapKind.COMPRESSION,),
        "teacher",
        {
            "the teacher is far better": {"teacher_pass_at1": 0.99, "teacher_gain": 0.5},
            "the teacher is no better": {"teacher_pass_at1": 0.4, "teacher_gain": 0.0},
        },
    ),
)


def purchases(inputs: Inputs, facts: Facts, phase: str) -> Iterator[Purchase]:
    """Yield the measurements that are still open."""
    limits = inputs.spec.spec.thresholds
    declared = {each.kind for each in inputs.spec.spec.gaps}
    for run in _RUNS:
        if run.needs and getattr(inputs.spec.spec, run.needs) is None:
            continue
        if any(_is_settled(gap, facts) for gap in run.gaps):
            continue
        known = {name for name in facts.measures if not any(gap in facts.readings for gap in run.gaps)}
        names = [name for name in next(iter(run.outcomes.values())) if name not in known]
        if not names:
            continue
        yield Purchase(
            what="measure " + all_of(str(Measures.model_fields[name].alias) for name in names if name != P_VALUE),
            cost=f"{limits.probe_prompts:,} prompts × {limits.probe_samples} samples",
            samples=limits.probe_prompts * limits.probe_samples,
            outcomes={
                words: _with_probe(inputs, {name: values[name] for name in names})
                for words, values in run.outcomes.items()
            },
            is_asked=bool(declared & {*run.gaps}),
        )
    if phase == "prompt":
        yield from _rounds(inputs, facts)
    if phase == "collect":
        yield from _labels(inputs, facts)
        yield from _questions(inputs, facts)


def _is_settled(gap: GapKind, facts: Facts) -> bool:
    return gap in facts.readings and facts.readings[gap].verdict is not Verdict.INSUFFICIENT


def _rounds(inputs: Inputs, facts: Facts) -> Iterator[Purchase]:
    """Yield prompt rounds: as many as show a plateau, on the questions of the latest."""
    limits, known = inputs.spec.spec.thresholds, facts.counted_rounds
    if facts.plateaued:
        return
    best = max((each.score for each in known), default=0.5)
    missing = max(1, limits.plateau_rounds + 1 - len(known))
    while not _plateaued([*(each.score for each in known), *[best] * missing], limits):
        missing += 1
    questions = known[-1].questions if known else max(limits.min_questions, 100)
    yield Purchase(
        what=f"measure {counted(missing, 'more prompt round' if known else 'prompt round')}",
        cost=f"{questions:,} questions each",
        samples=missing * questions,
        outcomes={
            "nothing is gained": _with_rounds(inputs, [best] * missing, questions),
            "the target is met": _with_rounds(inputs, [best] * (missing - 1) + [1.0], questions),
        },
        is_asked=True,
    )


def _plateaued(scores: list[float], limits: Thresholds) -> bool:
    earlier, latest = scores[: -limits.plateau_rounds], scores[-limits.plateau_rounds :]
    return round(max(latest) - max(earlier), 9) < limits.plateau_min_gain


def _questions(inputs: Inputs, facts: Facts) -> Iterator[Purchase]:
    """Yield the best prompt on more questions, from few to many."""
    known = facts.counted_rounds
    held_out = [each.name for each in inputs.spec.spec.data if each.purpose is Purpose.EVALUATION]
    if not known or not held_out:
        return
    now = known[-1].questions
    for factor in (2, 4, 8, 16, 32, 64):
        larger = with_questions(with_rows(inputs, held_out[0], now * factor), now, now * factor)
        yield Purchase(
            what=f"measure the prompt rounds on {now * factor:,} questions",
            cost=f"{now * (factor - 1):,} more questions",
            samples=now * (factor - 1),
            outcomes={"the scores stay as they are": larger},
            is_asked=True,
        )


def _labels(inputs: Inputs, facts: Facts) -> Iterator[Purchase]:
    missing = inputs.spec.spec.thresholds.min_badcases - facts.badcases
    sources = [each.name for each in inputs.spec.spec.data if each.purpose is Purpose.BADCASES]
    if missing > 0 and sources:
        rows = inputs.files[sources[0]].rows + missing
        yield Purchase(
            what="label more badcases",
            cost=counted(missing, "label"),
            samples=missing,
            outcomes={"there are enough": with_rows(inputs, sources[0], rows)},
            is_asked=True,
        )


def _with_probe(inputs: Inputs, values: Mapping[str, float]) -> Inputs:
    limits = inputs.spec.spec.thresholds
    measures: dict[str, Any] = {
        name: value if name == P_VALUE else _sharp(value, -1.0 if name.endswith("gain") else 0.0)
        for name, value in values.items()
    }
    body = ProbeBody.model_construct(
        model=inputs.spec.spec.model.path,
        prompts=limits.probe_prompts,
        samples=limits.probe_samples,
        measures=Measures.model_construct(**measures),
    )
    return _with_file(inputs, ProbeReport.model_construct(metadata=_origin(inputs), spec=body))


def _sharp(value: float, low: float) -> Estimate:
    return Estimate.model_construct(value=value, low=max(low, value - SHARP), high=min(1.0, value + SHARP))


def _with_rounds(inputs: Inputs, scores: list[float], questions: int) -> Inputs:
    """Return the inputs with more rounds in the latest prompt log, or a first one."""
    rounds = [
        PromptRound.model_construct(name=f"next-{number}", technique=Technique.RULES, score=score, questions=questions)
        for number, score in enumerate(scores, start=1)
    ]
    metric = inputs.spec.spec.goal.metrics[0].name
    logs = [
        (index, each.report)
        for index, each in enumerate(inputs.evidence)
        if isinstance(each.report, PromptRounds) and each.report.spec.metric == metric
    ]
    if not logs:
        body = PromptRoundsBody.model_construct(metric=metric, rounds=rounds)
        return _with_file(inputs, PromptRounds.model_construct(metadata=_origin(inputs), spec=body))
    index, log = logs[-1]
    body = log.spec.model_copy(update={"rounds": [*log.spec.rounds, *rounds]})
    return with_report(inputs, index, log.model_copy(update={"spec": body}))


def _with_file(inputs: Inputs, report: EvidenceDocument) -> Inputs:
    document = replace(inputs.document, path="evidence/next.yaml")
    return replace(inputs, evidence=(*inputs.evidence, EvidenceFile(document=document, report=report)))


def _origin(inputs: Inputs) -> Provenance:
    latest = max((each.report.metadata.date for each in inputs.evidence), default=datetime.date(2000, 1, 1))
    model = inputs.spec.spec.model.path
    return Provenance.model_construct(source="a measurement", date=latest, digest=UNKNOWN_DIGEST, model=model)
