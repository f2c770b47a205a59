"""Plateau, worse and still gaining are three things: what opens reinforcement learning, and what does not."""

from pathlib import Path
from typing import Any

import pytest
from selection.situations.measured import PLATEAU, own, preflight, probe, result, rounds
from selection.situations.situation import Situation, differences
from selection.situations.team import Team, badcases, demos, held_out, pairs, queries

CODE = {
    "rules.py": 'def score(prompts, completions, **_):\n    """40 rules."""\n    return [0.5 for _ in completions]\n'
}
PASSES = preflight(CODE)
SIGNAL = probe(day=17, passAt16=(0.74, 0.69, 0.79), rewardSpread=(0.57, 0.51, 0.63))
NO_GAIN, GAIN, WORSE = (0.012, -0.01, 0.03), (0.09, 0.05, 0.13), (-0.06, -0.09, -0.03)


def history(*results: dict[str, Any], reward: dict[str, Any] = PASSES, signal: dict[str, Any] = SIGNAL) -> Team:
    """40 rules of compliance, after these stages."""
    return Team(
        application="workflow",
        task="合规答复，40 条规则同时满足",
        metrics={"exact_match": 0.9},
        sources=(held_out(), badcases(260), pairs(1800), demos(2500), queries(1000)),
        gaps=({"kind": "rule-constraints", "statement": "40 条规则，合规写法不唯一"},),
        evidence=(rounds(*PLATEAU), signal, reward, *results),
        more={"reward": {"kind": "programmatic", "functions": [{"use": "rules:score"}]}},
        code=CODE,
    )


def sft(gain: tuple[float, float, float], gate: str, day: int = 14, **more: Any) -> dict[str, Any]:
    return result("sft", 0.74, gain, gate, day=day, **more)


def dpo(gain: tuple[float, float, float], gate: str, day: int = 16, **more: Any) -> dict[str, Any]:
    return result("dpo", 0.745, gain, gate, day=day, **more)


PLATEAUS = (
    Situation(
        name="sft gained nothing, a later dpo gained",
        team=history(sft(NO_GAIN, "no-gain"), dpo(GAIN, "continue")),
        answer="train",
        stages=("dpo",),
        says=("still gains",),
        never=("has plateaued",),
    ),
    Situation(
        name="the same, the files in another order",
        team=history(dpo(GAIN, "continue"), sft(NO_GAIN, "no-gain")),
        answer="train",
        stages=("dpo",),
        says=("still gains",),
    ),
    Situation(
        name="the same, the Jobs have names of nobody's plan and no word of where they ran",
        team=history(sft(NO_GAIN, "no-gain", ran_in=None), dpo(GAIN, "continue", ran_in=None)),
        answer="train",
        stages=("dpo",),
    ),
    Situation(
        name="sft gained nothing, and that is the latest",
        team=history(sft(NO_GAIN, "no-gain")),
        answer="train",
        stages=("grpo",),
    ),
    Situation(
        name="sft gained, a later dpo gained nothing",
        team=history(sft(GAIN, "continue"), dpo(NO_GAIN, "no-gain")),
        answer="train",
        stages=("grpo",),
    ),
    Situation(
        name="dpo gained nothing, a later sft gained",
        team=history(dpo(NO_GAIN, "no-gain", 12), sft(GAIN, "continue", 15)),
        answer="train",
        without=("grpo", "ppo"),
        stages=None,
        says=("still gains",),
    ),
    Situation(
        name="sft made the model worse: no plateau",
        team=history(sft(WORSE, "worse")),
        answer="train",
        stages=None,
        without=("grpo", "ppo"),
        says=("worse",),
    ),
    Situation(
        name="dpo made the model worse after sft gained",
        team=history(sft(GAIN, "continue"), dpo(WORSE, "worse")),
        answer="train",
        stages=None,
        without=("grpo", "ppo"),
        says=("worse",),
    ),
    Situation(
        name="worse, then no gain: the latest is a plateau",
        team=history(sft(WORSE, "worse", 12), dpo(NO_GAIN, "no-gain")),
        answer="train",
        stages=("grpo",),
    ),
    Situation(
        name="gain, worse, gain: still gains",
        team=history(sft(GAIN, "continue", 12), dpo(WORSE, "worse", 13), dpo(GAIN, "continue", 16)),
        answer="train",
        stages=("dpo",),
        says=("still gains",),
    ),
    Situation(
        name="a plateau of this plan's own sft",
        team=history(own("base", 0.73, day=13), own("sft", 0.74, NO_GAIN, "no-gain")),
        answer="train",
        stages=("sft", "grpo"),
    ),
    Situation(
        name="a plateau of an older model opens nothing",
        team=history(sft(NO_GAIN, "no-gain", model="qwen3-8b-instruct/2026-05")),
        answer="train",
        stages=None,
        without=("grpo",),
    ),
    Situation(
        name="a plateau on another test set opens nothing",
        team=history(sft(NO_GAIN, "no-gain", test_set="last year")),
        answer="train",
        stages=None,
        without=("grpo",),
    ),
    Situation(
        name="a plateau, but people do not agree with the reward",
        team=history(
            sft(NO_GAIN, "no-gain"),
            reward=preflight(CODE, humanAgreement={"positives": 60, "negatives": 60, "tpr": 0.7, "tnr": 0.9}),
        ),
        answer="train",
        stages=None,
        without=("grpo", "ppo"),
    ),
    Situation(
        name="a plateau, and the base model never succeeds: sft first",
        team=history(sft(NO_GAIN, "no-gain"), signal=probe(day=17, passAt16=(0.01, 0.0, 0.03))),
        answer="train",
        stages=("sft", "grpo"),
        says=("never succeeds",),
    ),
    Situation(
        name="a plateau, and parts of an answer need credit of their own",
        team=history(sft(NO_GAIN, "no-gain")).but(
            more={"reward": {"kind": "programmatic", "functions": [{"use": "rules:score"}], "perTokenCredit": True}}
        ),
        answer="train",
        stages=None,
        without=("grpo",),
    ),
    Situation(
        name="the gate says no-gain, and the figures say nine points: no plateau",
        team=history(sft(GAIN, "no-gain")),
        answer="train",
        stages=None,
        without=("grpo", "ppo"),
        says=("contradicts",),
    ),
    Situation(
        name="a gain that general ability paid for: no plateau",
        team=history(
            sft(GAIN, "no-gain", reason="general answers lost -0.08 (95 % interval -0.1 to -0.06)"),
        ),
        answer="train",
        stages=None,
        without=("grpo", "ppo"),
        says=("worse",),
        never=("contradicts",),
    ),
    Situation(
        name="nothing was trained yet: sft or dpo come first",
        team=history(),
        answer="train",
        stages=None,
        without=("grpo", "ppo"),
    ),
)


@pytest.mark.parametrize("situation", PLATEAUS, ids=lambda situation: situation.name)
def test_a_situation(situation: Situation, tmp_path: Path) -> None:
    assert differences(situation, tmp_path) == []
