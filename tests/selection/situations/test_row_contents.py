"""What lies in the rows: leaked questions, steps of trajectories, and parts that are no text."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selection.situations.measured import PLATEAU, kind, probe, report, rounds
from selection.situations.situation import REFUSED, Situation, differences
from selection.situations.team import (
    MODEL,
    Row,
    Source,
    Team,
    badcases,
    chains,
    demos,
    held_out,
    local,
    questions,
    source,
)

# different questions, of the shop's customers and of a help desk
_ENDS = (
    "为什么三天没有更新",
    "可以同时使用两张券吗",
    "写错了地址还能改吗",
    "如何在手机端申请退款",
    "多久能够寄到北京市区",
)
_ASKS = (
    "not updated since Monday",
    "sent to the old address",
    "marked as returned",
    "stuck at customs",
    "paid for twice",
)


def chinese(n: int) -> str:
    return f"订单{349523 + n * 7919}的物流{_ENDS[n % 5]}，客服编号{n * n % 997}？"


def english(n: int) -> str:
    return f"Why is parcel {349523 + n * 7919} of agent {n * n % 997} {_ASKS[n % 5]}?"


Change = Callable[[str], Any]
_WIDE = {ord(each): ord(each) + 0xFEE0 for each in "0123456789?,"}
_TRADITIONAL = str.maketrans("订单为么时两张写错还请运费从开编号", "訂單為麼時兩張寫錯還請運費從開編號")


def leaking(ask: Callable[[int], str], change: Change, source: str = "badcases") -> Team:
    """100 held-out questions, 30 of which a source that is trained on has too, changed."""
    test = [{"id": f"e{n}", "prompt": ask(n), "reference": f"answer {n}"} for n in range(100)]
    mine = [change(ask(n * 3)) for n in range(30)] + [change(ask(n)) for n in range(1000, 1090)]
    cases = local("badcases", "badcases", "badcase", (_case(n, each) for n, each in enumerate(mine)))
    taught = [{"prompt": each, "completion": f"answer {n}"} for n, each in enumerate(mine)]
    return Team(
        application="rag",
        task="电商售后问答",
        metrics={"exact_match": 0.9},
        sources=(
            local("held-out", "evaluation", "evaluation", test),
            cases if source == "badcases" else badcases(120),
            demos(1200) if source == "badcases" else local("demos", "demonstrations", "prompt-completion", taught),
        ),
        gaps=("unstable",),
        evidence=(rounds(*PLATEAU),),
    )


def _case(n: int, prompt: Any) -> Row:
    fix = f"正确的完整处理办法是第 {n} 条"
    return {"id": f"b{n}", "prompt": prompt, "answer": f"错误 {n}", "fix": fix, "model": MODEL, "prompt_version": "v4"}


def leak(name: str, team: Team) -> Situation:
    return Situation(name=name, team=team, answer=REFUSED, says=("held-out",))


def _one_word_less(text: str) -> str:
    return text.replace("的物流", "物流")


def _later_turn(text: str) -> list[dict[str, str]]:
    turns = ("你好，在吗", "在的，请讲", text)
    return [{"role": role, "content": each} for role, each in zip(("user", "assistant", "user"), turns, strict=True)]


CLEAN = leaking(chinese, lambda text: f"会员 {text[2:8]} 怎样升级到金卡，积分何时到期")
LEAKS = (
    leak("Chinese punctuation", leaking(chinese, lambda text: text.replace("？", "！！").replace("，", " "))),
    leak("English case and punctuation", leaking(english, lambda text: text.upper().replace("?", " ..."))),
    leak("full-width digits", leaking(chinese, lambda text: text.translate(_WIDE))),
    leak("traditional characters", leaking(chinese, lambda text: text.translate(_TRADITIONAL))),
    leak("one character less", leaking(chinese, _one_word_less)),
    leak(
        "inside a wrapper", leaking(chinese, lambda text: f"请严格按照 JSON 格式回答下面用户的问题：{text} 只输出结果")
    ),
    leak("as a later turn", leaking(chinese, _later_turn)),
    leak("the same questions among the demonstrations", leaking(english, lambda text: text, "demos")),
    leak("demonstrations in another case", leaking(english, str.upper, "demos")),
    Situation(name="no question twice", team=CLEAN, answer="train", stages=("sft",)),
)


def trip(n: int, **wrong: Any) -> Row:
    """A trajectory of three calls whose middle step is wrong, and whose answer is right."""
    towns = ("北京", "上海", "广州", "成都", "西安")
    said = (
        ("system", "你是订票助手，用工具完成任务。"),
        ("user", f"帮我订 {towns[n % 5]} 到 {towns[(n + 2) % 5]} 的票，编号 {n}，预算 {600 + n}"),
        ("assistant", f'{{"tool": "search", "day": {n}}}'),
        ("tool", f"航班 MU{n}，{700 + n} 元"),
        ("assistant", f'{{"tool": "filter", "max": {900 + n}}}'),
        ("tool", f"航班 CA{n}"),
        ("assistant", f"已订 CA{n}。"),
    )
    turns: list[dict[str, Any]] = [{"role": role, "content": content} for role, content in said]
    turns[4] |= wrong
    return {"messages": turns}


def trips(count: int = 200, **wrong: Any) -> Source:
    return local("trajectories", "demonstrations", "messages", (trip(n, **wrong) for n in range(count)))


AGENT = Team(
    application="agent",
    task="多步订票，8 轮工具调用",
    metrics={"tool_call": 0.9},
    components={"planner": "规划", "tools": "接口"},
    sources=(held_out(200), badcases(180), trips()),
    gaps=({"kind": "reasoning", "statement": "中间步骤错，最终答案碰巧有七成是对的"},),
    evidence=(
        report(600, kind("wrong-middle-step", 180, "planner", 0.7)),
        rounds(0.6, 0.69, 0.7, 0.7, metric="tool_call"),
        probe(passAt1=0.7, passAt16=0.82),
    ),
)


def acting(*sources: Source, **changes: Any) -> Team:
    return AGENT.but(sources=(held_out(200), badcases(180), *sources), **changes)


CHAINED = probe(passAt1=0.4, passAt16=0.82, chainGain=0.2, chainPValue=0.001)
STEPS = (
    Situation(
        name="right answers, wrong steps in the middle, and nobody judged the steps",
        team=AGENT,
        answer="train",
        says=("steps",),
    ),
    Situation(
        name="the same in a chain of tools",
        team=acting(trips(), application="tool-chain"),
        answer="train",
        says=("steps",),
    ),
    Situation(
        name="an agent with verified final answers only: no sampling by the answer",
        team=acting(questions(900)),
        answer="train",
        says=("steps",),
        without=("sample", "cot"),
    ),
    Situation(
        name="wrong steps are marked: the marked trajectories teach",
        team=acting(trips(200, train=False)),
        answer="train",
        stages=None,
        without=("sample",),
        never=("no steps are judged",),
    ),
    Situation(
        name="wrong steps have verdicts",
        team=acting(trips(200, verdict="wrong")),
        answer="train",
        stages=None,
        without=("sample",),
        never=("no steps are judged",),
    ),
    Situation(name="people wrote 600 chains", team=acting(chains(600)), answer="train", stages=("cot",)),
    Situation(
        name="a workflow without steps may sample chains by the final answer",
        team=acting(questions(900), application="workflow", metrics={"exact_match": 0.9}).but(
            evidence=(rounds(*PLATEAU), CHAINED), components=None
        ),
        answer="train",
        stages=("sample", "cot"),
    ),
)


def scans(change: Callable[[int], Row]) -> Team:
    rows = [change(n) for n in range(300)]
    return Team(
        application="workflow",
        task="看扫描件抽取税额",
        metrics={"exact_match": 0.9},
        sources=(held_out(200), badcases(180), local("demos", "demonstrations", "messages", rows)),
        gaps=("unstable",),
        evidence=(rounds(*PLATEAU), probe(passAt16=0.93, unstableGain=0.38)),
    )


def asked(n: int, content: Any = None, **more: Any) -> Row:
    spoken = content or f"第 {n} 张发票的税额是多少？"
    turns = [{"role": "user", "content": spoken}, {"role": "assistant", "content": f"{n}.00 元"}]
    return {"messages": turns} | more


def _card(column: str) -> Team:
    columns = f"messages:turns {column}:list"
    made = source("demos", "demonstrations", "messages", 900, columns, datasetType="language modeling")
    return scans(asked).with_(sources=(made,))


def shown(name: str, team: Team, word: str) -> Situation:
    return Situation(name=name, team=team, answer=REFUSED, says=(word,))


def _parts(n: int) -> Row:
    address = {"url": f"https://files.example.com/{n}.png"}
    return asked(n, [{"type": "image_url", "image_url": address}, {"type": "text", "text": f"第 {n} 张的税额？"}])


MODALITY = (
    shown("a column of images", scans(lambda n: asked(n, images=[f"scan-{n}.png"])), "image"),
    shown("a column of one image", scans(lambda n: asked(n, image=f"scan-{n}.png")), "image"),
    shown("a column of audio", scans(lambda n: asked(n, audio=f"call-{n}.wav")), "audio"),
    shown("images as parts of a turn", scans(_parts), "image"),
    shown("a card with images", _card("images"), "image"),
    shown("a card with videos", _card("videos"), "video"),
    Situation(
        name="text about images is text",
        team=scans(lambda n: asked(n, f"How do I upload the image of receipt {n}?")),
        answer="train",
        stages=("sft",),
    ),
)


@pytest.mark.parametrize("situation", [*LEAKS, *STEPS, *MODALITY], ids=lambda situation: situation.name)
def test_a_situation(situation: Situation, tmp_path: Path) -> None:
    assert differences(situation, tmp_path) == []
