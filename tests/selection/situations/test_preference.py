"""Preference as it is: right against wrong, two valid answers, fixes alone, and pairs that say nothing."""

from pathlib import Path
from typing import Any

import pytest
from selection.situations.measured import PLATEAU, probe, rounds
from selection.situations.situation import REFUSED, Situation, differences
from selection.situations.team import Source, Team, badcases, demos, held_out, local, pairs, thumbs

ADVICE = Team(
    application="rag",
    task="投顾问答",
    metrics={"exact_match": 0.9},
    sources=(held_out(), badcases(2000)),
    gaps=({"kind": "preference", "statement": "人工修正：正确答案 vs 错误答案"},),
    evidence=(rounds(*PLATEAU), probe(valid=(0.06, 0.03, 0.09), win=(0.97, 0.95, 0.99))),
)


def fixed(rows: int, *sources: Source, **measures: Any) -> Team:
    evidence = (rounds(*PLATEAU), *((probe(**measures),) if measures else ()))
    return ADVICE.but(sources=(held_out(), badcases(rows), *sources), evidence=evidence)


WRONG = {"valid": (0.04, 0.01, 0.07), "win": (0.98, 0.96, 1.0)}
RIGHT_AGAINST_WRONG = (
    Situation(
        name="2,000 logged wrong answers with their fixes, measured",
        team=ADVICE,
        answer="train",
        stages=("dpo",),
    ),
    Situation(
        name="600 fixes of arithmetic in English, right at times",
        team=fixed(600, passAt16=0.72, passAt1=0.3, **WRONG).but(
            metrics={"numeric_answer": 0.9},
            task="answer questions on quarterly reports",
            evidence=(rounds(*PLATEAU, metric="numeric_answer"), probe(passAt16=0.72, passAt1=0.3, **WRONG)),
        ),
        answer="train",
        stages=("dpo",),
    ),
    Situation(
        name="as committed pairs of an agent's calls",
        team=fixed(80, pairs(1500), passAt16=0.55, passAt1=0.2, **WRONG).but(application="agent"),
        answer="train",
        stages=("dpo",),
    ),
    Situation(
        name="the model never succeeds: pairs teach it nothing yet",
        team=fixed(2000, passAt16=(0.01, 0.0, 0.03), **WRONG),
        answer="train",
        stages=None,
        without=("dpo",),
        says=("hardly ever right",),
    ),
    Situation(
        name="the model seldom succeeds: dpo is not the answer",
        team=fixed(2000, passAt16=(0.15, 0.11, 0.19), **WRONG),
        answer="train",
        stages=None,
        without=("dpo",),
    ),
    Situation(
        name="20 fixes are too few pairs",
        team=fixed(20).but(
            metrics={"expert_score": 0.9},
            evidence=(rounds(*PLATEAU, metric="expert_score"), probe(**WRONG)),
            more={"thresholds": {"minBadcases": 20}},
        ),
        answer="train",
        says=("too few",),
    ),
    Situation(
        name="two valid answers, of which people prefer one",
        team=fixed(80, pairs(900), valid=0.95, win=0.74),
        answer="train",
        stages=("dpo",),
    ),
    Situation(
        name="two valid answers that people like the same",
        team=fixed(80, pairs(900), valid=0.95, win=0.51),
        answer="train",
        stages=("probe",),
    ),
    Situation(name="not measured at all", team=fixed(400), answer="train", stages=("dpo",)),
)

TONE = Team(
    application="rag",
    task="客服话术",
    metrics={"expert_score": 0.8},
    sources=(held_out(300), badcases(1500, answered=0)),
    gaps=("preference",),
    evidence=(rounds(*PLATEAU, metric="expert_score"), probe(valid=0.95, win=(0.74, 0.70, 0.78))),
)


def fixes(rows: int, answered: int = 0, *sources: Source, **measures: Any) -> Team:
    """Fixes of a metric that Jobs can check."""
    return TONE.but(
        metrics={"exact_match": 0.9},
        sources=(held_out(), badcases(rows, answered=answered), *sources),
        evidence=(rounds(*PLATEAU), probe(valid=0.95, win=(0.74, 0.70, 0.78), **measures)),
    )


