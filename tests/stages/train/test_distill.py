"""Distillation on tiny models: teachers with weights, policy samples, probabilities, stops and resumption."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

STEPS = 8


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, tiny_models: Path) -> Path:
    """`tiny/1`; `near/1`, with slightly different weights; `other/1`, with two tokens swapped."""
    volume = tmp_path_factory.mktemp("distill") / "models"
    shutil.copytree(tiny_models, volume)
    near, other = volume / "near" / "1", volume / "other" / "1"
    shutil.copytree(volume / "tiny" / "1", near)
    random = np.random.default_rng(3)
    weights = load_file(near / "model.safetensors")
    moved = {name: (each + random.normal(0, 0.05, each.shape)).astype(each.dtype) for name, each in weights.items()}
    save_file(moved, near / "model.safetensors", metadata={"format": "pt"})
    shutil.copytree(near, other)
    tokenizer = json.loads((other / "tokenizer.json").read_text(encoding="utf-8"))
    vocabulary = tokenizer["model"]["vocab"]
    vocabulary["a"], vocabulary["b"] = vocabulary["b"], vocabulary["a"]
    (other / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    return volume


@pytest.fixture(scope="module")
def recorded(models: Path, build: Any) -> dict[str, list[dict[str, Any]]]:
    """Run all stages of this module in one process; return their events by name."""
    root = models.parent
    (root / "data").mkdir()
    (root / "outputs").mkdir()
    shared = Files(root)
    prompts = shared.rows("asked.jsonl", [{"prompt": row["prompt"]} for row in build.sft_rows(12)], "prompt")
    answered = shared.rows("answered.jsonl", build.sft_rows(6), "prompt-completion")
    badcases = shared.rows("badcases.jsonl", build.badcase_rows(8), "badcase")

    def teacher(name: str, *, same: bool) -> dict[str, Any]:
        fields = {"name": name, "revision": "1", "access": "weights", "license": "MIT", "outputs_may_train": True}
        return fields | {"shares_vocabulary": same}

    def distil(output: str, name: str, *, same: bool, **trainer: Any) -> None:
        given = {"learning_rate": 0.005, "max_steps": STEPS, "per_device_train_batch_size": 2, "save_steps": 3}
        given |= {"max_completion_length": 12, "temperature": 1.0, "beta": 1.0, "logging_steps": 1} | trainer
        peft = {"r": 4, "lora_alpha": 8, "lora_dropout": 0.1, "target_modules": "all-linear"}
        fields = {"peft": peft, "trainer": given, "teacher": teacher(name, same=same), "output": output}
        fields |= {"distillation": {"on_policy": True, "same_vocabulary": same}}
        shared.config(output, build.base_config("distill", "distill", prompts, **fields))

    def work(output: str, method: str, data: dict[str, Any], **fields: Any) -> None:
        metrics = [{"name": "exact_match"}]
        shared.config(output, build.base_config(method, method, data, metrics=metrics, output=output, **fields))

    distil("whole", "near", same=True)
    distil("stopped", "near", same=True)
    distil("aligned", "other", same=False, max_steps=2)
    distil("claimed", "other", same=True)
    distil("denied", "near", same=False)
    settings = {"samples": 2, "temperature": 1.0, "max_new_tokens": 12, "batch_size": 4}
    sampled = settings | {"makes": {"preference": True}}
    work("pairs-whole", "sample", badcases, work=sampled)
    work("pairs-stopped", "sample", badcases, work=sampled)
    work("never-right", "sample", answered, work=sampled)
    # the tiny model seldom ends an answer, and truncated answers are dropped
    by_weights = settings | {"max_new_tokens": 150, "keep": "all", "makes": {"prompt-completion": True}}
    for output in ("taught", "taught-again"):
        work(output, "teacher", prompts, work=by_weights, teacher=teacher("near", same=True))

    halfway = {"event": "progress", "done": 8}
    runs: list[tuple[str, dict[str, Any] | None]] = [
        ("whole", None),
        ("stopped", {"event": "step", "step": 4}),
        ("stopped", None),
        ("aligned", None),
        ("claimed", None),
        ("denied", None),
        ("pairs-whole", None),
        ("pairs-stopped", halfway),
        ("pairs-stopped", None),
        ("never-right", None),
        ("taught", None),
        ("taught-again", halfway),
        ("taught-again", None),
    ]
    script = Path(__file__).with_name("stopping.py")
    request = json.dumps([[str(root), f"{output}.yaml", at] for output, at in runs])
    done = subprocess.run([sys.executable, str(script)], input=request, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-5000:]
    found: dict[str, list[dict[str, Any]]] = {}
    for (output, at), events in zip(runs, json.loads(done.stdout), strict=True):
        found[f"{output}, stopped" if at else output] = events
    return found


class Files:
    """Writes rows and configs below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def rows(self, name: str, rows: list[dict[str, Any]], shape: str) -> dict[str, Any]:
        content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (self._root / "outputs" / name).write_text(content, encoding="utf-8")
        return {"path": name, "volume": "outputs", "shape": shape, "sha256": None, "rows": None}

    def config(self, name: str, config: dict[str, Any]) -> None:
        (self._root / f"{name}.yaml").write_text(json.dumps(config, ensure_ascii=False), encoding="utf-8")


