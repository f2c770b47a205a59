"""Pairs out of badcases and preferences."""

from typing import Any

import pytest

from runtime.config.blocks import DataBlock
from runtime.config.stages import PairsStage
from runtime.data import Source
from runtime.errors import StageError
from runtime.make_pairs import Pairs, make_pairs


def block(shape: str) -> dict[str, Any]:
    return {"path": f"{shape}.jsonl", "shape": shape, "sha256": "0" * 64, "rows": 1}


def stage(shapes: list[str], floor: float) -> PairsStage:
    model: dict[str, Any] = {"path": "m", "adapters": [], "dtype": "float32", "trust_remote_code": False}
    fields = {"plan": "p", "stage": "s", "output": "o", "seed": 1, "method": "pairs"}
    pairs = {"min_edit_distance": floor}
    document = {
        "schema": "trainspec.dev/stage/v1",
        **fields,
        "model": model,
        "data": [block(shape) for shape in shapes],
        "pairs": pairs,
    }
    return PairsStage.model_validate(document)


def pairs_of(floor: float, **rows: list[dict[str, Any]]) -> Pairs:
    """The pairs of rows by shape, each shape a block of its own."""
    sources = [
        Source(block=DataBlock.model_validate(block(shape)), rows=each, places=[], excluded=0)
        for shape, each in rows.items()
    ]
    return make_pairs(sources, stage(list(rows), floor))


def badcase(answer: str | None, prompt: Any = "问") -> dict[str, Any]:
    return {"id": "1", "prompt": prompt, "answer": answer, "fix": "SELECT age FROM t"}


def test_fix_is_chosen_and_answer_rejected() -> None:
    pairs = pairs_of(0.1, badcase=[badcase("SELECT * FROM u")])
    assert pairs.rows == [{"prompt": "问", "chosen": "SELECT age FROM t", "rejected": "SELECT * FROM u"}]


def test_a_prompt_of_messages_makes_answers_of_messages() -> None:
    pairs = pairs_of(0.1, badcase=[badcase("x", [{"role": "user", "content": "问"}])])
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
    pairs = pairs_of(floor, badcase=[badcase(answer), badcase("entirely different")])
    assert pairs.dropped == (0 if kept else 1)


def test_no_usable_pair_is_a_data_error() -> None:
    with pytest.raises(StageError, match="no usable pair") as caught:
        pairs_of(0.1, badcase=[badcase(None)])
    assert caught.value.exit_code == 65
    with pytest.raises(StageError, match="no usable pair"):
        pairs_of(0.0, preference=[{"prompt": "p", "chosen": "a", "rejected": "a"}])


def test_badcases_and_preferences_make_pairs_together_and_in_order() -> None:
    preference = {"prompt": "p", "chosen": "a", "rejected": "b", "id": "for people"}
    pairs = pairs_of(0.1, badcase=[badcase("SELECT * FROM u"), badcase(None)], preference=[preference])
    assert [row["prompt"] for row in pairs.rows] == ["问", "p"]
    assert pairs.dropped == 1
    turns = [[{"role": role, "content": "x"}] for role in ("user", "assistant", "assistant")]
    conversation = dict(zip(("prompt", "chosen", "rejected"), turns, strict=True))
    with pytest.raises(StageError, match=r"`badcase.jsonl` holds plain text, `preference.jsonl` holds turns") as caught:
        pairs_of(0.1, badcase=[badcase("x")], preference=[conversation])
    assert caught.value.problem.code == "RUN716"
