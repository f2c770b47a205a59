"""Predicates of the goals: quality, guards, latency and cost all bind."""

from compiler.selection.candidates import (
    Candidate,
    best,
    candidates,
    fallen_guards,
    goal_verdict,
    goals_evidence,
    guard_verdict,
    limit_evidence,
    on_test_set,
    quality_met,
)
from compiler.selection.facts import Facts
from compiler.selection.figures import Evidence, Verdict
from compiler.selection.model import Advise, Effect, EnterPhase, Finding, Phase, fired, silent
from compiler.spec.schema.types import GapKind


def target_met(facts: Facts) -> Finding:
    """DONE: one measured system meets every goal beyond measurement noise."""
    closest = closest_candidate(facts)
    if closest is None:
        return silent("nothing has been measured yet", *standing(facts))
    evidence = goals_evidence(closest, facts)
    missing = _missing(closest, facts)
    if missing:
        return silent(missing[0], *evidence)
    if costs_too_much(facts):
        return silent("the quality goals are met, but serving costs too much", *evidence)
    trained = "training meets" if closest.is_trained else "prompts alone meet"
    goals = "the target" if len(evidence) == 1 else "every goal"
    return fired(f"{trained} {goals}", evidence, EnterPhase(Phase.DONE), Advise(_keep(closest, facts)))


def standing(facts: Facts) -> tuple[Evidence, ...]:
    """Return every goal with the figure of the system that misses the fewest."""
    closest = closest_candidate(facts)
    return goals_evidence(closest if closest is not None else Candidate(name="", scores={}), facts)


def closest_candidate(facts: Facts) -> Candidate | None:
    """Return the candidate that misses the fewest goals, the best of them by the deciding metric."""
    scored = [each for each in candidates(facts) if facts.metric in each.scores]
    return min(scored, key=lambda each: (len(_missing(each, facts)), -each.scores[facts.metric].low), default=None)


def _missing(candidate: Candidate, facts: Facts) -> list[str]:
    """Return why each goal that the candidate misses, or that nobody measured, is not met."""
    found = []
    for goal in facts.goals:
        verdict = goal_verdict(candidate, goal)
        if verdict is None:
            found.append(f"`{goal.name}` of `{candidate.name}` is not measured")
        elif verdict is not Verdict.PRESENT:
            found.append(f"the interval of `{goal.name}` does not lie above its target")
    for guard in facts.guards:
        verdict = guard_verdict(candidate, guard, facts)
        if verdict is not Verdict.PRESENT:
            found.append(f"guard `{guard.name}` {'fell' if verdict is Verdict.ABSENT else 'is not shown to hold'}")
    for limit in facts.limits:
        if limit.verdict is not Verdict.ABSENT:
            found.append(
                f"`{limit.field}` is {'exceeded' if limit.verdict is Verdict.PRESENT else 'not shown to hold'}"
            )
    return found


def _keep(candidate: Candidate, facts: Facts) -> str:
    result = candidate.result
    if result is None or not result.method:
        return "keep the prompt unchanged, and continue to collect badcases"
    adapters = ", ".join(f"`{each}`" for each in result.adapters)
    evaluated = f"the model that `{result.job}` evaluated"
    model = f"`{facts.model}` with {adapters} merged in this order" if adapters else evaluated
    return f"deploy {model}, and continue to collect badcases"


def costs_too_much(facts: Facts) -> bool:
    """Return whether serving exceeds a limit, by measurement or as the team declares it.

    With a teacher the declared gap is the teacher's: the spec's model is what replaces it.
    """
    if any(each.verdict is Verdict.PRESENT for each in facts.limits):
        return True
    declared = facts.teacher is None and any(each.kind is GapKind.COMPRESSION for each in facts.declared)
    kept = bool(facts.limits) and all(each.verdict is Verdict.ABSENT for each in facts.limits)
    return declared and not kept


def meets_quality(facts: Facts) -> Candidate | None:
    """Return the best candidate that meets every metric and breaks no guard; None if there is none."""
    fitting = [each for each in candidates(facts) if quality_met(each, facts) and not fallen_guards(each, facts)]
    return best(facts, fitting)


def unmeasured_goals(facts: Facts) -> Finding:
    """E2: a goal that nobody measured is not met."""
    candidate = meets_quality(facts) or _partly_measured(facts)
    if candidate is None:
        return silent("the quality goals are not met yet, so they come first", *map(limit_evidence, facts.limits))
    evidence = goals_evidence(candidate, facts)
    effects: list[Effect] = [
        Advise(f"measure `{goal.name}` of `{candidate.name}` on the test set, and commit its figures as evidence")
        for goal in facts.goals
        if goal_verdict(candidate, goal) is None
    ]
    for guard in facts.guards:
        if guard_verdict(candidate, guard, facts) in (None, Verdict.INSUFFICIENT):
            effects.append(
                Advise(f"measure `{guard.name}` before and after training, on more questions if within noise")
            )
    for limit in facts.limits:
        if limit.verdict is None:
            what = f"measure `{limit.field}` of the deployed system, and commit a `ServingReport` as evidence"
            effects.append(Advise(what))
        elif limit.verdict is Verdict.INSUFFICIENT:
            effects.append(Advise(f"measure `{limit.field}` on more requests: its interval contains the limit"))
    if not effects or costs_too_much(facts):
        return silent("every goal that is met is measured", *evidence)
    met = "quality goals are met" if meets_quality(facts) else "metrics that were measured meet their targets"
    reason = f"the {met}, but other goals are not measured"
    return fired(reason, evidence, EnterPhase(Phase.COLLECT), *effects)


def _partly_measured(facts: Facts) -> Candidate | None:
    """Return the best candidate that meets every metric but those that nobody measured; None if there is none."""
    measured = {name for each in on_test_set(facts) for name in each.scores}
    if measured >= {each.name for each in facts.goals}:
        return None

    def fits(candidate: Candidate) -> bool:
        verdicts = {goal_verdict(candidate, goal) for goal in facts.goals}
        return verdicts == {Verdict.PRESENT, None} and not fallen_guards(candidate, facts)

    return best(facts, [each for each in on_test_set(facts) if fits(each)])


def compression_only(facts: Facts) -> Finding:
    """T1: quality is met and serving costs too much: train a cheaper model, whatever the prompt rounds do."""
    candidate = meets_quality(facts)
    if candidate is None or not costs_too_much(facts):
        reason = "the quality goals are not met" if candidate is None else "no limit of serving is exceeded"
        return silent(reason, *map(limit_evidence, facts.limits))
    return fired(
        "the quality goals are met, but serving costs too much: only a cheaper model helps",
        goals_evidence(candidate, facts),
        EnterPhase(Phase.TRAIN),
    )
