"""Every goal binds: cost and latency of serving, several metrics, guards."""

from pathlib import Path
from typing import Any

import pytest
from selection.situations.measured import PLATEAU, estimate, own, probe, rounds, serving
from selection.situations.situation import Situation, differences
from selection.situations.team import Team, badcases, demos, held_out, queries

LARGE = "qwen2-72b-instruct/2026-06"
MET = rounds(0.85, 0.92, 0.93, questions=2000, model=LARGE)
TICKETS = Team(
    application="workflow",
    task="客服工单摘要与归类",
    metrics={"exact_match": 0.88},
    model=LARGE,
    sources=(held_out(2000), badcases(140, model=LARGE), queries(6000)),
    gaps=({"kind": "compression", "statement": "70B 达标，但成本超预算 8 倍"},),
    evidence=(MET,),
)


def limited(limits: dict[str, float], *evidence: dict[str, Any], gaps: tuple[str, ...] = ()) -> Team:
    return TICKETS.but(goal={"constraints": limits}, evidence=(MET, *evidence), gaps=gaps)


def teacher(access: str = "weights", **changes: Any) -> dict[str, Any]:
    name, revision = LARGE.split("/")
    stated = {"name": name, "revision": revision, "access": access, "license": "Apache-2.0", "outputsMayTrain": True}
    stated |= {"endpoint": "https://teacher.example.com/v1"} if access == "text" else {"sharesVocabulary": True}
    return {"teacher": stated | changes}


STUDENT = Team(
    application="workflow",
    task="summaries of support tickets",
    metrics={"exact_match": 0.88},
    sources=(held_out(2000), badcases(140), queries(6000)),
    gaps=("compression",),
    evidence=(
        rounds(0.60, 0.70, 0.71, 0.71, questions=2000),
        probe(passAt1=0.2, teacherPassAt1=(0.95, 0.93, 0.97), teacherGain=0.25),
    ),
    more=teacher(),
)
BOTH = {"exact_match": 0.9, "tool_call": 0.98}
CALLS = Team(
    application="workflow",
    task="抽取并按 JSON 调用",
    metrics=BOTH,
    sources=(held_out(600), badcases(90), demos(1500, messages=True)),
    gaps=("unstable",),
    evidence=(
        rounds(*PLATEAU),
        probe(passAt1=0.6, passAt16=0.93, unstableGain=0.33),
        own("sft", {"exact_match": (0.93, 0.905, 0.95), "tool_call": (0.89, 0.862, 0.913)}, 0.2, "target-met"),
    ),
)


def after(scores: dict[str, Any], metrics: dict[str, float] = BOTH, **changes: Any) -> Team:
    """The calls after sft, with these scores."""
    found = own("sft", scores, 0.2, "target-met", questions=600)
    return CALLS.but(metrics=metrics, evidence=(*CALLS.evidence[:2], found), **changes)


THREE = {"exact_match": 0.9, "tool_call": 0.95, "numeric_answer": 0.8}
ALL_MET = {
    "exact_match": (0.93, 0.905, 0.95),
    "tool_call": (0.99, 0.985, 0.995),
    "numeric_answer": (0.88, 0.85, 0.91),
}
GUARDED = {"mustNotFall": [{"name": "tool_call", "margin": 0.02, "baseline": 0.99}]}
COST = (
    Situation(
        name="a 70B model meets the target at eight times the budget",
        team=TICKETS,
        answer="train",
        says=("smaller model",),
    ),
    Situation(
        name="a cost limit that a serving report exceeds, and no gap is declared",
        team=limited({"maxServingCostUsd": 0.5}, serving(cost=4.0, model=LARGE)),
        answer="train",
        says=("smaller model",),
    ),
    Situation(
        name="a latency limit that is exceeded",
        team=limited({"maxLatencyMs": 300}, serving(latency=(0.9, 0.8, 1.0), model=LARGE)).but(
            evidence=(MET, _slow := serving(latency=(900.0, 850.0, 950.0), model=LARGE))
        ),
        answer="train",
        says=("smaller model",),
    ),
    Situation(
        name="cost within the limit",
        team=limited({"maxServingCostUsd": 0.5}, serving(cost=0.2, model=LARGE)),
        answer="done",
    ),
    Situation(
        name="a latency limit that is kept, and a cost that is not",
        team=limited({"maxServingCostUsd": 0.5, "maxLatencyMs": 1000}, _slow, serving(cost=2.0, model=LARGE)),
        answer="train",
        says=("smaller model",),
    ),
    Situation(
        name="a cost limit that nobody measured",
        team=limited({"maxServingCostUsd": 0.5}),
        answer="collect",
        says=("measure", "cost"),
    ),
    Situation(
        name="a cost around its limit",
        team=limited({"maxServingCostUsd": 0.5}, serving(cost=(0.5, 0.45, 0.55), model=LARGE)),
        answer="collect",
        says=("cost",),
    ),
    Situation(
        name="a report of another model's cost does not count",
        team=limited({"maxServingCostUsd": 0.5}, serving(cost=0.1)),
        answer="collect",
        says=("does not count",),
    ),
    Situation(
        name="a cost of serving that names no model does not count",
        team=limited({"maxServingCostUsd": 0.5}, serving(cost=0.1, model=None)),
        answer="collect",
        says=("names no model",),
    ),
    Situation(
        name="the model that sft made good enough is too slow",
        team=CALLS.but(
            metrics={"exact_match": 0.9},
            goal={"constraints": {"maxLatencyMs": 300}},
            evidence=(
                *CALLS.evidence[:2],
                own("sft", (0.93, 0.905, 0.95), 0.2, "target-met", questions=600),
                serving(latency=(800.0, 760.0, 840.0)),
            ),
        ),
        answer="train",
        says=("smaller model",),
        never=("deploy",),
    ),
    Situation(
        name="a small student learns from the weights of the large model",
        team=STUDENT,
        answer="train",
        stages=("distill",),
    ),
    Situation(
        name="a small student learns from answers over an endpoint",
        team=STUDENT.but(more=teacher("text")),
        answer="train",
        stages=("teacher", "sft"),
    ),
    Situation(
        name="the licence forbids to train on the answers",
        team=STUDENT.but(more=teacher("text", outputsMayTrain=False)),
        answer="train",
        says=("licence",),
    ),
    Situation(
        name="the teacher is below the target",
        team=STUDENT.but(
            evidence=(
                rounds(0.60, 0.70, 0.71, 0.71, questions=2000),
                probe(passAt1=0.2, teacherPassAt1=(0.8, 0.77, 0.83), teacherGain=0.25),
            )
        ),
        answer="train",
        says=("target",),
    ),
)

