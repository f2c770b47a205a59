"""Candidates: the systems that were measured, compared with every goal of the spec."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from compiler.selection.facts import Facts, Goal, Guard, Limit, Result
from compiler.selection.figures import Evidence, Measure, Round, Verdict
from runtime.contract.metrics import GENERAL_GUARD


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A prompt round, a finished stage or a probe: its score by metric; `result` is set for a stage."""

    name: str
    scores: Mapping[str, Measure]
    result: Result | None = None

    @property
    def is_trained(self) -> bool:
        """Whether training made it."""
        return self.result is not None and bool(self.result.method)


def candidates(facts: Facts) -> tuple[Candidate, ...]:
    """Return what was measured: comparable prompt rounds, stages that were kept, and a probe of the spec's decoding."""
    return (*on_test_set(facts), *_probes(facts))


def on_test_set(facts: Facts) -> tuple[Candidate, ...]:
    """Return what was measured on the test set; probes measure badcases."""
    found = [Candidate(name=each.name, scores=_scores_of_round(each, facts)) for each in facts.counted_rounds]
    for result in facts.results:
        if not result.is_worse:
            found.append(Candidate(name=result.job, scores=result.scores, result=result))
    return tuple(found)


def _scores_of_round(counted: Round, facts: Facts) -> dict[str, Measure]:
    """Return the round's score by metric: other metrics of the same prompt and decoding."""
    least = facts.thresholds.min_questions
    others = {
        metric: each.measure
        for metric, rounds in facts.other_rounds.items()
        for each in rounds
        if (each.name, each.decoding) == (counted.name, counted.decoding) and each.questions >= least
    }
    return {facts.metric: counted.measure} | others


def _probes(facts: Facts) -> Iterator[Candidate]:
    """Yield pass@1 of the decoding that the system uses; one that is merely possible is rule C2's."""
    for run in facts.probes:
        cheaper = run.decoding.temperature == 0 or run.decoding.constrained
        if run.decoding == facts.decoding or (facts.decoding is None and not cheaper):
            yield Candidate(name="passAt1", scores={facts.metric: run.pass_at1})


def best(facts: Facts, found: Sequence[Candidate] | None = None) -> Candidate | None:
    """Return the candidate with the best deciding score, by the lower end of its interval; the first of equal ones.

    `found` are the candidates to choose from, by default all.
    """
    scored = [each for each in (candidates(facts) if found is None else found) if facts.metric in each.scores]
    return max(scored, key=lambda each: each.scores[facts.metric].low, default=None)


def quality_met(candidate: Candidate, facts: Facts) -> bool:
    """Return whether every metric's interval lies above its target."""
    return all(goal_verdict(candidate, goal) is Verdict.PRESENT for goal in facts.goals)


def goal_verdict(candidate: Candidate, goal: Goal) -> Verdict | None:
    """Return `present` where the metric clears its target, `absent` where it misses it; None if not measured."""
    score = candidate.scores.get(goal.name)
    if score is None:
        return None
    if score.low >= goal.target:
        return Verdict.PRESENT
    return Verdict.ABSENT if score.high < goal.target else Verdict.INSUFFICIENT


def guard_verdict(candidate: Candidate, guard: Guard, facts: Facts) -> Verdict | None:
    """Return `absent` where a guarded metric certainly fell by more than its margin; None if not measured.

    A prompt changes no weights: it is the baseline that trained models are compared with.
    """
    if candidate.result is None or not candidate.is_trained:
        return Verdict.PRESENT
    if guard.name == GENERAL_GUARD:
        return _worst([_fell(each.value, each.high, -guard.margin) for each in candidate.result.general])
    score, baseline = candidate.scores.get(guard.name), _baseline(guard, facts)
    if score is None or baseline is None:
        return None
    return _fell(score.value, score.high, baseline - guard.margin)


def fallen_guards(candidate: Candidate, facts: Facts) -> list[str]:
    """Return the guarded metrics that certainly fell by more than their margin."""
    return [each.name for each in facts.guards if guard_verdict(candidate, each, facts) is Verdict.ABSENT]


def _fell(value: float, high: float, limit: float) -> Verdict:
    if round(high, 9) < round(limit, 9):
        return Verdict.ABSENT
    return Verdict.PRESENT if round(value, 9) >= round(limit, 9) else Verdict.INSUFFICIENT


def _worst(verdicts: list[Verdict]) -> Verdict | None:
    order = (Verdict.ABSENT, Verdict.INSUFFICIENT, Verdict.PRESENT)
    return min(verdicts, key=order.index, default=None)


def _baseline(guard: Guard, facts: Facts) -> float | None:
    if guard.baseline is not None:
        return guard.baseline
    base = next(
        (each.scores[guard.name] for each in facts.results if not each.method and guard.name in each.scores), None
    )
    if base is not None:
        return base.value
    rounds = facts.rounds if guard.name == facts.metric else facts.other_rounds.get(guard.name, ())
    return max((each.score for each in rounds), default=None)


def goals_evidence(candidate: Candidate, facts: Facts) -> tuple[Evidence, ...]:
    """Return every goal with the candidate's figure, in the spec's order."""
    metrics = [_of_goal(candidate, index, goal) for index, goal in enumerate(facts.goals)]
    guards = [_of_guard(candidate, guard, facts) for guard in facts.guards]
    return (*metrics, *guards, *(limit_evidence(each) for each in facts.limits))


def _of_goal(candidate: Candidate, index: int, goal: Goal) -> Evidence:
    score = candidate.scores.get(goal.name)
    measured = f"{score}, {score.file} `{candidate.name}`" if score else "not measured"
    return Evidence(source=f"spec.goal.metrics[{index}]", value=f"{goal.name} {measured}; target {goal.target:g}")


def _of_guard(candidate: Candidate, guard: Guard, facts: Facts) -> Evidence:
    words = {
        Verdict.PRESENT: "holds",
        Verdict.ABSENT: "fell",
        Verdict.INSUFFICIENT: "within noise",
        None: "not measured",
    }
    state = words[guard_verdict(candidate, guard, facts)]
    return Evidence(source="spec.goal.mustNotFall", value=f"{guard.name} by at most {guard.margin:g}: {state}")


def limit_evidence(limit: Limit) -> Evidence:
    """Return a limit with its measurement."""
    measured = f"{limit.measured}, {limit.measured.file}" if limit.measured else "not measured"
    return Evidence(source=f"spec.goal.constraints.{limit.field}", value=f"at most {limit.limit:g}; {measured}")
