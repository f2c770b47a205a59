"""What a test set can prove, and which figures count: too few questions, and stale evidence."""

from pathlib import Path

import pytest
from selection.situations.measured import PLATEAU, own, probe, result, rounds
from selection.situations.situation import Situation, differences
from selection.situations.team import Team, badcases, demos, held_out

UNSTABLE = probe(passAt16=0.93, unstableGain=0.38)
OTHER = "qwen3-8b-instruct/2026-05"

# 60 questions: 0.91 is no more than the target 0.90
INVOICES = Team(
    application="workflow",
    task="发票字段抽取",
    metrics={"exact_match": 0.9},
    sources=(held_out(60), badcases(60), demos(1500)),
    gaps=("unstable",),
    evidence=(rounds(0.8, 0.905, 0.91, 0.91, questions=60),),
)


def scored(*scores: float, questions: int, target: float = 0.9, **changes: object) -> Team:
    """The invoices, with other scores of the prompt rounds on other test sets."""
    evidence = (UNSTABLE, rounds(*scores, questions=questions))
    sources = (held_out(questions), badcases(120), demos(1500))
    return INVOICES.but(metrics={"exact_match": target}, sources=sources, evidence=evidence, **changes)


TEST_SETS = (
    Situation(
        name="0.91 on 60 questions, target 0.90",
        team=INVOICES,
        answer="collect",
        says=("cannot tell", "questions"),
    ),
    Situation(
        name="0.91 on 2,000 questions is still no proof of 0.90",
        team=scored(0.80, 0.905, 0.91, 0.91, questions=2000),
        answer="collect",
        says=("cannot tell",),
    ),
    Situation(
        name="0.93 on 2,000 questions proves 0.90",
        team=scored(0.80, 0.92, 0.93, 0.93, questions=2000),
        answer="done",
        never=("add ",),
    ),
    Situation(
        name="0.98 on 60 questions proves 0.80",
        team=scored(0.90, 0.98, 0.98, 0.98, questions=60, target=0.8),
        answer="done",
    ),
    Situation(
        name="35 questions cannot prove 0.95, even if all are right",
        team=scored(0.40, 0.60, 0.60, 0.60, questions=35, target=0.95),
        answer="collect",
        says=("questions",),
    ),
    Situation(
        name="200 questions show a gain of thirty points",
        team=scored(0.40, 0.52, 0.52, 0.52, questions=200, target=0.85),
        answer="train",
        stages=("sft",),
    ),
    Situation(
        name="0.86 on 200 questions, target 0.88: noise below the target",
        team=scored(0.70, 0.86, 0.86, 0.86, questions=200, target=0.88),
        answer="collect",
        says=("questions",),
    ),
    Situation(
        name="2,000 questions show a gain of five points",
        team=scored(0.70, 0.80, 0.80, 0.80, questions=2000, target=0.85),
        answer="train",
        stages=("sft",),
        never=("add ",),
    ),
    Situation(
        name="0.88 on 100 questions after 0.80: the prompt still gains, so nobody adds questions for training yet",
        team=scored(0.60, 0.74, 0.80, 0.84, questions=100, target=0.95),
        answer="prompt",
        stages=("optimize-prompt",),
    ),
    Situation(
        name="an own stage within noise of the target, on 300 questions",
        team=scored(0.70, 0.74, 0.74, 0.74, questions=300).with_(
            own("sft", (0.895, 0.855, 0.925), (0.15, 0.10, 0.20), questions=300)
        ),
        answer="collect",
        stages=None,
        says=("questions",),
    ),
)


CONTRACTS = Team(
    application="workflow",
    task="抽取合同字段",
    metrics={"exact_match": 0.9},
    sources=(held_out(), badcases(300, model=OTHER), demos(1200)),
    gaps=("unstable",),
    evidence=(rounds(*PLATEAU, model=None), probe(model=OTHER, passAt16=0.93, unstableGain=0.38)),
)
CURRENT = (rounds(*PLATEAU), UNSTABLE)
STALE = (
    Situation(
        name="rounds that name no model",
        team=CONTRACTS,
        answer="prompt",
        stages=("optimize-prompt",),
        says=("names no model", OTHER),
    ),
    Situation(
        name="rounds of an older revision",
        team=CONTRACTS.but(evidence=(rounds(*PLATEAU, model=OTHER), UNSTABLE)),
        answer="prompt",
        stages=("optimize-prompt",),
        says=(OTHER, "no prompt round"),
    ),
    Situation(
        name="an older probe only: the gap is declared, but not measured",
        team=CONTRACTS.but(evidence=(rounds(*PLATEAU), probe(model=OTHER, passAt16=0.3, unstableGain=0.02))),
        answer="train",
        stages=("sft",),
        says=("does not count",),
    ),
    Situation(
        name="rounds of a metric that the goal does not have",
        team=CONTRACTS.but(evidence=(rounds(*PLATEAU, metric="field_f1"), UNSTABLE)),
        answer="prompt",
        stages=("optimize-prompt",),
        says=("field_f1",),
    ),
    Situation(
        name="rounds on the rows that the model would be trained on",
        team=CONTRACTS.but(evidence=(rounds(*PLATEAU, test_set="demos"), UNSTABLE)),
        answer="prompt",
        stages=("optimize-prompt",),
        says=("`demos`",),
    ),
    Situation(
        name="rounds on an unknown test set are used, and marked",
        team=CONTRACTS.but(evidence=(rounds(*PLATEAU, test_set="elsewhere"), UNSTABLE)),
        answer="train",
        stages=("sft",),
    ),
    Situation(
        name="rounds on an unknown test set, which the spec refuses",
        team=CONTRACTS.but(
            evidence=(rounds(*PLATEAU, test_set="elsewhere"), UNSTABLE),
            more={"evidence": {"unverified": "refuse"}},
        ),
        answer="prompt",
        stages=("optimize-prompt",),
        says=("digest",),
    ),
    Situation(
        name="an older model met the target",
        team=CONTRACTS.but(evidence=(*CURRENT, result("sft", 0.97, 0.2, "target-met", model=OTHER))),
        answer="train",
        stages=("sft",),
        says=(OTHER,),
    ),
    Situation(
        name="a stage met the target on another test set",
        team=CONTRACTS.but(evidence=(*CURRENT, result("sft", 0.97, 0.2, "target-met", test_set="last year"))),
        answer="train",
        stages=("sft",),
        says=("other evaluation data",),
    ),
    Situation(
        name="rounds of the new revision in a second document, after those of the old one",
        team=CONTRACTS.but(evidence=(rounds(*PLATEAU, model=OTHER, day=3), *CURRENT)),
        answer="train",
        stages=("sft",),
    ),
)


@pytest.mark.parametrize("situation", [*TEST_SETS, *STALE], ids=lambda situation: situation.name)
def test_a_situation(situation: Situation, tmp_path: Path) -> None:
    assert differences(situation, tmp_path) == []
