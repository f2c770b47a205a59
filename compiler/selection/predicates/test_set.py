"""The predicate of the test set: whether it can tell the score from the target, and show the gain that is needed."""

from math import floor

from compiler.selection.candidates import best, goal_verdict, on_test_set
from compiler.selection.facts import Facts
from compiler.selection.figures import Evidence, Measure, Verdict
from compiler.selection.model import Advise, EnterPhase, Finding, Phase, fired, silent
from compiler.selection.power import (
    can_clear,
    effective_questions,
    questions_for_gain,
    questions_to_clear,
    questions_to_separate,
    smallest_gain,
)
from compiler.spec.schema.thresholds import Thresholds
from compiler.spec.schema.types import Purpose

ENOUGH = 0.01  # a difference between score and target that is not worth more questions


def test_set_decides(facts: Facts) -> Finding:
    """E1: a test set that cannot show the gain that is needed cannot justify training either."""
    now = best(facts, on_test_set(facts))
    if now is None or not facts.plateaued:
        return silent("no plateau of prompt rounds is measured yet", _size(facts))
    unmet = [each for each in facts.goals if each.name in now.scores and goal_verdict(now, each) is not Verdict.PRESENT]
    shown = [_size(facts)]
    for goal in unmet:
        score, questions = now.scores[goal.name], _questions(facts)
        discordance = _discordance(facts, goal.target - score.value)
        detects = smallest_gain(questions, discordance, facts.thresholds.power)
        source = f"{score.file} `{now.name}`"
        shown.append(Evidence(source=source, value=f"{goal.name} {score}, target {goal.target:g}"))
        shown.append(_detects(detects, discordance, facts))
        refusal = _refusal(score, goal.target, questions, discordance, detects, facts.thresholds)
        if refusal is not None:
            reason, needed = refusal
            if facts.small_test_set:
                return silent(f"{reason}, which is accepted: {facts.small_test_set}", *shown)
            measured = facts.counted_rounds[-1].questions if now.result is None else round(questions)
            step = _step(needed, questions, score, goal.target, measured)
            return fired(reason, tuple(shown), EnterPhase(Phase.COLLECT), Advise(step))
    return silent("the test set can show the gain that is needed", *shown)


def _step(needed: int | None, questions: float, score: Measure, target: float, measured: int) -> str:
    """Return how the test set can decide; `measured` is the number of questions behind the score."""
    if needed is None:
        return "lower the target: no number of questions can show that it is met"
    if measured < min(needed, round(questions)):
        return f"measure the best prompt on all {round(questions):,} questions of the test set"
    if score.low >= target - ENOUGH or needed <= questions:
        lower = floor(100 * score.low) / 100
        return f"the score is at the target: lower the target to {lower:g} if that is enough, or improve the prompt"
    more = max(1, needed - round(questions))
    return f"add {more:,} questions of real users to the test set, and measure the best prompt on all of them"


def _refusal(
    score: Measure, target: float, questions: float, discordance: float, detects: float | None, limits: Thresholds
) -> tuple[str, int | None] | None:
    """Return why the test set cannot decide, and the questions that can."""
    wanted = target - score.value
    least = max(wanted, limits.plateau_min_gain)
    if not can_clear(questions, target):
        reason = f"even with every answer right, {questions:,.0f} questions cannot show that the target is met"
        return reason, questions_to_clear(target)
    if score.low < target <= score.high:
        needed = questions_to_separate(score.value, target, ENOUGH, 0.5)
        return f"the test set cannot tell {score.value:.3f} from the target {target:g}", needed
    if wanted > 0 and (detects is None or detects > least):
        needed = questions_for_gain(least, discordance, limits.power)
        return f"the test set cannot detect the gain of {least:.3f} that is needed", needed
    return None


def _questions(facts: Facts) -> float:
    """Return the independent questions of the test set; those of one cluster count once."""
    held_out = facts.of(Purpose.EVALUATION)
    rows = sum(each.file.rows for each in held_out)
    # a data card does not count clusters
    groups = sum(len(each.file.clusters) + each.file.unclustered or each.file.rows for each in held_out)
    if not rows:
        return float(facts.counted_rounds[-1].questions)
    return effective_questions(rows, groups, 1.0)


def _discordance(facts: Facts, wanted: float) -> float:
    """Return the share of questions whose verdict a stage changes: as the latest result measured it, else assumed."""
    measured = [each.discordance for each in facts.results if each.discordance is not None]
    return min(1.0, max(measured[-1] if measured else facts.thresholds.discordance, wanted))


def _size(facts: Facts) -> Evidence:
    held_out = facts.of(Purpose.EVALUATION)
    shown = ", ".join(f"`{each.name}` {each.file.rows:,} questions" for each in held_out)
    return Evidence(source="evaluation data", value=shown or "none")


def _detects(detects: float | None, discordance: float, facts: Facts) -> Evidence:
    power = f"with {facts.thresholds.power:.0%} power where {discordance:.0%} of the verdicts change"
    return Evidence(
        source="smallest gain that it detects", value=f"{'none' if detects is None else f'{detects:.3f}'} {power}"
    )
