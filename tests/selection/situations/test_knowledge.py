"""What the model knows: domains it cannot read, facts it cannot recall, tasks it never learnt, and what waits for that."""

from pathlib import Path
from typing import Any

import pytest
from selection.situations.measured import PLATEAU, probe, rounds
from selection.situations.situation import Situation, differences
from selection.situations.team import Source, Team, badcases, chains, corpus, demos, held_out, pairs

CANNOT_READ = probe(openBook=0.22, control=0.81)
READS = probe(openBook=(0.91, 0.88, 0.94), control=0.81, recallGain=0.5)

INSURANCE = Team(
    application="rag",
    task="保险条款问答",
    metrics={"exact_match": 0.85},
    sources=(held_out(), badcases(260), corpus(4, volatile=True), demos(3000)),
    gaps=("unknown-domain",),
    evidence=(rounds(*PLATEAU), CANNOT_READ),
)
OFFLINE = {"constraints": {"closedBook": True}}


def domain(text: Source, measured: dict[str, Any] = CANNOT_READ, **changes: Any) -> Team:
    return INSURANCE.with_(sources=(text,)).but(evidence=(rounds(*PLATEAU), measured), **changes)


DOMAINS = (
    Situation(
        name="4 MB that change weekly, and the model fails with the passage at hand",
        team=INSURANCE,
        answer="train",
        says=("retrieval alone does not help", "passage at hand"),
        never=("put passages", "passages into the prompt"),
    ),
    Situation(
        name="400 MB that change weekly",
        team=domain(corpus(400, volatile=True)),
        answer="train",
        says=("changes faster",),
        never=("passages into the prompt",),
    ),
    Situation(
        name="4 MB that stay: too little for pre-training, so synthetic text",
        team=domain(corpus(4)),
        answer="train",
        says=("too small", "synthetic"),
        never=("passages into the prompt",),
    ),
    Situation(
        name="80 MB that stay: pre-train, then teach the task",
        team=domain(corpus(80)),
        answer="train",
        stages=("cpt", "sft"),
    ),
    Situation(
        name="80 MB in a law firm, nobody declared the gap",
        team=domain(corpus(80), gaps=(), task="answer questions on maritime law"),
        answer="train",
        stages=("cpt", "sft"),
    ),
    Situation(
        name="80 MB, and no demonstrations: pre-training alone teaches no task",
        team=domain(corpus(80)).but(sources=(held_out(), badcases(260), corpus(80))),
        answer="train",
        says=("demonstrations",),
    ),
    Situation(
        name="4 MB that change weekly, and the model reads them well: retrieval",
        team=domain(corpus(4, volatile=True), READS),
        answer="train",
        says=("retriev",),
        without=("cpt",),
        never=("does not help",),
    ),
    Situation(
        name="120 MB, offline, and the model cannot recall: pre-train",
        team=domain(corpus(120), READS, goal=OFFLINE),
        answer="train",
        stages=("cpt", "sft"),
    ),
    Situation(
        name="a volatile text, offline: neither",
        team=domain(corpus(120, volatile=True), READS, goal=OFFLINE),
        answer="train",
        never=("passages into the prompt",),
    ),
    Situation(
        name="the model is weak at general questions too: no gap of the domain",
        team=domain(corpus(80), probe(openBook=0.22, control=0.45)),
        answer="train",
        stages=("probe",),
        says=("unknown-domain", "absent"),
    ),
)

CLAIMS = Team(
    application="rag",
    task="保险理赔答复",
    metrics={"exact_match": 0.88},
    sources=(held_out(), badcases(400), pairs(2000)),
    gaps=({"kind": "preference", "statement": "客户不喜欢答案"},),
    evidence=(rounds(*PLATEAU), CANNOT_READ),
)
KEPT = {"kind": "preference", "override": {"reason": "条款下月下线，只调语气", "owner": "li"}}
NEVER = probe(passAt16=(0.01, 0.0, 0.03), passAt1=(0.0, 0.0, 0.01))
PREREQUISITES = (
    Situation(
        name="an unreadable domain without a corpus, and a preference beside it",
        team=CLAIMS,
        answer="train",
        says=("holds DPO", "override"),
    ),
    Situation(
        name="an owner keeps the preference",
        team=CLAIMS.but(gaps=(KEPT,)),
        answer="train",
        stages=("dpo",),
    ),
    Situation(
        name="the domain can be taught: everything in order",
        team=CLAIMS.with_(sources=(corpus(90), demos(800))),
        answer="train",
        stages=("cpt", "sft", "dpo"),
    ),
    Situation(
        name="a volatile corpus blocks the domain, chains wait",
        team=CLAIMS.with_(sources=(corpus(90, volatile=True), demos(800), chains(900))).but(gaps=("reasoning",)),
        answer="train",
        without=("cot", "sft"),
        says=("unknown domain",),
    ),
    Situation(
        name="sft on an unreadable domain waits too",
        team=CLAIMS.with_(sources=(demos(800),)).but(gaps=("unstable", "preference")),
        answer="train",
        stages=(),
    ),
    Situation(
        name="the model reads the domain: nothing is held",
        team=CLAIMS.but(evidence=(rounds(*PLATEAU), probe(openBook=0.66, control=0.81))),
        answer="train",
        stages=("dpo",),
    ),
    Situation(
        name="a policy that never succeeds, and demonstrations: sft, then pairs",
        team=CLAIMS.but(evidence=(rounds(*PLATEAU), NEVER)).with_(sources=(demos(800),)),
        answer="train",
        stages=("sft", "dpo"),
    ),
    Situation(
        name="a policy that never succeeds, and nothing to teach it with: pairs wait",
        team=CLAIMS.but(evidence=(rounds(*PLATEAU), NEVER), sources=(held_out(), badcases(25), pairs(2000))).but(
            more={"thresholds": {"minBadcases": 20}}
        ),
        answer="train",
        stages=(),
    ),
)

