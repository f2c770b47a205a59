"""The gate of an evaluation: every target and guard binds, each with its interval."""

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from runtime.contract.goal_blocks import GateBlock, MetricBlock
from runtime.evaluate.baselines import Baseline
from runtime.evaluate.forgetting import TextBits
from runtime.evaluate.question_sets import GENERAL, HELD_OUT, QuestionSet
from runtime.evaluate.scored import BaselineAnswers, ScoredSet
from runtime.evaluate.verdict import Measured, decision, gate_report
from runtime.model.generate import Answer
from runtime.scoring.metrics import Score
from runtime.stage.gate import Change, Decision, Goal, decide
from runtime.stage.statistics import Interval

REACHED, NEAR = (0.5, 0.6, 0.7), (0.4, 0.6, 0.7)  # by a target of 0.5
UP, FLAT, DOWN = (0.01, 0.1, 0.2), (-0.1, 0.0, 0.1), (-0.2, -0.1, -0.01)
Bounds = tuple[float, float, float]


def interval(low: float, value: float, high: float) -> Interval:
    return Interval(value=value, low=low, high=high, n=100)


def goal(value: Bounds, gain: Bounds | None, metric: str = "exact_match") -> Goal:
    return Goal(metric=metric, value=interval(*value), target=0.5, gain=interval(*gain) if gain else None)


@pytest.mark.parametrize(
    ("value", "gain", "verdict"),
    [
        (REACHED, None, "target-met"),
        (REACHED, FLAT, "target-met"),
        (NEAR, None, "continue"),
        (NEAR, UP, "continue"),
        (NEAR, (0.0, 0.1, 0.2), "no-gain"),
        (NEAR, (-0.2, -0.1, 0.0), "no-gain"),
        (NEAR, DOWN, "worse"),
    ],
)
def test_one_goal(value: Bounds, gain: Bounds | None, verdict: str) -> None:
    decided = decide([goal(value, gain)])
    assert decided.verdict == verdict
    assert f"`exact_match` is {value[1]:.3f}" in decided.reason
    assert f"target 0.5 {'' if value is REACHED else 'not '}reached" in decided.reason


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ((REACHED, UP), (REACHED, FLAT), "target-met"),
        ((REACHED, UP), (NEAR, FLAT), "continue"),  # the first goal gains
        ((REACHED, FLAT), (NEAR, UP), "continue"),  # only the second is open, and it gains
        ((REACHED, FLAT), (NEAR, FLAT), "no-gain"),
        ((REACHED, FLAT), (NEAR, DOWN), "no-gain"),
        ((REACHED, DOWN), (NEAR, UP), "worse"),
        ((NEAR, FLAT), (NEAR, UP), "no-gain"),  # gains are by the first goal until it is met
        ((NEAR, FLAT), (REACHED, UP), "no-gain"),
        ((NEAR, UP), (REACHED, FLAT), "continue"),
        ((NEAR, UP), (NEAR, DOWN), "continue"),  # a goal is no guard
        ((REACHED, None), (NEAR, None), "continue"),
    ],
)
def test_the_target_is_met_only_if_every_goal_is(first: Any, second: Any, verdict: str) -> None:
    decided = decide([goal(*first), goal(*second, metric="tool_call")])
    assert decided.verdict == verdict
    assert "`exact_match` is 0.600" in decided.reason
    assert "`tool_call` is 0.600" in decided.reason


def test_a_goal_that_nobody_measured_is_not_met() -> None:
    decided = decide([goal(REACHED, UP)], unmeasured=["helpfulness"])
    assert (decided.verdict, "`helpfulness` is not measured here" in decided.reason) == ("continue", True)


@pytest.mark.parametrize(
    ("value", "gain", "loss", "verdict", "reported"),
    [
        # a loss beyond what is tolerated stops a plan whose target is met, and one that gained
        (REACHED, UP, (-0.3, -0.1, -0.021), "worse", True),
        (NEAR, UP, (-0.3, -0.1, -0.021), "worse", True),
        (NEAR, DOWN, (-0.3, -0.1, -0.021), "worse", True),
        # a tolerated loss is reported
        (NEAR, UP, (-0.3, -0.1, -0.02), "continue", True),
        (REACHED, UP, (-0.03, -0.02, -0.01), "target-met", True),
        # and a loss that may be noise is not
        (NEAR, UP, (-0.3, -0.1, 0.0), "continue", False),
    ],
)
def test_what_a_gain_may_cost(value: Bounds, gain: Bounds, loss: Bounds, verdict: str, reported: bool) -> None:
    change = Change(name="`exact_match` on general rows", gain=interval(*loss), tolerated=0.02)
    decided = decide([goal(value, gain)], [change])
    assert (decided.verdict, "general rows lost" in decided.reason) == (verdict, reported)
    assert decided.gain == interval(*gain)
    unlimited = decide([goal(value, gain)], [Change(name="badcases", gain=interval(*loss), tolerated=None)])
    assert unlimited.verdict == decide([goal(value, gain)]).verdict


@pytest.mark.parametrize(("loss", "verdict"), [((-0.3, -0.1, -0.03), "worse"), ((-0.3, -0.1, -0.01), "continue")])
def test_a_corpus_needs_no_gain_but_must_not_cost_general_ability(loss: Bounds, verdict: str) -> None:
    change = Change(name="general text", gain=interval(*loss), tolerated=0.02)
    for gain in (DOWN, UP):
        decided = decide([goal(REACHED, gain)], [change], needs_gain=False)
        assert decided.verdict == verdict
        assert "general text lost" in decided.reason


