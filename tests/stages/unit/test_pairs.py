"""Pairs from badcases and preferences."""

from typing import Any

import pytest

from runtime.contract.blocks import DataBlock
from runtime.contract.errors import StageError
from runtime.contract.stages import PairsStage
from runtime.data.formats import Row
from runtime.data.rows import Source
from runtime.make.pairs import Judged, judge_rows, pair_rows, report


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


def judged(floor: float, **rows: list[dict[str, Any]]) -> list[Judged]:
    """Judge the rows as the stage does, with one block for each shape."""
    return judge_rows(sources(**rows), stage(list(rows), floor))


def sources(**rows: list[dict[str, Any]]) -> list[Source]:
    return [
        Source(
            block=DataBlock.model_validate(block(shape)),
            rows=each,
            places=[f"{shape}.jsonl:{line}" for line in range(1, len(each) + 1)],
            excluded=0,
        )
        for shape, each in rows.items()
    ]


def pairs_of(floor: float, **rows: list[dict[str, Any]]) -> list[Row]:
    return pair_rows(judged(floor, **rows))


def badcase(answer: str | None, prompt: Any = "问", **fields: Any) -> dict[str, Any]:
    return {"id": "1", "prompt": prompt, "answer": answer, "fix": "SELECT age FROM t", **fields}


def test_fix_is_chosen_and_answer_rejected() -> None:
    pair = {"prompt": "问", "chosen": "SELECT age FROM t", "rejected": "SELECT * FROM u"}
    assert pairs_of(0.1, badcase=[badcase("SELECT * FROM u")]) == [{**pair, "id": "1"}]


def test_a_prompt_of_messages_makes_answers_of_messages() -> None:
    pair = pairs_of(0.1, badcase=[badcase("x", [{"role": "user", "content": "问"}])])[0]
    assert pair["chosen"] == [{"role": "assistant", "content": "SELECT age FROM t"}]
    assert pair["rejected"] == [{"role": "assistant", "content": "x"}]


@pytest.mark.parametrize(
    ("answer", "floor", "fate"),
    [
        ("SELECT age FROM t", 0.0, "equal"),
        (" SELECT age FROM t\n", 0.0, "equal"),
        ("SELECT age FROM u", 0.05, "made"),  # one of 17 characters: 0.0588
        ("SELECT age FROM u", 0.06, "too_close"),
        (None, 0.0, "no_answer"),
        ("", 0.0, "no_answer"),
    ],
)
def test_pairs_that_are_too_close_are_dropped(answer: str | None, floor: float, fate: str) -> None:
    assert judged(floor, badcase=[badcase(answer), badcase("entirely different")])[0].fate == fate


def test_no_usable_pair_is_a_data_error() -> None:
    with pytest.raises(StageError, match="no usable pair") as caught:
        pairs_of(0.1, badcase=[badcase(None)])
    assert caught.value.exit_code == 65
    with pytest.raises(StageError, match="no usable pair"):
        pairs_of(0.0, preference=[{"prompt": "p", "chosen": "a", "rejected": "a"}])


def test_badcases_and_preferences_make_pairs_together_and_in_order() -> None:
    preference = {"prompt": "p", "chosen": "a", "rejected": "b", "cluster": "c", "note": "for people"}
    pairs = pairs_of(0.1, badcase=[badcase("SELECT * FROM u"), badcase(None)], preference=[preference])
    assert [row["prompt"] for row in pairs] == ["问", "p"]
    assert pairs[1] == {"prompt": "p", "chosen": "a", "rejected": "b", "cluster": "c"}
    turns = [[{"role": role, "content": "x"}] for role in ("user", "assistant", "assistant")]
    conversation = dict(zip(("prompt", "chosen", "rejected"), turns, strict=True))
    with pytest.raises(
        StageError, match=r"`badcase.jsonl` are plain text, but those of `preference.jsonl` are turns"
    ) as caught:
        pairs_of(0.1, badcase=[badcase("x")], preference=[conversation])
    assert caught.value.problem.code == "RUN716"


def test_the_report_says_what_each_rule_did_with_every_row() -> None:
    rows = [
        badcase("good enough", id="own", model="m", prompt_version="v1"),
        badcase("good enough", id="again", model="m", prompt_version="v2"),
        badcase("of another model", id="foreign", model="n", prompt_version="v2"),
        badcase("nobody knows whose", id="unsaid"),
        badcase("SELECT age FROM u", id="near", model="m"),
        badcase("SELECT age FROM t", id="same", model="m"),
        badcase(None, id="silent", model="m"),
    ]
    given = [{"prompt": "p", "chosen": "a", "rejected": "b"}]
    reported = report(judged(0.1, badcase=rows, preference=given), stage(["badcase", "preference"], 0.1), excluded=3)
    assert reported["given"] == {"count": 1, "examples": ["preference.jsonl:1"]}
    assert reported["D1"] == {
        "made": {"count": 3, "examples": ["own", "foreign", "unsaid"]},
        "no_logged_answer": {"count": 1, "examples": ["silent"]},
    }
    assert reported["D3"] == {
        "min_edit_distance": 0.1,
        "equal": {"count": 1, "examples": ["same"]},
        "closer_than_the_floor": {"count": 1, "examples": ["near"]},
    }
    assert reported["D4"]["kept_but_off_policy"] == {"count": 2, "examples": ["foreign", "unsaid"]}
    assert reported["D4"]["logged_by"] == {"m": 1, "n": 1, "not given": 1}
    assert reported["D4"]["prompt_versions"] == {"v1": 1, "v2": 1, "not given": 1}
    assert reported["duplicates"] == {"count": 1, "examples": ["again"]}
    assert reported["excluded_classes"]["rows"] == 3


def test_the_report_names_only_the_first_of_many() -> None:
    reported = report(
        judged(0.0, badcase=[badcase(f"answer {n}", id=str(n)) for n in range(9)]), stage(["badcase"], 0.0), 0
    )
    assert reported["D1"]["made"] == {"count": 9, "examples": ["0", "1", "2", "3", "4"]}
