"""Pairs out of badcases and preferences."""

from typing import Any

import pytest

from runtime.config import DpoStage
from runtime.errors import StageError
from runtime.pairs import make_pairs


def stage(shape: str, floor: float | None) -> DpoStage:
    data = {"path": "d.jsonl", "shape": shape, "sha256": "0" * 64, "rows": 1}
    model: dict[str, Any] = {"path": "m", "adapters": [], "dtype": "float32", "trust_remote_code": False}
    fields = {"plan": "p", "stage": "s", "output": "o", "seed": 1, "method": "dpo", "peft": None, "trainer": {}}
    pairs = None if floor is None else {"min_edit_distance": floor}
    document = {"schema": "trainspec.dev/stage/v1alpha1", **fields, "model": model, "data": data, "pairs": pairs}
    return DpoStage.model_validate(document)


def badcase(answer: str | None, prompt: Any = "问") -> dict[str, Any]:
    return {"id": "1", "prompt": prompt, "answer": answer, "fix": "SELECT age FROM t"}


def test_fix_is_chosen_and_answer_rejected() -> None:
    pairs = make_pairs([badcase("SELECT * FROM u")], stage("badcase", 0.1))
    assert pairs.rows == [{"prompt": "问", "chosen": "SELECT age FROM t", "rejected": "SELECT * FROM u"}]


def test_a_prompt_of_messages_makes_answers_of_messages() -> None:
    pairs = make_pairs([badcase("x", [{"role": "user", "content": "问"}])], stage("badcase", 0.1))
    assert pairs.rows[0]["chosen"] == [{"role": "assistant", "content": "SELECT age FROM t"}]
    assert pairs.rows[0]["rejected"] == [{"role": "assistant", "content": "x"}]


@pytest.mark.parametrize(
    ("answer", "floor", "kept"),
    [
        ("SELECT age FROM t", 0.0, False),  # the same
        (" SELECT age FROM t\n", 0.0, False),
        ("SELECT age FROM u", 0.05, True),  # one of 17 characters: 0.0588
        ("SELECT age FROM u", 0.06, False),
        (None, 0.0, False),
        ("", 0.0, False),
    ],
)
def test_pairs_that_are_too_close_are_dropped(answer: str | None, floor: float, kept: bool) -> None:
    pairs = make_pairs([badcase(answer), badcase("entirely different")], stage("badcase", floor))
    assert pairs.dropped == (0 if kept else 1)


def test_no_usable_pair_is_a_data_error() -> None:
    with pytest.raises(StageError, match="no usable pair") as caught:
        make_pairs([badcase(None)], stage("badcase", 0.1))
    assert caught.value.exit_code == 65
    with pytest.raises(StageError, match="no usable pair"):
        make_pairs([{"prompt": "p", "chosen": "a", "rejected": "a"}], stage("preference", None))