GOALS = (
    Situation(
        name="exact match is met, tool calls are nine points below",
        team=CALLS,
        answer="train",
        stages=("sft",),
        never=("deploy",),
    ),
    Situation(name="both are met", team=after(ALL_MET), answer="done"),
    Situation(name="three of three are met", team=after(ALL_MET, THREE), answer="done"),
    Situation(
        name="the third of three is missed",
        team=after(ALL_MET | {"numeric_answer": (0.7, 0.66, 0.74)}, THREE),
        answer="train",
        stages=("sft",),
    ),
    Situation(
        name="the second is met, the first is not",
        team=after(ALL_MET | {"exact_match": (0.80, 0.77, 0.83)}),
        answer="train",
        stages=("sft",),
    ),
    Situation(
        name="the second lies within noise of its target",
        team=after(ALL_MET | {"tool_call": (0.985, 0.975, 0.992)}),
        answer="collect",
        stages=None,
        says=("cannot tell",),
    ),
    Situation(
        name="the second was not measured",
        team=after({"exact_match": (0.93, 0.905, 0.95)}),
        answer="collect",
        says=("measure `tool_call`",),
    ),
    Situation(
        name="a guard is broken",
        team=after(
            {"exact_match": (0.93, 0.905, 0.95), "tool_call": (0.93, 0.91, 0.95)}, {"exact_match": 0.9}, goal=GUARDED
        ),
        answer="train",
        says=("`tool_call` fell",),
        never=("every goal is met",),
    ),
    Situation(
        name="general ability fell by seven points, and the gate of the runtime stopped there",
        team=CALLS.but(
            metrics={"exact_match": 0.95},
            evidence=(
                *CALLS.evidence[:2],
                own(
                    "sft",
                    0.85,
                    0.14,
                    "no-gain",
                    reason="general answers lost -0.07, more than the tolerated 0.02",
                    general=[
                        {"measure": "exact_match", "total": 300, "score": estimate(0.6), "gain": estimate(-0.07, 0.02)}
                    ],
                ),
            ),
        ),
        answer="train",
        says=("made the model worse",),
    ),
    Situation(
        name="a guard is kept",
        team=after(
            {"exact_match": (0.93, 0.905, 0.95), "tool_call": (0.99, 0.985, 0.995)}, {"exact_match": 0.9}, goal=GUARDED
        ),
        answer="done",
    ),
    Situation(
        name="rounds of both metrics in two documents, one target missed",
        team=CALLS.but(
            evidence=(
                rounds(0.85, 0.94, 0.94, 0.94, questions=2000),
                rounds(0.80, 0.88, 0.88, 0.88, questions=2000, metric="tool_call"),
                probe(passAt1=0.6, passAt16=0.93, unstableGain=0.33),
            ),
            sources=(held_out(2000), badcases(90), demos(1500)),
        ),
        answer="train",
        stages=("sft",),
    ),
    Situation(
        name="rounds of both metrics in two documents, both targets met",
        team=CALLS.but(
            evidence=(
                rounds(0.85, 0.93, 0.993, 0.993, questions=2000, metric="tool_call"),
                rounds(0.85, 0.93, 0.94, 0.94, questions=2000),
            ),
            sources=(held_out(2000), badcases(90), demos(1500)),
        ),
        answer="done",
    ),
    Situation(
        name="prompts still gain on the second metric: more prompt work, no training",
        team=CALLS.but(
            evidence=(
                rounds(0.85, 0.94, 0.94, 0.94, questions=2000),
                rounds(0.80, 0.86, 0.90, 0.94, questions=2000, metric="tool_call"),
                probe(passAt1=0.6, passAt16=0.93, unstableGain=0.33),
            ),
            sources=(held_out(2000), badcases(90), demos(1500)),
        ),
        answer="prompt",
        stages=("optimize-prompt",),
        says=("tool_call",),
    ),
    Situation(
        name="the deciding metric is met by prompts, and nobody measured the other",
        team=CALLS.but(
            evidence=(rounds(0.85, 0.93, 0.94, 0.94, questions=2000),),
            sources=(held_out(2000), badcases(90), demos(1500)),
        ),
        answer="collect",
        stages=None,
        says=("tool_call", "measure"),
    ),
)


@pytest.mark.parametrize("situation", [*COST, *GOALS], ids=lambda situation: situation.name)
def test_a_situation(situation: Situation, tmp_path: Path) -> None:
    assert differences(situation, tmp_path) == []
