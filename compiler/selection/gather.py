"""Inputs to facts, without stale evidence; the latest of several measurements counts."""

from collections.abc import Iterator

from compiler.diagnostics.wording import all_of
from compiler.selection.attribution import attribute
from compiler.selection.badcases import groups
from compiler.selection.current import current, measure_of, shown
from compiler.selection.facts import Declared, Facts, Goal, Guard, Limit, PreflightCheck, Reward, Source, Teacher
from compiler.selection.faults import FLOW_CONTROL, Attribution, BadcaseGroup
from compiler.selection.figures import Evidence, Measure, Reading, Round, Verdict
from compiler.selection.gather_judged import judged_rounds
from compiler.selection.gather_probes import Probes
from compiler.selection.gather_results import results
from compiler.selection.probe_verdicts import readings, recall_only
from compiler.selection.reward_verdicts import checks
from compiler.spec.data import DataFile
from compiler.spec.data.gates import overlaps
from compiler.spec.inputs import Inputs
from compiler.spec.schema.evidence import BadcaseReport, PromptRounds, ServingReport
from compiler.spec.schema.preflight import RewardPreflight
from compiler.spec.schema.training_spec import Override
from compiler.spec.schema.types import Application, BadcaseClass, GapKind, Purpose


def facts_of(inputs: Inputs) -> Facts:
    """Flatten checked inputs into facts."""
    body = inputs.spec.spec
    goals, limits = body.goal, body.thresholds
    probes = Probes.of(inputs)
    rounds = {each.name: tuple(judged_rounds(_rounds(inputs, each.name), each.name, inputs)) for each in goals.metrics}
    first, *others = rounds.values()
    serving = tuple(_limits(inputs))
    return Facts(
        goals=tuple(Goal(name=each.name, target=each.target) for each in goals.metrics),
        guards=tuple(Guard(name=each.name, margin=each.margin, baseline=each.baseline) for each in goals.must_not_fall),
        limits=serving,
        runs_end_to_end=body.system.runs_end_to_end,
        full_chain_traces=body.system.traces is not None and body.system.traces.full_chain,
        closed_book=goals.constraints.closed_book,
        acts_in_steps=_acts_in_steps(inputs),
        max_latency_ms=goals.constraints.max_latency_ms,
        verifiable=goals.metrics[0].is_measured and not goals.metrics[0].is_judged,
        small_test_set=_accepted(body.evidence.small_test_set),
        model=body.model.path,
        thresholds=limits,
        decoding=body.decoding,
        rounds=first,
        other_rounds=dict(zip(list(rounds)[1:], others, strict=True)),
        badcase_groups=_badcase_groups(inputs),
        attribution=_attribution(inputs),
        declared=tuple(_declared(inputs)),
        readings=readings(probes.of_base, limits, target=goals.metrics[0].target, success=_success(first))
        | _serving_reading(serving),
        recall=recall_only(probes.of_base, limits),
        measures=probes.measures,
        probes=probes.runs,
        base_measures=probes.base_measures,
        chain_cost_ms=probes.chain_cost_ms,
        sources=tuple(_sources(inputs)),
        overlaps=overlaps(inputs.spec, inputs.files),
        teacher=_teacher(inputs),
        reward=_reward(inputs),
        preflight=_preflight(inputs),
        results=tuple(results(inputs)),
        gaps=frozenset(gap.kind for gap in body.gaps),
    )


def _rounds(inputs: Inputs, metric: str) -> Iterator[Round]:
    known: set[tuple[str, str]] = set()
    for file, report in current(inputs, PromptRounds):
        if report.spec.metric != metric:
            continue
        for index, each in enumerate(report.spec.rounds):
            prompt = (report.metadata.digest, each.prompt_digest or "")
            if index == 0 and prompt in known:  # the log begins where an earlier one ended: nothing was tried
                continue
            known |= {prompt} if each.prompt_digest else set()
            yield Round(
                name=each.name,
                technique=each.technique,
                score=each.score,
                questions=each.questions,
                test_set=report.metadata.digest,
                file=shown(file, inputs),
                decoding=each.decoding or report.spec.decoding or inputs.spec.spec.decoding,
            )