SMALL = "qwen2.5-7b-instruct/2024-09"
ROUTED = rounds(0.80, 0.87, 0.88, 0.88, questions=1000, model=SMALL)
STABLE = {"passAt1": 0.05, "passAt16": 0.12, "unstableGain": 0.07}
ROUTER = Team(
    application="workflow",
    task="意图路由：7B 输出意图编号",
    metrics={"exact_match": 0.95},
    goal={"constraints": {"maxLatencyMs": 200}},
    model=SMALL,
    sources=(held_out(1000), badcases(240, model=SMALL), demos(5000, name="utterances")),
    gaps=({"kind": "unstable", "statement": "12 % 的问题路由错"},),
    evidence=(
        ROUTED,
        probe(model=SMALL, passAt1=(0.05, 0.02, 0.08), passAt16=(0.12, 0.07, 0.17), unstableGain=(0.07, 0.04, 0.1)),
    ),
)


def router(*sources: Source, gaps: tuple[str, ...] = ("unstable",), **measures: Any) -> Team:
    kept = sources or (demos(5000, name="utterances"),)
    return ROUTER.but(
        evidence=(ROUTED, probe(model=SMALL, **measures)),
        sources=(held_out(1000), badcases(240, model=SMALL), *kept),
        gaps=gaps,
    )


CONSISTENT = {"passAt1": 0.06, "passAt16": 0.12, "unstableGain": 0.06, "agreement": 0.93, "control": 0.84}
UNTAUGHT = (
    Situation(
        name="consistent and wrong, with 5,000 labelled utterances",
        team=ROUTER,
        answer="train",
        stages=("sft",),
        never=("run the probe",),
    ),
    Situation(name="agreement was measured", team=router(**CONSISTENT), answer="train", stages=("sft",)),
    Situation(
        name="nobody declared a gap",
        team=router(gaps=(), **CONSISTENT),
        answer="train",
        stages=("sft",),
        says=("untaught",),
    ),
    Situation(
        name="declared as untaught, and not measured",
        team=ROUTER.but(gaps=("untaught",), evidence=(ROUTED,)),
        answer="train",
        stages=("sft",),
    ),
    Situation(
        name="20 labelled utterances are too few",
        team=router(demos(20), gaps=("untaught",), **CONSISTENT).but(
            sources=(held_out(1000), badcases(240, answered=0, model=SMALL), demos(20))
        ),
        answer="train",
        stages=None,
        without=("cpt", "dpo"),
    ),
    Situation(
        name="the samples disagree: unstable, not untaught",
        team=router(passAt1=0.45, passAt16=0.93, unstableGain=0.48, agreement=0.5, control=0.84),
        answer="train",
        stages=("sft",),
        never=("untaught",),
    ),
    Situation(
        name="weak in general too: too small a model, not an untaught one",
        team=router(**(CONSISTENT | {"control": 0.4})),
        answer="train",
        stages=("probe",),
        never=("run the probe",),
    ),
    Situation(
        name="every measured gap is absent: learn the task from the labels, never probe again",
        team=router(
            passAt1=0.45,
            passAt16=0.60,
            unstableGain=0.15,
            agreement=0.55,
            control=0.84,
            openBook=0.8,
            chainGain=(0.01, -0.02, 0.04),
            chainPValue=0.6,
            recallGain=0.05,
        ),
        answer="train",
        stages=("sft",),
        never=("run the probe",),
        says=("absent",),
    ),
)


@pytest.mark.parametrize("situation", [*DOMAINS, *PREREQUISITES, *UNTAUGHT], ids=lambda situation: situation.name)
def test_a_situation(situation: Situation, tmp_path: Path) -> None:
    assert differences(situation, tmp_path) == []
