"""Vocabularies from files, chains from texts, pairs and chains from samples: all without a model."""

import json
from pathlib import Path
from typing import Any

import pytest

from runtime.contract.errors import StageError
from runtime.data.chains import asked_for_chain, split_chain
from runtime.data.questions import Question
from runtime.make.samples import _chains, _pair
from runtime.model.vocabulary import check_vocabularies
from runtime.stage.seeds import seed_of


def model(folder: Path, vocabulary: Any, *, rows: int = 10, added: tuple[tuple[str, int], ...] = ()) -> Path:
    """A model folder with only the files that define its vocabulary."""
    folder.mkdir(parents=True)
    tokens = [{"content": token, "id": number} for token, number in added]
    document = {"model": {"vocab": vocabulary}, "added_tokens": tokens}
    (folder / "tokenizer.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    (folder / "config.json").write_text(json.dumps({"vocab_size": rows}), encoding="utf-8")
    return folder


def test_the_same_tokens_under_the_same_numbers_are_one_vocabulary(tmp_path: Path) -> None:
    pairs = model(tmp_path / "a" / "1", {"省": 0, "b": 1}, added=(("<end>", 2),))
    listed = model(tmp_path / "b" / "1", [["省", -1.0], ["b", -2.0], ["<end>", 0.0]], rows=64)
    check_vocabularies(pairs, listed, claimed_same=True)
    with pytest.raises(StageError, match="share a vocabulary of 3 tokens") as caught:
        check_vocabularies(pairs, listed, claimed_same=False)
    assert "to true" in caught.value.problem.hint


@pytest.mark.parametrize("other", [{"省": 1, "b": 0}, {"省": 0}, {"省": 0, "b": 1, "c": 2}])
def test_a_token_more_or_of_another_number_makes_another_vocabulary(tmp_path: Path, other: dict[str, int]) -> None:
    ours, theirs = model(tmp_path / "a" / "1", {"省": 0, "b": 1}), model(tmp_path / "b" / "1", other)
    check_vocabularies(ours, theirs, claimed_same=False)
    with pytest.raises(StageError, match="differ, such as") as caught:
        check_vocabularies(ours, theirs, claimed_same=True)
    assert caught.value.problem.code == "RUN766"


def test_a_teacher_with_fewer_output_rows_cannot_be_compared(tmp_path: Path) -> None:
    ours = model(tmp_path / "a" / "1", {"a": 0}, rows=128)
    theirs = model(tmp_path / "b" / "1", {"a": 0}, rows=64)
    with pytest.raises(StageError, match="128 output rows, but the teacher only 64"):
        check_vocabularies(ours, theirs, claimed_same=True)
    check_vocabularies(theirs, ours, claimed_same=True)


def test_a_tokenizer_that_cannot_be_read(tmp_path: Path) -> None:
    ours = model(tmp_path / "a" / "1", {"a": 0})
    (tmp_path / "b" / "1").mkdir(parents=True)
    with pytest.raises(StageError, match="`b/1` cannot be read") as caught:
        check_vocabularies(ours, tmp_path / "b" / "1", claimed_same=True)
    assert caught.value.problem.code == "RUN766"


def test_a_chain_ends_at_the_last_marker() -> None:
    assert split_chain("一加一\n#### 3?\n不对\n#### 2\n", "####") == ("一加一\n#### 3?\n不对", "2")
    assert split_chain("no marker", "####") is None
    assert split_chain("#### 2", "####") is None
    assert split_chain("a chain ####  ", "####") is None


def test_the_request_for_a_chain_is_only_in_the_last_turn() -> None:
    turns = [{"role": "system", "content": "s"}, {"role": "user", "content": "1 + 1?"}]
    request = asked_for_chain(turns, "####")
    assert isinstance(request, list)
    assert request[0] == turns[0]
    assert request[1]["content"].startswith("1 + 1?\n\n")
    assert "####" in request[1]["content"]
    assert turns[1]["content"] == "1 + 1?"


def question(*, is_fix: bool = False) -> Question:
    return Question(row={"id": "q", "prompt": "何区？", "reference": "西湖区"}, is_fix=is_fix)


def test_of_answers_as_frequent_the_pair_that_differs_most_is_taken() -> None:
    right, wrong = ["西湖区", "浙江省杭州市西湖区"], ["西湖", ""]
    assert _pair(question(), right, wrong) == [{"prompt": "何区？", "chosen": "浙江省杭州市西湖区", "rejected": "西湖"}]


def test_the_mistake_that_is_made_most_often_is_rejected() -> None:
    right, wrong = ["西湖区", "西湖区", "浙江省杭州市西湖区"], ["我不知道您说的是哪里", "西湖", " 西湖", "?"]
    assert _pair(question(), right, wrong) == [{"prompt": "何区？", "chosen": "西湖区", "rejected": "西湖"}]


def test_only_a_badcase_has_a_fix_to_choose() -> None:
    assert _pair(question(is_fix=True), [], ["东区"]) == [{"prompt": "何区？", "chosen": "西湖区", "rejected": "东区"}]
    assert _pair(question(), [], ["东区"]) == "with wrong samples only"
    assert _pair(question(), ["西湖区"], [" "]) == "with right or empty samples only"


def test_the_shortest_right_chains_are_kept_once() -> None:
    right = ["a long way about\n#### 2", "1 and 1\n#### 2", "1 and 1\n#### 2", "short\n#### 2", "2"]
    rows = _chains(question(), right, "####")
    assert [row["chain"] for row in rows if isinstance(row, dict)] == ["short", "1 and 1"]
    assert _chains(question(), ["2"], "####") == "with right answers but no chain"
    assert _chains(question(), [], "####") == "with wrong samples only"


def test_seeds_differ_between_neighbours_and_runs_do_not() -> None:
    seeds = {seed_of(seed, prompt, sample) for seed in range(5) for prompt in range(40) for sample in range(5)}
    assert len(seeds) == 1000
    assert seed_of(7, 1, 2) == seed_of(7, 1, 2) < 2**31