FIXES = (
    Situation(
        name="1,500 fixes, the wrong answers are lost, and only people can judge",
        team=TONE,
        answer="train",
        stages=("sft",),
        says=("wrong answers are missing", "1,500 fixes", "people judge"),
        never=("right against wrong", "right and the other wrong"),
    ),
    Situation(
        name="a verifiable metric and a model that succeeds at times: sample the wrong answers",
        team=fixes(400, passAt16=0.6),
        answer="train",
        stages=("sample", "dpo"),
    ),
    Situation(
        name="a verifiable metric and a model that never succeeds: sft on the fixes",
        team=fixes(400, passAt16=(0.01, 0.0, 0.03)),
        answer="train",
        stages=("sft",),
    ),
    Situation(
        name="40 fixes and people as the judge: too few for either",
        team=TONE.but(sources=(held_out(300), badcases(40, answered=0))),
        answer="train",
        says=("40",),
    ),
    Situation(
        name="700 of 1,500 have their wrong answer",
        team=TONE.but(sources=(held_out(300), badcases(1500, answered=700))),
        answer="train",
        stages=("dpo",),
    ),
    Situation(
        name="25 of 400 have their wrong answer: too few pairs, enough fixes",
        team=TONE.but(sources=(held_out(300), badcases(400, answered=25))),
        answer="train",
        stages=("sft",),
        says=("400 fixes",),
    ),
    Situation(
        name="60 old demonstrations beside 1,500 fixes: the fixes are not ignored",
        team=TONE.with_(sources=(demos(60),)),
        answer="train",
        stages=("sft",),
        says=("1,500 fixes",),
    ),
    Situation(
        name="thumbs of users beside the fixes",
        team=TONE.with_(sources=(thumbs(2000),)),
        answer="train",
        stages=("kto",),
    ),
    Situation(
        name="English, an unmeasured preference of tone",
        team=TONE.but(
            task="write friendly replies",
            metrics={"helpfulness": 0.8},
            evidence=(rounds(*PLATEAU, metric="helpfulness"),),
            sources=(held_out(300), badcases(300, answered=0)),
        ),
        answer="train",
        stages=("sft",),
        says=("300 fixes",),
    ),
)


def commas(count: int) -> list[dict[str, str]]:
    """Pairs that differ by a comma."""
    return [
        {
            "prompt": f"我的订单 {1000 + n} 到哪里了？已经等了 {n} 天",
            "chosen": f"您好，订单 {1000 + n} 已经在 {n} 号仓库完成拣货，预计 {n} 天之内送达，请您保持电话畅通",
            "rejected": f"您好，订单 {1000 + n} 已经在 {n} 号仓库完成拣货，预计 {n} 天之内送达请您保持电话畅通",
        }
        for n in range(count)
    ]


def exclamations(count: int) -> list[dict[str, str]]:
    return [
        {
            "prompt": f"Where is parcel {n}? I ordered it {n} days ago.",
            "chosen": f"Your parcel {n} left depot {n % 7} this morning and arrives within {n % 5 + 2} days.",
            "rejected": f"Your parcel {n} left depot {n % 7} this morning and arrives within {n % 5 + 2} days!",
        }
        for n in range(count)
    ]


def preferring(made: Source, cases: Source | None = None) -> Team:
    return TONE.but(
        metrics={"exact_match": 0.9},
        sources=(held_out(300), cases or badcases(120, answered=0), made),
        evidence=(rounds(*PLATEAU), probe(valid=(0.97, 0.95, 0.99), win=(0.74, 0.70, 0.78))),
    )


DIFFER = ("differ",)
NEAR = (
    Situation(
        name="200 pairs that differ by one comma",
        team=preferring(local("pairs", "preferences", "preference", commas(200))),
        answer="train",
        says=DIFFER,
    ),
    Situation(
        name="100 English pairs that differ by the last character",
        team=preferring(local("pairs", "preferences", "preference", exclamations(100))),
        answer="train",
        says=DIFFER,
    ),
    Situation(name="900 near pairs on a card", team=preferring(pairs(900, near=900)), answer="train", says=DIFFER),
    Situation(name="180 of 200 are near", team=preferring(pairs(200, near=180)), answer="train", says=DIFFER),
    Situation(name="half of 800 are near", team=preferring(pairs(800, near=400)), answer="train", stages=("dpo",)),
    Situation(name="a tenth of 800 are near", team=preferring(pairs(800, near=80)), answer="train", stages=("dpo",)),
    Situation(
        name="all 300 pairs have equal answers",
        team=preferring(pairs(300, same=300)),
        answer=REFUSED,
        says=("both answers are the same",),
    ),
    Situation(
        name="fixes that change one unit only",
        team=fixed(500).but(sources=(held_out(), badcases(500, near=500))),
        answer="train",
        says=DIFFER,
    ),
    Situation(
        name="near pairs, but badcases with real fixes",
        team=preferring(pairs(200, near=200), badcases(300)),
        answer="train",
        stages=("dpo",),
    ),
    Situation(
        name="near pairs, but thumbs of users",
        team=preferring(pairs(200, near=200)).with_(sources=(thumbs(2000),)),
        answer="train",
        stages=("kto",),
    ),
)


@pytest.mark.parametrize("situation", [*RIGHT_AGAINST_WRONG, *FIXES, *NEAR], ids=lambda situation: situation.name)
def test_a_situation(situation: Situation, tmp_path: Path) -> None:
    assert differences(situation, tmp_path) == []
