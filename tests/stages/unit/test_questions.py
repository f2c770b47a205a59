"""Rows of each shape as questions with a reference."""

from typing import Any

import pytest

from runtime.contract.blocks import DataBlock, RewardBlock
from runtime.contract.errors import StageError
from runtime.data.questions import questions_of
from runtime.data.rows import Source
from runtime.scoring.rewards.rows import reward_prompts

TURNS = [{"role": "user", "content": "3 + 4?"}, {"role": "assistant", "content": "7"}]


def source(shape: str, row: dict[str, Any]) -> Source:
    block = DataBlock.model_validate({"path": "rows.jsonl", "shape": shape, "sha256": "0" * 64, "rows": 1})
    return Source(block=block, rows=[row], places=["rows.jsonl:1"], excluded=0)


@pytest.mark.parametrize(
    ("shape", "row", "reference"),
    [
        ("prompt", {"prompt": "3 + 4?"}, None),
        ("prompt", {"prompt": "3 + 4?", "reference": None}, None),
        ("prompt", {"prompt": "3 + 4?", "reference": "7"}, "7"),
        ("prompt-completion", {"prompt": "3 + 4?", "completion": "7"}, "7"),
        ("prompt-completion", {"prompt": "3 + 4?", "completion": "7", "reference": "its own"}, "7"),
        ("chain", {"prompt": "3 + 4?", "chain": "on fingers", "completion": "7", "reference": 5}, "7"),
        ("badcase", {"id": "a", "prompt": "3 + 4?", "fix": "7", "reference": "its own"}, "7"),
        ("messages", {"messages": TURNS, "reference": "its own"}, "7"),
    ],
)
def test_the_answer_of_the_shape_goes_before_the_own_column(
    shape: str, row: dict[str, Any], reference: str | None
) -> None:
    (question,) = questions_of([source(shape, row)])
    assert question.reference == question.row["reference"] == reference


def test_reward_functions_are_given_the_own_column() -> None:
    row = {"prompt": "3 + 4?", "reference": "7", "level": 2}
    compares = RewardBlock.model_validate({"use": "exact_match", "weight": 1.0})
    columns = reward_prompts([source("prompt", row)], [compares]).columns
    assert (columns["reference"], columns["level"]) == (["7"], [2])


@pytest.mark.parametrize("content", [{}, {"content": None}])
def test_turns_that_only_call_have_an_empty_content(content: dict[str, Any]) -> None:
    call = {"type": "function", "function": {"name": "add", "arguments": {"of": [3, 4]}}}
    calling = {"role": "assistant", "tool_calls": [call], **content}
    row = {"prompt": [TURNS[0], calling, {"role": "tool", "name": "add", "content": "7"}]}
    (question,) = questions_of([source("prompt", row)])
    assert [turn["content"] for turn in question.prompt if isinstance(turn, dict)] == ["3 + 4?", "", "7"]
    assert calling == {"role": "assistant", "tool_calls": [call], **content}  # the row itself stays as it was


def test_a_reference_that_is_no_text_is_named_with_its_row() -> None:
    with pytest.raises(StageError, match=r"rows\.jsonl:1: `reference` is not a string") as caught:
        questions_of([source("prompt", {"prompt": "3 + 4?", "reference": 7})])
    assert caught.value.problem.code == "RUN710"


def test_the_answer_of_a_conversation_is_its_first_turn_that_is_learnt() -> None:
    wrong = {"role": "assistant", "content": "8", "verdict": "wrong"}
    again = {"role": "user", "content": "sure?"}
    (question,) = questions_of([source("messages", {"messages": [TURNS[0], wrong, again, TURNS[1]]})])
    assert question.reference == "7"
    assert question.prompt == [TURNS[0], {"role": "assistant", "content": "8"}, again]
    (question,) = questions_of([source("messages", {"messages": [TURNS[0], wrong, TURNS[1]]})])
    assert (question.prompt, question.reference) == ([TURNS[0]], "7")
    greeting = {"role": "assistant", "content": "hello", "train": False}
    (question,) = questions_of([source("messages", {"messages": [greeting, *TURNS]})])
    assert question.prompt == [{"role": "assistant", "content": "hello"}, TURNS[0]]