def _acts_in_steps(inputs: Inputs) -> bool:
    """Whether answers are trajectories: of an agent, a chain of tools, or demonstrations of several tool calls."""
    goal = inputs.spec.spec.goal
    calls = goal.metrics[0].function == "tool_call" and any(each.trajectories for each in inputs.files.values())
    return calls or goal.application in (Application.AGENT, Application.TOOL_CHAIN)


def _accepted(override: Override | None) -> str:
    return f"{override.reason} ({override.owner})" if override else ""


def _success(rounds: tuple[Round, ...]) -> Measure | None:
    """Return the latest score of the prompt: how often the model succeeds on the test set."""
    return rounds[-1].measure if rounds else None


def _badcase_groups(inputs: Inputs) -> tuple[BadcaseGroup, ...]:
    """Return the measured classes, or without a report the labels of the rows."""
    body = inputs.spec.spec
    reports = list(current(inputs, BadcaseReport))
    if reports:
        return groups(reports[-1][1].spec, body.system.components, body.thresholds)
    counts: dict[str, int] = {}
    for file in _badcase_files(inputs):
        for name, count in file.classes:
            counts[name] = counts.get(name, 0) + count
    return tuple(
        BadcaseGroup(
            name=name,
            kind=BadcaseClass(name),
            count=count,
            reason="the label of the rows",
            at_fault=FLOW_CONTROL if name == BadcaseClass.FLOW_CONTROL else "",
        )
        for name, count in sorted(counts.items())
    )


def _badcase_files(inputs: Inputs) -> list[DataFile]:
    return [inputs.files[each.name] for each in inputs.spec.spec.data if each.purpose is Purpose.BADCASES]


def _attribution(inputs: Inputs) -> Attribution:
    latest = next(iter(reversed(list(current(inputs, BadcaseReport)))), None)
    report, path = (latest[1].spec, shown(latest[0], inputs)) if latest else (None, "")
    return attribute(_badcase_files(inputs), report, path, inputs.spec.spec.system.components)


def _limits(inputs: Inputs) -> Iterator[Limit]:
    """Yield the limits of the deployed system, each with its latest measurement."""
    constraints = inputs.spec.spec.goal.constraints
    latency = cost = None
    for file, report in current(inputs, ServingReport):
        if report.spec.latency_ms is not None:
            latency = measure_of(report.spec.latency_ms, shown(file, inputs))
        if report.spec.cost_usd is not None:
            cost = measure_of(report.spec.cost_usd, shown(file, inputs))
    if constraints.max_latency_ms is not None:
        yield Limit(field="maxLatencyMs", limit=constraints.max_latency_ms, measured=latency)
    if constraints.max_serving_cost_usd is not None:
        yield Limit(field="maxServingCostUsd", limit=constraints.max_serving_cost_usd, measured=cost)


def _serving_reading(limits: tuple[Limit, ...]) -> dict[GapKind, Reading]:
    """Return the reading of a compression gap by what serving costs; empty where nothing was measured."""
    measured = [each for each in limits if each.verdict is not None]
    evidence = tuple(
        Evidence(source=f"{each.measured.file} `{each.field}`", value=f"{each.measured}, at most {each.limit:g} wanted")
        for each in measured
        if each.measured is not None
    )
    exceeded = [each.field for each in measured if each.verdict is Verdict.PRESENT]
    if exceeded:
        reason = f"the deployed system exceeds {all_of(exceeded)}"
        return {GapKind.COMPRESSION: Reading(verdict=Verdict.PRESENT, reason=reason, evidence=evidence)}
    if measured and all(each.verdict is Verdict.ABSENT for each in limits):
        reason = "the deployed system keeps its limits"
        return {GapKind.COMPRESSION: Reading(verdict=Verdict.ABSENT, reason=reason, evidence=evidence)}
    return {}


def _declared(inputs: Inputs) -> Iterator[Declared]:
    for gap in inputs.spec.spec.gaps:
        override = gap.override
        yield Declared(
            kind=gap.kind, reason=override.reason if override else "", owner=override.owner if override else ""
        )


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
    reports = list(current(inputs, RewardPreflight))
    return checks(reports[-1][1].spec) if reports else ()
