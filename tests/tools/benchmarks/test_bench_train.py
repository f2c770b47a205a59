"""`make bench-train` on the smallest model, and what it would do on a GPU: sizes, settings, arithmetic."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tools.benchmarks.train import rows as text
from tools.benchmarks.train.contenders import Place, axolotl, hand, llamafactory, ours, ours_packed, trl_cli
from tools.benchmarks.train.flops import mfu, training_flops
from tools.benchmarks.train.measure import RunError, read
from tools.benchmarks.train.shapes import SHAPES, config_of, tagged_words, write_tokenizer
from tools.benchmarks.train.work import Workload, on_cpu, on_gpu, quick

from runtime.stage.config import load_stage

REPOSITORY = Path(__file__).parents[3]


def test_ours_and_the_script_by_hand_learn_alike(tmp_path: Path) -> None:
    arguments = [
        "--quick",
        "--only",
        "sft-quick",
        "--rounds",
        "1",
        "--contender",
        "ours",
        "--contender",
        "hand",
        "--out",
        str(tmp_path),
    ]
    environment = os.environ | {"PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'tests'}"}
    command = [sys.executable, "-m", "tools.benchmarks.train", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / "train.json").read_text(encoding="utf-8"))["workloads"]["sft-quick"]["runs"]
    (mine,), (theirs,) = found["ours"], found["hand"]
    assert len(mine["losses"]) == 4
    assert mine["losses"] == pytest.approx(theirs["losses"], rel=1e-3)
    assert mine["tokens"] == theirs["tokens"] > 50
    assert mine["positions"] > mine["tokens"]
    assert min(mine["rate"], theirs["rate"], mine["rss_mib"], theirs["rss_mib"]) > 0
    assert (tmp_path / "sft-quick.png").stat().st_size > 1000
    assert "ours is" in done.stdout


@pytest.mark.parametrize(("shape", "billions"), [("qwen2-0.5b", 0.494), ("qwen2-1.5b", 1.544), ("llama-8b", 8.030)])
def test_random_models_are_as_large_as_the_real_ones(shape: str, billions: float) -> None:
    model = _on_meta(shape)
    assert sum(each.numel() for each in model.parameters()) / 1e9 == pytest.approx(billions, abs=5e-4)


@pytest.mark.parametrize("shape", ["tiny", "qwen2-0.5b", "llama-8b"])
def test_flops_are_six_a_weight_and_four_under_lora(shape: str) -> None:
    from trl.trainer.utils import adjusted_mfu, compute_flops_per_token

    model = _on_meta(shape)
    matrices = sum(each.numel() for name, each in model.named_parameters() if each.dim() == 2)
    if not SHAPES[shape].tied:  # a table that is looked up in, and multiplies nothing
        matrices -= model.get_input_embeddings().weight.numel()
    config = model.config
    without_scores = {lora: training_flops(config, tokens=1000, squares=0, lora=lora) for lora in (False, True)}
    biases_and_norms = 1.001
    assert 6 * matrices * 1000 <= without_scores[False] <= 6 * matrices * 1000 * biases_and_norms
    assert without_scores[True] == pytest.approx(without_scores[False] * 4 / 6)
    # one full row of 4096: what TRL counts for it with its causal correction
    row = training_flops(config, tokens=4096, squares=4096**2, lora=False)
    assert row == pytest.approx(4096 * compute_flops_per_token(config, 4096) * adjusted_mfu(1.0, config, 4096))


def test_mfu_is_a_share_of_the_peak() -> None:
    assert mfu(989e12, 2.0, "NVIDIA H100 80GB HBM3") == pytest.approx(0.5)
    assert mfu(1e12, 1.0, "some CPU") is None


def test_a_drawn_row_has_as_many_tokens_as_words(tmp_path: Path) -> None:
    tokenizer = write_tokenizer(tmp_path, 500)
    assert len(tokenizer) == 500
    lengths = text.mixed_lengths(50, median=40, spread=1.0, most=300, seed=1)
    assert min(lengths) < 20 < 120 < max(lengths) <= 300
    for length, row in zip(lengths, text.rows_of_lengths(lengths, tagged_words(500), 1), strict=True):
        turns = [*row["prompt"], *row["completion"]]
        assert sum(len(tokenizer(turn["content"])["input_ids"]) for turn in turns) == length
        assert tokenizer.unk_token_id not in tokenizer(turns[0]["content"])["input_ids"]
        # three tokens around each turn
        assert len(tokenizer.apply_chat_template(turns)["input_ids"]) == length + 6


@pytest.mark.parametrize("work", [*on_cpu(), *on_gpu(), *quick()], ids=lambda work: work.name)
def test_every_workload_is_a_stage_and_a_script(work: Workload, tmp_path: Path) -> None:
    place = _place(tmp_path, work, has_gpu=work in on_gpu())
    run = ours(work, place)
    stage, _ = load_stage(Path(run.command[-1]))
    assert (stage.method, stage.model.dtype) == (work.method, work.dtype)
    given = json.loads(Path(hand(work, place).command[-1]).read_text(encoding="utf-8"))
    shared = {name: value for name, value in given["args"].items() if name in stage.trainer}
    assert shared == stage.trainer
    assert given["args"].get("use_cpu", False) is not place.has_gpu
    assert given["args"]["bf16"] is True
    assert work.steps > work.warmup > 0
    if work.packed:
        shutil.rmtree(place.run)
        place.run.mkdir()
        stage, _ = load_stage(Path(ours_packed(work, place).command[-1]))
        assert stage.trainer["packing"] is True
        assert stage.trainer["max_length"] == work.trainer["max_length"]


def test_the_settings_of_the_other_contenders_on_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMAFACTORY_PYTHON", "/there/bin/python")
    monkeypatch.setenv("AXOLOTL_PYTHON", "/here/bin/python")
    work = next(each for each in on_gpu() if each.name == "sft-llama-8b-mixed")
    place = _place(tmp_path, work, has_gpu=True)
    for prepare in (trl_cli, llamafactory, axolotl):
        settings = yaml.safe_load(Path(prepare(work, place).command[-1]).read_text(encoding="utf-8"))
        batch = settings.get("per_device_train_batch_size") or settings["micro_batch_size"]
        assert (batch, settings["max_steps"], settings["learning_rate"]) == (4, 30, 2e-4)
        assert settings["lora_r" if "lora_r" in settings else "lora_rank"] == 16
        assert not settings.get("use_cpu", False)
        assert settings.get("bf16", True) is True  # TRL's default
        assert "lora_mlp_kernel" not in settings


def test_only_steps_after_the_warm_up_count() -> None:
    work = quick()[0]
    report = _report([(1, 0.0, 900), (2, 2.0, 10), (3, 3.0, 20), (4, 5.0, 30)])
    found = read("ours", work, report, wall=9.0, load=0.0)
    assert (found.tokens, found.seconds, found.rate, found.best_rate) == (60, 5.0, 12.0, 20.0)
    with pytest.raises(RunError, match="3 of 4 steps"):
        read("ours", work, _report([(1, 0.0, 900), (2, 2.0, 10), (3, 3.0, 20)]), wall=9.0, load=0.0)


def _report(steps: list[tuple[int, float, int]]) -> dict[str, Any]:
    listed = [{"step": n, "ended": at, "tokens": k, "positions": k, "squares": k} for n, at, k in steps]
    logs = [{"step": n, "loss": 1.0} for n, _, _ in steps]
    figures = {"peak_rss_mib": 1.0, "peak_cuda_mib": None, "bf16": True, "dtype": "x", "threads": 1, "torch": "2"}
    return {"steps": listed, "logs": logs, "gradient_checkpointing": False, **figures}


def _place(folder: Path, work: Workload, *, has_gpu: bool) -> Place:
    run = folder / "run"
    run.mkdir()
    text.write(folder / "data" / "rows.jsonl", work.rows()[:4])
    return Place(models=folder, data=folder / "data", run=run, has_gpu=has_gpu, has_bf16=True)


def _on_meta(shape: str) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(config_of(SHAPES[shape]))