def test_a_bound_that_equals_the_target_reaches_it() -> None:
    value = Goal(metric="exact_match", value=interval(4 / 5, 0.9, 1.0), target=0.8, gain=None)
    assert decide([value]).verdict == "target-met"


ROWS = 200


def scored(shares: dict[str, float], name: str = HELD_OUT) -> ScoredSet:
    """Answers of which the first ones are right, as many as each metric's share."""
    rows = [{"id": str(at), "prompt": "?", "reference": "1"} for at in range(ROWS)]
    questions = QuestionSet(name=name, rows=rows, metrics=[MetricBlock(name=each) for each in shares])
    answer = Answer(text="1", prompt_tokens=1, tokens=1, is_cut=False, seconds=0.1)
    scores = {
        each: {at: Score(value=float(at < share * ROWS), reason="") for at in range(ROWS)}
        for each, share in shares.items()
    }
    return ScoredSet(questions=questions, answers=[answer] * ROWS, scores=scores)


def earlier(*sets: ScoredSet, bits: Sequence[float] = ()) -> Baseline:
    answers = {
        each.questions.name: BaselineAnswers(
            predictions=["1"] * ROWS,
            scores={name: {at: score.value for at, score in column.items()} for name, column in each.scores.items()},
        )
        for each in sets
    }
    return Baseline(sets=answers, texts=texts(bits) if bits else None)


def texts(bits: Sequence[float]) -> TextBits:
    return TextBits(sizes=[50] * len(bits), bits=list(bits))


def decided(gate: dict[str, Any], now: dict[str, float], general: tuple[float, float] | None = None) -> Decision:
    """Decide after two stages: the base had half of all answers right, the stage before 0.6 of `exact_match`."""
    base, before = {"exact_match": 0.5, "tool_call": 0.5}, {"exact_match": 0.6, "tool_call": 0.45}
    sets = [[scored(each)] for each in (base, before, now)]
    if general is not None:
        for each, share in zip(sets, (general[0], general[0], general[1]), strict=True):
            each.append(scored({"exact_match": share}, GENERAL))
    baselines = {"base": earlier(*sets[0]), "sft": earlier(*sets[1])}
    measured = Measured(found={each.questions.name: each for each in sets[2]}, texts=None, baselines=baselines)
    block = GateBlock.model_validate({"metric": "exact_match", "target": 0.9, "baseline": "sft"} | gate)
    return decision(block, measured)


def guard(metric: str, margin: float, **against: Any) -> dict[str, Any]:
    return {"guards": [{"metric": metric, "margin": margin} | (against or {"baseline": "base"})]}


@pytest.mark.parametrize(
    ("tool_call", "margin", "verdict"),
    [
        (0.40, 0.02, "worse"),  # 20 of 200 lost against the base: more than 2 in a hundred for certain
        (0.44, 0.02, "worse"),  # no loss to the stage before, but one to the base
        (0.48, 0.02, "continue"),  # a loss within the margin
        (0.40, 0.2, "continue"),
        (0.60, 0.02, "continue"),
    ],
)
def test_a_guarded_metric_is_compared_with_the_base_model(tool_call: float, margin: float, verdict: str) -> None:
    found = decided(guard("tool_call", margin), {"exact_match": 0.7, "tool_call": tool_call})
    assert found.verdict == verdict
    assert found.reason.startswith("guarded metric `tool_call` lost -0") == (verdict == "worse")


@pytest.mark.parametrize(("value", "verdict"), [(0.9, "worse"), (0.55, "continue")])
def test_a_guard_may_have_a_recorded_value(value: float, verdict: str) -> None:
    assert decided(guard("tool_call", 0.02, value=value), {"exact_match": 0.7, "tool_call": 0.5}).verdict == verdict


@pytest.mark.parametrize(("margin", "verdict"), [(0.02, "worse"), (0.2, "continue")])
@pytest.mark.parametrize("against", [{"baseline": "base"}, {"value": 0.6}])
def test_a_guard_of_general_ability_sets_what_it_may_lose(margin: float, verdict: str, against: dict[str, Any]) -> None:
    now = {"exact_match": 0.7, "tool_call": 0.5}
    assert decided({}, now, general=(0.6, 0.5)).verdict == "worse"
    assert decided(guard("general", margin, **against), now, general=(0.6, 0.5)).verdict == verdict


def test_the_report_has_the_gains_of_all_metrics_and_the_guards() -> None:
    now, before = scored({"exact_match": 0.7, "tool_call": 0.4}), scored({"exact_match": 0.6, "tool_call": 0.5})
    baselines = {"base": earlier(before, bits=[100.0] * 30)}
    measured = Measured(found={HELD_OUT: now}, texts=texts([120.0] * 30), baselines=baselines)
    guards = guard("tool_call", 0.05)["guards"] + guard("general", 0.1)["guards"]
    gate = {"metric": "exact_match", "target": 0.9, "baseline": "base", "guards": guards}
    report = gate_report(GateBlock.model_validate(gate), measured)
    assert {name: gain["value"] for name, gain in report["gains"].items()} == {"tool_call": pytest.approx(-0.1)}
    assert [(each["name"], each["margin"]) for each in report["guards"]] == [
        ("guarded metric `tool_call`", 0.05),
        ("`bits_per_byte` on general rows", 0.1),
    ]
    assert report["guards"][1]["gain"]["value"] == pytest.approx(-0.2)


def test_a_guard_has_one_comparison() -> None:
    for extra in ({}, {"baseline": "base", "value": 0.5}):
        with pytest.raises(ValidationError, match="either `baseline` or `value`"):
            GateBlock.model_validate(
                {"metric": "exact_match", "target": 0.5, "baseline": None}
                | {"guards": [{"metric": "tool_call", "margin": 0.02, **extra}]}
            )
