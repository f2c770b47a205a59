"""Results that contradict themselves, and measures of different decodings."""

from pathlib import Path

import pytest
from selection.situations.measured import PLATEAU, own, probe, result, rounds
from selection.situations.situation import Situation, differences
from selection.situations.team import Team, badcases, demos, held_out, pairs

PREFERRED = probe(passAt16=0.93, unstableGain=0.38, valid=0.95, win=0.74)
WORSE = (-0.05, -0.08, -0.02)
DROPPED = Team(
    application="workflow",
    task="抽取合同字段",
    metrics={"exact_match": 0.9},
    sources=(held_out(), badcases(300), demos(1200), pairs(900)),
    gaps=("unstable", "preference"),
    evidence=(rounds(*PLATEAU), PREFERRED, own("base", 0.6, day=13), own("sft", 0.55, WORSE, "continue")),
)


def gated(method: str, gain: tuple[float, float, float], gate: str, score: float = 0.55) -> Team:
    return DROPPED.but(evidence=(rounds(*PLATEAU), PREFERRED, own("base", 0.6, day=13), own(method, score, gain, gate)))


CONTRADICTIONS = (
    Situation(
        name="sft below zero, and the gate says continue",
        team=DROPPED,
        answer="train",
        stages=("dpo",),
        says=("contradicts", "sft made the model worse"),
    ),
    Situation(
        name="below zero, and the gate says target-met",
        team=gated("sft", WORSE, "target-met"),
        answer="train",
        stages=("dpo",),
        says=("sft made the model worse",),
    ),
    Situation(
        name="below zero, and the gate says no-gain: worse all the same",
        team=gated("sft", WORSE, "no-gain"),
        answer="train",
        stages=("dpo",),
        says=("sft made the model worse",),
    ),
    Situation(
        name="above zero, and the gate says worse: nobody knows, so nothing is dropped",
        team=gated("sft", (0.08, 0.05, 0.11), "worse", 0.68),
        answer="train",
        stages=("sft", "dpo"),
        says=("contradicts",),
    ),
    Situation(
        name="above zero, and the gate says no-gain",
        team=gated("sft", (0.08, 0.05, 0.11), "no-gain", 0.68),
        answer="train",
        stages=("sft", "dpo"),
        says=("contradicts",),
    ),
    Situation(
        name="sft of another pipeline below zero, and its gate says continue",
        team=DROPPED.but(evidence=(rounds(*PLATEAU), PREFERRED, result("sft", 0.55, WORSE, "continue"))),
        answer="train",
        stages=("dpo",),
        says=("contradicts", "sft made the model worse"),
    ),
    Situation(
        name="an honest worse",
        team=gated("sft", WORSE, "worse"),
        answer="train",
        stages=("dpo",),
        says=("sft made the model worse",),
        never=("contradicts",),
    ),
    Situation(
        name="dpo after a good sft is worse: sft stays, dpo goes",
        team=gated("sft", (0.12, 0.08, 0.16), "continue", 0.72).with_(
            own("dpo", 0.62, (-0.1, -0.14, -0.06), "continue", day=15)
        ),
        answer="train",
        stages=("sft",),
        says=("contradicts", "dpo made the model worse"),
    ),
    Situation(
        name="around zero, and the gate says continue: no contradiction",
        team=gated("sft", (0.0, -0.02, 0.02), "continue", 0.6),
        answer="train",
        stages=("sft", "dpo"),
        never=("contradicts", "made the model worse"),
    ),
)

SAMPLED = probe(temperature=1.0, passAt1=0.62, passAt16=0.97, unstableGain=0.35)
GREEDY = probe(temperature=0.0, day=13, passAt1=(0.91, 0.89, 0.93), unstableGain=(0.0, -0.01, 0.01))
HOT = Team(
    application="workflow",
    task="抽取合同字段",
    metrics={"exact_match": 0.9},
    sources=(held_out(1000), badcases(120), demos(1200)),
    gaps=("unstable",),
    evidence=(rounds(0.56, 0.62, 0.625, 0.62, questions=1000), SAMPLED, GREEDY),
)


def decoded(*evidence: dict, **changes: object) -> Team:
    return HOT.but(evidence=(rounds(0.56, 0.62, 0.625, 0.62, questions=1000), *evidence), **changes)


DECODING = (
    Situation(
        name="fails at temperature 1, meets the target at 0",
        team=HOT,
        answer="prompt",
        says=("temperature 0",),
    ),
    Situation(
        name="the greedy probe comes first",
        team=decoded(GREEDY, SAMPLED),
        answer="prompt",
        says=("temperature 0",),
    ),
    Situation(
        name="greedy decoding helps, but misses the target",
        team=decoded(SAMPLED, probe(temperature=0.0, day=13, passAt1=0.70)),
        answer="train",
        stages=("sft",),
    ),
    Situation(
        name="greedy decoding is no better: pass@16 at 1 and pass@1 at 0 never meet",
        team=decoded(
            probe(temperature=1.0, passAt16=0.97, unstableGain=0.35),
            probe(temperature=0.0, day=13, passAt1=0.62, unstableGain=(0.0, -0.01, 0.01)),
        ),
        answer="train",
        stages=("sft",),
        never=("measured as absent",),
    ),
    Situation(
        name="a JSON Schema meets the target",
        team=decoded(
            probe(temperature=0.8, passAt1=0.60, passAt16=0.93, unstableGain=0.33),
            probe(temperature=0.8, constrained=True, day=14, passAt1=(0.96, 0.94, 0.98)),
        ),
        answer="prompt",
        says=("constrained",),
    ),
    Situation(
        name="a grammar helps tool calls, but not enough",
        team=decoded(
            probe(temperature=0.8, passAt1=0.40, passAt16=0.93, unstableGain=0.50),
            probe(temperature=0.8, constrained=True, day=14, passAt1=0.55),
        ),
        answer="train",
        stages=("sft",),
    ),
    Situation(
        name="rounds at 0 on the test set meet the target, the application decodes at 1",
        team=HOT.but(
            evidence=(
                rounds(0.56, 0.62, 0.625, 0.62, questions=1000, decoding={"temperature": 1.0}, day=9),
                rounds(0.93, questions=1000, decoding={"temperature": 0.0}, day=12),
                SAMPLED,
            ),
            more={"decoding": {"temperature": 1.0}},
        ),
        answer="prompt",
        says=("temperature 0",),
    ),
    Situation(
        name="two metrics: greedy decoding comes before training all the same",
        team=HOT.but(metrics={"exact_match": 0.9, "tool_call": 0.9}),
        answer="prompt",
        says=("temperature 0",),
    ),
    Situation(
        name="the application is greedy already, and fails",
        team=HOT.but(
            evidence=(
                rounds(0.56, 0.62, 0.625, 0.62, questions=1000),
                probe(passAt1=0.6, passAt16=0.95, unstableGain=0.35),
            ),
            more={"decoding": {"temperature": 0.0}},
        ),
        answer="train",
        stages=("sft",),
        never=("decode at",),
    ),
)


@pytest.mark.parametrize("situation", [*CONTRADICTIONS, *DECODING], ids=lambda situation: situation.name)
def test_a_situation(situation: Situation, tmp_path: Path) -> None:
    assert differences(situation, tmp_path) == []
