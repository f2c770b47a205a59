"""What is merged and exported answers as the base and its adapter do, for each form of adapter that a spec can write."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from runtime.contract.blocks import ModelBlock
from runtime.contract.errors import StageError
from runtime.contract.outputs import CHECK_ROWS_FILE
from runtime.contract.volumes import Volumes
from runtime.model import merge
from runtime.model.targets import check_targets

pytestmark = pytest.mark.filterwarnings("ignore")
ROWS = [[5, 9, 13, 200, 7, 31], [40, 41, 42, 43], [255, 3, 3, 17, 90]]
FORMS: dict[str, dict[str, Any]] = {
    "all-linear": {"target_modules": "all-linear"},
    "embeddings": {"target_modules": ["q_proj", "embed_tokens"]},
    "embeddings by expression": {"target_modules": r".*\.(q_proj|embed_tokens)"},
    "only embeddings": {"target_modules": ["embed_tokens"]},
    "rslora": {"target_modules": "all-linear", "use_rslora": True},
    "dora": {"target_modules": "all-linear", "use_dora": True},
    "dora on embeddings": {"target_modules": ["q_proj", "embed_tokens"], "use_dora": True},
    "whole embeddings": {"target_modules": ["q_proj"], "modules_to_save": ["embed_tokens"]},
    "whole head": {"target_modules": ["q_proj"], "modules_to_save": ["lm_head"]},
    "whole embeddings and head": {"target_modules": ["q_proj"], "modules_to_save": ["embed_tokens", "lm_head"]},
    "whole norm": {"target_modules": ["q_proj"], "modules_to_save": ["norm"]},
}


def llama(*, tied: bool) -> Any:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=256,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        tie_word_embeddings=tied,
    )
    return LlamaForCausalLM(config)


def gpt2(*, tied: bool) -> Any:
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=256, n_embd=32, n_layer=2, n_head=2, n_positions=64, tie_word_embeddings=tied)
    return GPT2LMHeadModel(config)


def trained(model: Any, folder: Path, **form: Any) -> list[torch.Tensor]:
    """Train an adapter for some steps, save it to `folder`, and return its logits."""
    peft = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", r=4, lora_alpha=8, **form))
    weights = [weight for weight in peft.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=0.02)
    for _ in range(8):
        for row in ROWS:
            ids = torch.tensor([row])
            peft(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    peft.save_pretrained(str(folder))
    folder.parent.joinpath(CHECK_ROWS_FILE).write_text(json.dumps({"input_ids": ROWS}), encoding="utf-8")
    return merge.logits_of(peft, ROWS)


def largest(one: list[torch.Tensor], other: list[torch.Tensor]) -> float:
    return max(float((a - b).abs().max()) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
@pytest.mark.parametrize("name", FORMS)
def test_a_merged_model_answers_as_base_and_adapter_do(tmp_path: Path, name: str, tied: bool) -> None:
    before = merge.logits_of(llama(tied=tied), ROWS)
    expected = trained(llama(tied=tied), tmp_path / "job" / "adapter", **FORMS[name])
    merged = merge.merge_adapter(llama(tied=tied), tmp_path / "job" / "adapter")
    assert largest(expected, merge.logits_of(merged, ROWS)) < 1e-4
    assert largest(expected, before) > 1e-3
    merged.save_pretrained(tmp_path / "merged")
    again = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    assert largest(expected, merge.logits_of(again, ROWS)) < 1e-4


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
@pytest.mark.parametrize("target", ["all-linear", ["c_attn", "wte"]], ids=str)
def test_weights_that_lie_the_other_way_round_are_merged_right(tmp_path: Path, target: Any, tied: bool) -> None:
    expected = trained(gpt2(tied=tied), tmp_path / "job" / "adapter", target_modules=target)
    merged = merge.merge_adapter(gpt2(tied=tied), tmp_path / "job" / "adapter")
    assert largest(expected, merge.logits_of(merged, ROWS)) < 1e-4


def test_adapters_of_stages_in_sequence_are_merged_in_order(tmp_path: Path) -> None:
    trained(llama(tied=True), tmp_path / "one" / "adapter", target_modules=["q_proj", "embed_tokens"])
    base = merge.merge_adapter(llama(tied=True), tmp_path / "one" / "adapter")
    expected = trained(base, tmp_path / "two" / "adapter", target_modules=["q_proj", "embed_tokens"], use_rslora=True)
    again = merge.merge_adapter(llama(tied=True), tmp_path / "one" / "adapter")
    merged = merge.merge_adapter(again, tmp_path / "two" / "adapter")
    assert largest(expected, merge.logits_of(merged, ROWS)) < 1e-4


@pytest.mark.parametrize("noted", [True, False], ids=["rows of the stage", "rows of the vocabulary"])
def test_a_merge_that_changes_the_answers_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, noted: bool
) -> None:
    trained(llama(tied=True), tmp_path / "job" / "adapter", target_modules=["q_proj", "embed_tokens"])
    if not noted:
        (tmp_path / "job" / CHECK_ROWS_FILE).unlink()
    monkeypatch.setattr(merge, "_untie", lambda model: None)
    with pytest.raises(StageError, match="`job/adapter`, merged into its base model, answers otherwise") as caught:
        merge.merge_adapter(llama(tied=True), tmp_path / "job" / "adapter")
    assert (caught.value.problem.code, caught.value.exit_code) == ("RUN729", 78)


def test_logits_that_are_no_numbers_are_a_difference() -> None:
    ones = [torch.tensor([[1.0, 2.0]])]
    with pytest.raises(StageError):
        merge.require_equal_logits(ones, [torch.tensor([[1.0, float("nan")]])], "it", 0.1)
    assert merge.require_equal_logits(ones, ones, "it", 0.1)["logits_difference"] == 0.0


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
@pytest.mark.parametrize(
    ("form", "text"),
    [
        ({"target_modules": ["q_proj", "lm_head"]}, "reaches the output layer of `llama/1`"),
        ({"target_modules": ".*(q_proj|lm_head)"}, "reaches the output layer of `llama/1`"),
        ({"target_modules": ["query"]}, "not found in the base model"),
        ({"target_modules": ["norm"]}, "is not supported"),
        ({"target_modules": ["q_proj"], "modules_to_save": ["head"]}, "`head`, which `llama/1` lacks"),
    ],
    ids=str,
)
def test_an_adapter_that_cannot_be_trained_is_refused_without_weights(
    tmp_path: Path, form: dict[str, Any], text: str, tied: bool
) -> None:
    llama(tied=tied).config.save_pretrained(tmp_path / "llama" / "1")
    block = ModelBlock(path="llama/1", adapters=[], dtype="float32", trust_remote_code=False)
    config = LoraConfig(task_type="CAUSAL_LM", r=4, **form)
    with pytest.raises(StageError) as caught:
        check_targets(config, block, Volumes(models=tmp_path, data=tmp_path, outputs=tmp_path))
    assert caught.value.problem.code == "RUN702"
    assert text in caught.value.problem.message


FRESH = """
import sys, torch, json
from transformers import AutoModelForCausalLM, AutoTokenizer
model, tokenizer = (kind.from_pretrained(sys.argv[1]) for kind in (AutoModelForCausalLM, AutoTokenizer))
rows = json.loads(sys.argv[2])
logits = [model(input_ids=torch.tensor([row])).logits[0].tolist() for row in rows]
print(json.dumps({"logits": logits, "template": tokenizer.chat_template, "tied": model.config.tie_word_embeddings}))
"""


def test_an_export_of_tied_embeddings_answers_in_a_fresh_process(workspace: Any, build: Any) -> None:
    from peft import PeftModel

    from runtime.export import main as export

    models = workspace.root / "models"
    (models / "tied").mkdir(parents=True)
    for path in (workspace.models / "tiny" / "1").iterdir():
        (models / "tied" / "1").mkdir(exist_ok=True)
        (models / "tied" / "1" / path.name).write_bytes(path.read_bytes())
    config = LlamaConfig.from_pretrained(models / "tied" / "1")
    config.tie_word_embeddings = True
    LlamaForCausalLM(config).save_pretrained(models / "tied" / "1")
    workspace.models = models
    rows = workspace.write_rows("train.jsonl", build.sft_rows(6), "prompt-completion")
    stage = build.sft_config(rows, trainer={"max_steps": 3, "learning_rate": 0.05})
    stage["model"]["path"] = "tied/1"
    stage["peft"] |= {"target_modules": ["q_proj", "embed_tokens"], "lora_dropout": 0.0}
    ended = workspace.run(workspace.write_config("stage", stage))
    assert ended.code == 0, ended.stderr
    smoke = workspace.metrics("plan-sft")["training"]["smoke_test"]
    assert smoke["logits_difference"] == 0.0
    assert smoke["logits_spread"] > 0
    noted = json.loads((workspace.outputs / "plan-sft" / CHECK_ROWS_FILE).read_text(encoding="utf-8"))["input_ids"]
    assert noted
    target = workspace.root / "exported"
    assert export([str(workspace.outputs / "plan-sft"), "--to", str(target), "--models", str(models)]) == 0
    base = AutoModelForCausalLM.from_pretrained(models / "tied" / "1")
    expected = merge.logits_of(PeftModel.from_pretrained(base, str(workspace.outputs / "plan-sft" / "adapter")), noted)
    command = [sys.executable, "-c", FRESH, str(target), json.dumps(noted)]
    fresh = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert largest(expected, [torch.tensor(each) for each in fresh["logits"]]) < 1e-4
    assert fresh["template"]
    assert fresh["tied"] is False
    assert (target / "generation_config.json").is_file()
