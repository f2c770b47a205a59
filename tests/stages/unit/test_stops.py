"""Generation stops at the end that is learnt, and exports say so, whatever the model's files name as its end."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.chat_families import FAMILIES, tokenizer_of

from runtime.contract.blocks import ModelBlock
from runtime.contract.volumes import Volumes
from runtime.model.stops import set_vllm_stops, stops_of

pytestmark = pytest.mark.slow


def named(ids: list[int], tokenizer: Any) -> list[str]:
    return list(tokenizer.convert_ids_to_tokens(ids))


@pytest.mark.parametrize(
    ("family", "declared", "stops"),
    [
        ("chatml-eos-s", "</s>", ["</s>", "<|im_end|>"]),
        ("chatml-eos-s", None, ["</s>", "<|im_end|>"]),
        ("chatml", "<|im_end|>", ["<|im_end|>"]),
        ("qwen2.5", "<|endoftext|>", ["<|endoftext|>", "<|im_end|>"]),
        ("llama3", ["<|end_of_text|>", "<|eot_id|>"], ["<|end_of_text|>", "<|eot_id|>"]),
        ("gemma3", "<eos>", ["<eos>", "<end_of_turn>"]),
        ("phi3", "<|endoftext|>", ["<|endoftext|>", "<|end|>"]),
    ],
)
def test_the_stops_are_those_of_the_model_the_tokenizer_and_the_template(
    family: str, declared: Any, stops: list[str]
) -> None:
    tokenizer = tokenizer_of(FAMILIES[family])
    ids = tokenizer.convert_tokens_to_ids(declared) if declared is not None else None
    model: Any = SimpleNamespace(generation_config=SimpleNamespace(eos_token_id=ids))
    assert named(stops_of(model, tokenizer), tokenizer) == stops


def test_without_a_template_the_tokenizers_end_counts_beside_the_models() -> None:
    tokenizer = tokenizer_of(FAMILIES["zephyr"])
    tokenizer.chat_template = None
    model: Any = SimpleNamespace(generation_config=SimpleNamespace(eos_token_id=7))
    assert stops_of(model, tokenizer) == [7, tokenizer.eos_token_id]


def test_a_loaded_model_stops_there_and_its_export_says_so(tmp_path: Path) -> None:
    from tools.templates.matrix import write_model

    from runtime.model.generate import answer_batch
    from runtime.model.load import load_model, load_tokenizer

    family = FAMILIES["chatml-eos-s"]
    write_model(family, tmp_path / "model" / "1")
    block = ModelBlock(path="model/1", adapters=[], dtype="float32", trust_remote_code=False)
    volumes = Volumes(models=tmp_path, data=tmp_path, outputs=tmp_path)
    model, tokenizer = load_model(block, volumes), load_tokenizer(block, volumes)
    model.save_pretrained(tmp_path / "exported")
    settings = json.loads((tmp_path / "exported" / "generation_config.json").read_text(encoding="utf-8"))
    assert named(settings["eos_token_id"], tokenizer) == ["</s>", "<|im_end|>"]
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    network: Any = model
    network.generate = lambda input_ids, stopping_criteria, generation_config, **_: _written(
        input_ids, [ord("h") - 33, end], generation_config, stopping_criteria
    )
    (answer,) = answer_batch(model, tokenizer, [[1, 2, 3]], max_new_tokens=8)
    assert (answer.text, answer.tokens, answer.is_cut) == ("h", 2, False)


def _written(prompt: Any, tokens: list[int], settings: Any, criteria: Any) -> Any:
    """The answer that a model writes, up to the first token at which the settings stop."""
    import torch

    ids = prompt
    for token in tokens:
        ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
        criteria(ids, None)
        if token in settings.eos_token_id:
            break
    return ids


def test_vllm_stops_there_too() -> None:
    model: Any = SimpleNamespace(generation_config=SimpleNamespace(eos_token_id=[2, 5]))
    args = SimpleNamespace(use_vllm=True, generation_kwargs={"seed": 3})
    set_vllm_stops(args, model)
    assert args.generation_kwargs == {"stop_token_ids": [2, 5], "seed": 3}
    without = SimpleNamespace(use_vllm=False, generation_kwargs=None)
    set_vllm_stops(without, model)
    assert without.generation_kwargs is None
