"""First errors that the model did not make: flow control, retrievers, tools, parsers, indexes, speech recognition."""

from pathlib import Path

import pytest
from selection.situations.measured import PLATEAU, kind, probe, report, rounds
from selection.situations.situation import Situation, differences
from selection.situations.team import Source, Team, badcases, corpus, demos, held_out, local

UNSTABLE = probe(passAt16=0.93, unstableGain=0.38)

OPERATIONS = Team(
    application="agent",
    task="运维智能体",
    metrics={"tool_call": 0.85},
    components={"planner": "规划", "search-tool": "搜索"},
    sources=(held_out(300), badcases(120), demos(900, messages=True)),
    gaps=("unstable",),
    evidence=(
        report(900, kind("planner-loops-on-search", 120, "planner", 1.0, flowControl=True)),
        rounds(*PLATEAU, metric="tool_call"),
    ),
)


def labelled(count: int, **labels: str) -> list[dict[str, str]]:
    """Rows of badcases with labels, all with different questions."""
    name = next(iter(labels.values()))
    return [
        {
            "id": f"{name}-{n}",
            "prompt": f"host {n} of the {name} cluster is down, what happened at {n * 7 % 24}:00?",
            "answer": f"nothing in case {n} of {name}",
            "fix": f"the disk {n} of {name} was full and the service restarted",
            "model": "qwen3-8b-instruct/2026-08",
            "prompt_version": "v4",
        }
        | labels
        for n in range(count)
    ]


FLOW = kind("retries-for-ever", 105, "orchestrator", 0.7, flowControl=True)
WRONG = kind("wrong-argument", 45, "planner", 0.3)
RETRIES = Team(
    application="tool-chain",
    task="book meeting rooms over three calendars",
    metrics={"exact_match": 0.9},
    components={"planner": "chooses the next call", "orchestrator": "runs the calls"},
    sources=(held_out(), badcases(150), demos(800)),
    gaps=("unstable",),
    evidence=(report(700, FLOW, WRONG), UNSTABLE, rounds(*PLATEAU)),
)
FLOW_CONTROL = (
    Situation(
        name="all badcases are loops of the planner's code",
        team=OPERATIONS,
        answer="prompt",
        says=("flow control", "agent's code"),
        never=("label the `kind`", "training (SFT) follows"),
    ),
    Situation(
        name="70 % are retries of the orchestrator, measured",
        team=RETRIES,
        answer="prompt",
        says=("flow control", "measure the prompt again"),
    ),
    Situation(
        name="the same, the model's kind first",
        team=RETRIES.but(evidence=(rounds(*PLATEAU), UNSTABLE, report(700, WRONG, FLOW))),
        answer="prompt",
        says=("flow control",),
    ),
    Situation(
        name="the same, while prompts still gain",
        team=RETRIES.but(evidence=(report(700, FLOW, WRONG), UNSTABLE, rounds(0.4, 0.5, 0.6, 0.68))),
        answer="prompt",
        says=("flow control",),
    ),
    Situation(
        name="rows say flow control themselves, all of them, and nobody wrote a report",
        team=OPERATIONS.without("BadcaseReport").with_(
            sources=(local("badcases", "badcases", "badcase", labelled(60, **{"class": "flow-control"})),)
        ),
        answer="prompt",
        says=("flow control",),
    ),
    Situation(
        name="20 % are faults of the flow control, and cards do not say which rows: trained, and said",
        team=RETRIES.but(
            evidence=(
                report(
                    700, kind("retries", 30, "orchestrator", 0.2, flowControl=True), kind("args", 120, "planner", 0.8)
                ),
                UNSTABLE,
                rounds(*PLATEAU),
            )
        ),
        answer="train",
        stages=("sft",),
        says=("150", "label"),
    ),
    Situation(
        name="a quarter of the rows are labelled as flow control: the others are trained on",
        team=RETRIES.without("BadcaseReport").with_(
            sources=(
                local(
                    "badcases",
                    "badcases",
                    "badcase",
                    labelled(30, **{"class": "flow-control"}) + labelled(90, **{"class": "systemic"}),
                ),
            )
        ),
        answer="train",
        stages=("sft",),
        says=("90 badcases",),
    ),
)

MANUALS = Team(
    application="rag",
    task="产品手册问答",
    metrics={"exact_match": 0.9},
    components={"retriever": "bge 检索", "generator": "生成答案"},
    sources=(held_out(), badcases(320), demos(2000), corpus(18)),
    gaps=("unstable",),
    evidence=(
        report(
            1000,
            kind("gold-passage-not-retrieved", 270, "retriever", 0.84, intents=8),
            kind("misread-passage", 50, "generator", 0.16, intents=4),
        ),
        rounds(*PLATEAU),
    ),
)


def at_fault(component: str, role: str, share: float, *evidence: dict, **changes: object) -> Team:
    """The manuals, where another component makes this share of the first errors, and the generator the others."""
    here = round(320 * share)
    return MANUALS.but(
        components={component: role, "generator": "生成答案"},
        evidence=(
            report(1000, kind("upstream", here, component, share), kind("misread", 320 - here, "generator", 1 - share)),
            rounds(*PLATEAU),
            UNSTABLE,
            *evidence,
        ),
        **changes,
    )


