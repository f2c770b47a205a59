"""General text next to a corpus: as much as the share says, never the rows of evaluations."""

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from runtime.contract.blocks import DataBlock
from runtime.contract.errors import StageError
from runtime.contract.volumes import Volumes
from runtime.data.splits import is_held_out
from runtime.stage.config import parse_stage
from runtime.train.methods.cpt import choose_replay, passes_of, read_texts, replay_tokens


def test_the_share_is_of_all_tokens() -> None:
    assert replay_tokens(900, 0.1) == 100
    assert replay_tokens(1000, 0.5) == 1000
    assert replay_tokens(1000, 0.0) == 0


def test_the_choice_meets_its_budget_to_the_token_and_repeats_nothing() -> None:
    lengths = [10, 25, 7, 40, 3, 18]
    for budget in range(sum(lengths) + 1):
        chosen = choose_replay(lengths, budget, seed=5)
        assert sum(count for _, count in chosen) == budget
        assert len({row for row, _ in chosen}) == len(chosen)
        assert sum(count < lengths[row] for row, count in chosen) <= 1  # only the last one is cut
    everything = choose_replay(lengths, 10**6, seed=5)
    assert everything == list(enumerate(lengths))


def test_text_comes_again_only_when_all_of_it_has_come() -> None:
    lengths = [10, 25, 7, 40, 3, 18]
    for budget in range(2 * sum(lengths) + 1):
        chosen = choose_replay(lengths, budget, seed=5, most=2)
        times = [sum(row == each for row, _ in chosen) for each in range(len(lengths))]
        assert sum(count for _, count in chosen) == budget
        assert max(times) - min(times) <= 1
    assert choose_replay(lengths, 10**6, seed=5, most=2) == sorted([*enumerate(lengths)] * 2)


def test_passes_are_known_where_epochs_are_given() -> None:
    assert [passes_of(12, -1), passes_of(2.5, -1), passes_of(0.5, -1), passes_of(3, 40)] == [12, 2, 1, 1]


def test_the_choice_is_decided_by_the_seed() -> None:
    lengths = [10] * 50
    assert choose_replay(lengths, 100, seed=1) == choose_replay(lengths, 100, seed=1)
    assert choose_replay(lengths, 100, seed=1) != choose_replay(lengths, 100, seed=2)


def block(folder: Path, name: str, texts: list[str], role: str | None) -> DataBlock:
    content = "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts).encode()
    (folder / name).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    return DataBlock.model_validate(
        {"path": name, "shape": "text", "sha256": digest, "rows": len(texts)} | ({"role": role} if role else {})
    )


def test_rows_of_evaluations_are_not_read(tmp_path: Path) -> None:
    corpus = [f"诗 {number}" for number in range(60)]
    general = [f"general {number}" for number in range(60)]
    data = [block(tmp_path, "corpus.jsonl", corpus, None), block(tmp_path, "general.jsonl", general, "replay")]
    volumes = Volumes(models=tmp_path, data=tmp_path, outputs=tmp_path)
    stage: Any = SimpleNamespace(data=data)
    context: Any = SimpleNamespace(volumes=volumes)
    read, spare = read_texts(stage, context)
    assert read.texts == corpus  # a corpus is read whole
    assert spare.texts == [text for text in general if not is_held_out(text)]
    assert 0 < spare.held_out == 60 - len(spare.texts)
    assert spare.places[0].startswith("general.jsonl:")


CONFIG = """
schema: trainspec.dev/stage/v1
plan: plan
stage: cpt
output: plan-cpt
seed: 1
model: {path: tiny/1, adapters: [], dtype: float32, trust_remote_code: false}
peft: null
"""
DATA = "data: [{path: a.jsonl, shape: text, sha256: " + "a" * 64 + ", rows: 1%s}]"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (("method: cpt", "replay_share: 0.1", "trainer: {}", DATA % ", role: replay"), "and no corpus"),
        (("method: cpt", "replay_share: 1.0", "trainer: {}", DATA % ""), "`replay_share`"),
        (
            ("method: cpt", "replay_share: 0.1", "trainer: {assistant_only_loss: true}", DATA % ""),
            "method `cpt` sets it",
        ),
    ],
)
def test_contradictory_configs_are_refused(fields: tuple[str, ...], text: str) -> None:
    with pytest.raises((StageError, ValidationError)) as caught:
        parse_stage((CONFIG + "\n".join(fields)).encode(), "config.yaml")
    assert text in str(caught.value)
