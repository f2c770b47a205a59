"""A few steps on the real model: what a tiny random one cannot show."""

import os
from pathlib import Path
from typing import Any

import pytest

REFERENCE = "smollm2-135m-instruct/0.1.2"


@pytest.fixture
def real_models() -> Path:
    """The models volume that `trainspec-runtime fetch` fills, or the one that the environment names."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trainspec" / "models"
    models = Path(os.environ.get("TRAINSPEC_MODELS") or cache)
    if not (models / REFERENCE / "config.json").is_file():
        pytest.skip(f"the real model is not in {models}: run `trainspec-runtime fetch {REFERENCE}`")
    return models


@pytest.mark.real_model
def test_a_few_steps_teach_the_real_model(workspace: Any, real_models: Path, build: Any) -> None:
    workspace.models = real_models
    question = [{"role": "user", "content": "singer(id, name)\nHow many singers are there?"}]
    answer = "SELECT count(*) FROM singer"
    row = {"prompt": question, "completion": [{"role": "assistant", "content": answer}]}
    data = workspace.write_rows("train.jsonl", [row] * 8, "prompt-completion")
    trainer = {"learning_rate": 0.002, "max_steps": 6, "per_device_train_batch_size": 2, "save_strategy": "no"}
    sft = build.sft_config(data, trainer=trainer)
    sft["model"]["path"] = REFERENCE
    trained = workspace.run(workspace.write_config("sft", sft))
    assert trained.code == 0, trained.stderr
    losses = [event["loss"] for event in trained.events if event["event"] == "step"]
    assert losses[-1] < losses[0] / 2

    heldout = workspace.write_rows(
        "heldout.jsonl", [{"id": "1", "prompt": question, "reference": answer}], "evaluation"
    )
    config = build.base_config(
        "eval",
        "evaluate",
        heldout,
        adapters=["plan-sft/adapter"],
        generation={"max_new_tokens": 16, "batch_size": 1},
        metrics=[{"name": "exact_match"}],
    )
    config["model"]["path"] = REFERENCE
    assert workspace.run(workspace.write_config("eval", config)).code == 0
    assert workspace.metrics("plan-eval")["metrics"]["exact_match"]["value"] == 1.0
