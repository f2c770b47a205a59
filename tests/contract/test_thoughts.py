"""Thoughts that never end are refused in right answers, and stay in wrong ones."""

from typing import Any

import pytest

from runtime.contract.data.dialects import native_row
from runtime.contract.data.faults import RowFault
from runtime.contract.data.thoughts import ENDS, endless_thought

USER = {"role": "user", "content": "q"}


def says(text: str, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text, **more}


@pytest.mark.parametrize("tag", ENDS)
def test_every_tag_needs_its_end(tag: str) -> None:
    for begin, end in ((tag, ENDS[tag]), (tag.upper(), ENDS[tag].upper())):
        assert endless_thought(f"  {begin}\nhm") == begin
        assert endless_thought(f"Well.\n{begin} hm") == begin
        assert endless_thought(f"{begin}hm{end}a\n{begin}so") == begin
        assert not endless_thought(f"{begin}hm{end}\n\na")


@pytest.mark.parametrize(
    "text",
    [
        "a <think> tag opens thoughts",
        "so:\n```\n<think>\nhm\n```\nis how they begin",
        "hm</think>a",  # the prompt holds the beginning
        "İ<b>x</b>\n<think>hm</think>a",
        "<thinker>x",
        "a < b, c[0]",
    ],
)
def test_words_about_tags_are_no_thoughts(text: str) -> None:
    assert not endless_thought(text)


RIGHT: list[tuple[str, dict[str, Any], str]] = [
    ("messages", {"messages": [USER, says("<think>hm")]}, "messages[1].content"),
    ("messages", {"messages": [USER, says("a"), USER, says("<think>hm")]}, "messages[3].content"),
    ("messages", {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "<think>hm"}]}, "messages[1].content"),
    ("messages", {"instruction": "q", "output": "<think>hm"}, "messages[1].content"),
    ("prompt-completion", {"prompt": "q", "completion": "<think>hm"}, "completion"),
    ("prompt-completion", {"prompt": [USER], "completion": [says("<think>hm")]}, "completion[0].content"),
    ("prompt-completion", {"prompt": "q <think>\n", "completion": "hm"}, "completion"),
    ("chain", {"prompt": "q", "chain": "<think>hm", "completion": "a"}, "chain"),
    ("preference", {"prompt": "q", "chosen": "<think>hm", "rejected": "b"}, "chosen"),
    ("unpaired-preference", {"prompt": "q", "completion": "<think>hm", "label": True}, "completion"),
    ("badcase", {"id": "1", "prompt": "q", "fix": "<think>hm", "answer": "b"}, "fix"),
    ("evaluation", {"id": "1", "prompt": "q", "reference": "<think>hm"}, "reference"),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "row", "place"), RIGHT)
def test_a_right_answer_ends_its_thoughts(shape: str, row: dict[str, Any], place: str) -> None:
    fault = native_row(row, shape)
    assert isinstance(fault, RowFault)
    assert fault.place == place
    assert "never end" in fault.problem
    assert "</think>" in fault.hint


@pytest.mark.parametrize(
    ("shape", "row"),
    [
        ("messages", {"messages": [USER, says("<think>hm", train=False), USER, says("a")]}),
        ("messages", {"messages": [USER, says("<think>hm", verdict="wrong"), says("a")]}),
        ("messages", {"messages": [USER, says("<think>hm</think>a")]}),
        ("messages", {"messages": [{**USER, "content": "<think>hm"}, says("a")]}),
        ("preference", {"prompt": "q", "chosen": "a", "rejected": "<think>hm"}),
        ("preference", {"prompt": "q <think>\n", "chosen": "hm</think>a", "rejected": "hm"}),
        ("unpaired-preference", {"prompt": "q", "completion": "<think>hm", "label": False}),
        ("badcase", {"id": "1", "prompt": "q", "fix": "a", "answer": "<think>hm"}),
        ("text", {"text": "<think>hm"}),
    ],
)
def test_what_is_not_taught_may_never_end(shape: str, row: dict[str, Any]) -> None:
    assert native_row(row, shape) == row
