"""Rows of badcases hold the question as the model read it: with the tools' results, and without the prompt."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.triage_project import Triage, label, trace

from compiler.run.triage.asked import asked
from compiler.run.triage.session import Session
from runtime.contract.traces import Trace

QUERY = "订单 4471 到哪里了？"
FOUND = f"{QUERY}\n订单 4471：台灯，杭州仓，10 月 3 日发出"


def recorded(read: Any, query: Any = QUERY, **more: Any) -> Trace:
    """A trace whose model read `read`, after a tool."""
    call = {"id": "c", "kind": "model", "component": "llm", "input": read, "output": "明天送达。"}
    return Trace.model_validate(trace(1, query=query, answer="明天送达。") | {"steps": [call]} | more)


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


SHOTS = [{"role": "user", "content": "订单 1？"}, {"role": "assistant", "content": "已发出。"}]


@pytest.mark.parametrize(
    ("read", "prompt", "expected"),
    [
        (FOUND, "", FOUND),
        ({"prompt": FOUND}, "", FOUND),
        (user(FOUND), "", user(FOUND)),
        ({"messages": user(FOUND), "temperature": 0}, "", user(FOUND)),
        ([{"role": "system", "content": "你是客服。"}, *SHOTS, *user(FOUND)], "你是客服。", user(FOUND)),
        ([{"role": "user", "parts": [{"type": "text", "content": FOUND}]}], "", user(FOUND)),
        ([{"role": "user", "content": [{"type": "text", "text": FOUND}]}], "", user(FOUND)),
        (user(f"你是客服。\n\n{FOUND}"), "你是客服。", user(FOUND)),
        (user(f"请回答：{FOUND}\n只答一句。"), "请回答：{question}\n只答一句。", user(FOUND)),
        (
            user(f"请回答：{FOUND}\n只答一句。"),
            "请回答：{question}\n只答一句。\n### user\n问\n### assistant\n答",
            user(FOUND),
        ),
        # a question that another component rewrote is not what the user asked: people see the query
        (user("查询物流"), "", user(QUERY)),
        ("查询物流", "", QUERY),
        (None, "", QUERY),
        ([{"role": "user", "content": None}], "", user(QUERY)),
    ],
)
def test_the_question_is_what_the_model_read_without_the_prompt(read: Any, prompt: str, expected: Any) -> None:
    assert asked(recorded(read), prompt) == expected


def test_a_query_of_turns_stays_as_it_is() -> None:
    assert asked(recorded(user(FOUND), query=[*SHOTS, *user(QUERY)])) == [*SHOTS, *user(QUERY)]


def test_the_call_that_gave_the_answer_counts_not_a_later_check_of_it() -> None:
    found = recorded(user(FOUND))
    check = found.steps[0].model_copy(update={"id": "d", "input": user(f"Is this safe? {QUERY}"), "output": "yes"})
    failed = check.model_copy(update={"id": "e", "output": found.answer, "error": "TimeoutError"})
    assert asked(found.model_copy(update={"steps": [*found.steps, check, failed]})) == user(FOUND)


def test_a_trace_without_a_call_of_a_model_gives_its_query() -> None:
    assert asked(recorded(FOUND, steps=[])) == QUERY
    assert asked(recorded(FOUND, query={"question": QUERY}, steps=[])) == QUERY


def test_rows_of_a_chat_model_are_turns_even_where_no_model_was_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = [trace(number) for number in range(1, 5)]
    for each in made:
        each["steps"][1]["input"] = [{"role": "system", "content": "你是客服。"}, *user(f"{each['query']}\n杭州仓")]
    made[0]["steps"] = []
    project = Triage.make(made)
    session = Session(project.open(), "li")
    for digest in session.project.traces.entries:
        label(session, digest, verdict="bad", kind="查询超时", fix="在路上。")
    assert project.report().exit_code == 0
    lines = (project.folder / "data/badcases.jsonl").read_text("utf-8").splitlines()
    prompts = {row["prompt"][0]["content"] for row in map(json.loads, lines)}
    assert prompts == {made[0]["query"], *(f"{each['query']}\n杭州仓" for each in made[1:])}