def ended(events: list[dict[str, Any]]) -> tuple[int, str]:
    """Return the exit code, and the code of the error or an empty text."""
    codes = [event["code"] for event in events if event["event"] == "error"]
    return events[-1]["exit_code"], (codes or [""])[0]


def outputs(models: Path, output: str) -> Path:
    return models.parent / "outputs" / output


def metrics(models: Path, output: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((outputs(models, output) / "metrics.json").read_text(encoding="utf-8"))
    return document


def test_the_student_moves_towards_its_teacher(models: Path, recorded: dict[str, Any]) -> None:
    assert ended(recorded["whole"]) == (0, "")
    report = metrics(models, "whole")["report"]
    assert report["trainer"] == "DistillationTrainer"
    for answers in ("on_teacher_answers", "on_own_answers"):
        assert 0 < report["teacher_kl"]["after"][answers] < 0.9 * report["teacher_kl"]["before"][answers]


def test_a_stopped_distillation_ends_with_the_same_weights(models: Path, recorded: dict[str, Any]) -> None:
    assert ended(recorded["stopped, stopped"]) == (75, "RUN740")
    resumed = [event["resumed_from"] for event in recorded["stopped"] if event.get("name") == "train"]
    assert resumed == ["checkpoint-5"]  # the current step ends first
    whole, again = (
        (outputs(models, name) / "adapter" / "adapter_model.safetensors").read_bytes() for name in ("whole", "stopped")
    )
    assert whole == again
    assert metrics(models, "whole")["report"] == metrics(models, "stopped")["report"]


def test_another_vocabulary_is_aligned_as_text(models: Path, recorded: dict[str, Any]) -> None:
    assert ended(recorded["aligned"]) == (0, "")
    document = metrics(models, "aligned")
    assert (document["report"]["trainer"], document["steps"]) == ("GOLDTrainer", 2)


def test_a_wrong_claim_about_vocabularies_ends_before_a_model_is_loaded(recorded: dict[str, Any]) -> None:
    for output, words in (("claimed", "2 tokens differ, such as `a`"), ("denied", "the plan says they do not")):
        assert ended(recorded[output]) == (78, "RUN766")
        assert words in recorded[output][-2]["message"]
        assert [event["name"] for event in recorded[output] if event["event"] == "phase"] == ["check data"]


def test_samples_become_pairs_and_a_stop_changes_none(models: Path, recorded: dict[str, Any]) -> None:
    assert ended(recorded["pairs-stopped, stopped"]) == (75, "RUN740")
    whole, again = (
        (outputs(models, name) / "preference.jsonl").read_text(encoding="utf-8")
        for name in ("pairs-whole", "pairs-stopped")
    )
    assert whole == again
    rows = [json.loads(line) for line in whole.splitlines()]
    assert rows[0]["chosen"] == [{"role": "assistant", "content": "SELECT count(*) FROM t0"}]  # the human fix
    assert all(row["chosen"] != row["rejected"] for row in rows)
    assert len({str(row["rejected"]) for row in rows}) > 1
    report = metrics(models, "pairs-whole")["report"]
    assert (report["prompts"], report["samples"], report["right_samples"], report["rows"]) == (8, 16, 0, len(rows))


def test_a_policy_that_is_never_right_gives_no_pairs(recorded: dict[str, Any]) -> None:
    assert ended(recorded["never-right"]) == (65, "RUN712")
    assert "6 with wrong samples only" in recorded["never-right"][-2]["message"]


def test_a_teacher_with_weights_answers_the_same_after_a_stop(models: Path, recorded: dict[str, Any]) -> None:
    assert ended(recorded["taught"]) == (0, "")
    whole, again = (
        (outputs(models, name) / "prompt-completion.jsonl").read_bytes() for name in ("taught", "taught-again")
    )
    assert whole == again
    assert json.loads((outputs(models, "taught") / "provenance.json").read_text())["teacher"]["name"] == "near"