COMPONENTS = (
    Situation(
        name="the retriever misses the passage in 84 %",
        team=MANUALS,
        answer="collect",
        says=("`retriever`", "measure the prompt again"),
        never=("few-shot", "restructure"),
    ),
    Situation(
        name="a reranker drops the passage in 55 %, without a kind",
        team=at_fault("reranker", "cross-encoder", 0.55),
        answer="collect",
        says=("`reranker`",),
    ),
    Situation(
        name="a parser of scans loses table cells in 60 %, with a kind",
        team=at_fault("scan-reader", "parser: turns scans into text", 0.6, application="workflow"),
        answer="collect",
        says=("`scan-reader`",),
    ),
    Situation(
        name="a stale index in 45 %",
        team=at_fault("faq-store", "index: nightly build", 0.45),
        answer="collect",
        says=("`faq-store`",),
    ),
    Situation(
        name="a tool returns wrong weather in 80 %",
        team=at_fault("weather-api", "third-party service", 0.8, application="agent"),
        answer="collect",
        says=("`weather-api`",),
    ),
    Situation(
        name="speech recognition in 70 %, stated as a tool",
        team=at_fault("asr", "tool: 语音识别", 0.7),
        answer="collect",
        says=("`asr`",),
    ),
    Situation(
        name="speech recognition in 70 %, without a kind",
        team=at_fault("asr", "语音识别", 0.7),
        answer="collect",
        says=("`asr`",),
    ),
    Situation(
        name="a component that nobody can name a kind for: ask before training on its faults",
        team=at_fault("frobnicator", "second step", 0.7),
        answer="collect",
        says=("`frobnicator`", "kind"),
    ),
    Situation(
        name="the retriever makes 20 %: the generator is trained, and what cannot be joined is said",
        team=at_fault("retriever", "bge", 0.2),
        answer="train",
        stages=("sft",),
        says=("320", "label"),
    ),
    Situation(
        name="a model called search-agent makes 90 %: it is the model that is trained",
        team=at_fault("search-agent", "model: decides what to look up", 0.9, application="agent"),
        answer="train",
        stages=("sft",),
        never=("cannot fix",),
    ),
    Situation(
        name="a planner makes 90 % and is known by its name",
        team=at_fault("query-planner", "plans", 0.9, application="agent"),
        answer="train",
        stages=("sft",),
        never=("cannot fix",),
    ),
    Situation(
        name="with the right passages the model meets the target, whatever the share",
        team=at_fault("retriever", "bge", 0.3, probe(day=13, goldOutput=(0.94, 0.92, 0.96))),
        answer="collect",
        says=("retriev",),
    ),
    Situation(
        name="with the right passages the model is no better",
        team=at_fault("retriever", "bge", 0.3, probe(day=13, goldOutput=0.73)),
        answer="train",
        stages=("sft",),
    ),
)


def rows_of(*kinds: tuple[str, int]) -> Source:
    """Badcases that carry their kind."""
    return local(
        "badcases", "badcases", "badcase", [row for name, count in kinds for row in labelled(count, kind=name)]
    )


MISSED = kind("gold-passage-not-retrieved", 60, "retriever", 0.375)
MISREAD = kind("misread-passage", 100, "generator", 0.625)
JOINED = (
    Situation(
        name="60 rows are the retriever's, 100 are the model's: these are trained on",
        team=MANUALS.but(evidence=(report(1000, MISSED, MISREAD), rounds(*PLATEAU), UNSTABLE)).with_(
            sources=(rows_of(("gold-passage-not-retrieved", 60), ("misread-passage", 100)),)
        ),
        answer="train",
        stages=("sft",),
        says=("100 badcases",),
        never=("label the",),
    ),
    Situation(
        name="dpo takes its pairs from the model's rows alone, and 25 are too few",
        team=MANUALS.but(
            metrics={"expert_score": 0.9},
            gaps=("preference",),
            evidence=(
                report(1000, kind("missed", 15, "retriever", 0.375), kind("misread", 25, "generator", 0.625)),
                rounds(*PLATEAU, metric="expert_score"),
            ),
            sources=(held_out(), rows_of(("missed", 15), ("misread", 25))),
        ),
        answer="train",
    ),
    Situation(
        name="the rows name speech recognition, and there is no report",
        team=MANUALS.without("BadcaseReport").with_(
            UNSTABLE,
            sources=(
                local(
                    "badcases",
                    "badcases",
                    "badcase",
                    [*labelled(90, component="asr"), *labelled(40, component="generator")],
                ),
            ),
        ),
        answer="collect",
        says=("`asr`",),
    ),
)


@pytest.mark.parametrize("situation", [*FLOW_CONTROL, *COMPONENTS, *JOINED], ids=lambda situation: situation.name)
def test_a_situation(situation: Situation, tmp_path: Path) -> None:
    assert differences(situation, tmp_path) == []
