"""What the prompts of a batch share is computed once, and the answers are those of each prompt alone."""

from types import SimpleNamespace
from typing import Any

import pytest

from runtime.model import generate
from runtime.model.prefill import padded, prefilled, shared_length

pytestmark = pytest.mark.slow

SHARED = [*range(5, 45)]
PROMPTS = [[*SHARED, 60, 61, 62, 63], [*SHARED, 70], [*SHARED, 71, 72], [*SHARED, 71, 72], [*SHARED, 71]]
FAMILIES = {
    "llama": {"model_type": "llama", "num_key_value_heads": 2},
    "qwen3": {"model_type": "qwen3", "num_key_value_heads": 2, "head_dim": 8},
    "gpt2": {"model_type": "gpt2", "n_embd": 32, "n_layer": 2, "n_head": 4},
    # windows, shorter than what is shared, keep other keys
    "mistral": {"model_type": "mistral", "num_key_value_heads": 2, "sliding_window": 8},
    "gemma3": {"model_type": "gemma3_text", "num_key_value_heads": 2, "head_dim": 8, "sliding_window": 8},
}


def model_of(family: str, dtype: str = "float64") -> Any:
    """A random model; its sharp distribution makes greedy answers differ from prompt to prompt."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = AutoConfig.for_model(
        **({} if family == "gpt2" else sizes), **FAMILIES[family], vocab_size=97, eos_token_id=1, pad_token_id=0
    )
    model = AutoModelForCausalLM.from_config(config, dtype=getattr(torch, dtype)).eval()
    with torch.no_grad():
        for each in model.parameters():
            each.mul_(3)
    return model


TOKENIZER: Any = SimpleNamespace(
    pad_token_id=0, eos_token_id=1, chat_template=None, batch_decode=lambda rows, **_: [repr(row) for row in rows]
)


def answers(model: Any, prompts: list[list[int]], temperature: float = 0.0) -> list[str]:
    import torch

    torch.manual_seed(0)
    with torch.inference_mode():
        return generate.generate_batch(model, TOKENIZER, prompts, 8, temperature)


def cache_of(model: Any, prompts: list[list[int]]) -> Any:
    import torch

    shared = shared_length(model, prompts)
    ids, mask = map(torch.tensor, padded(prompts, shared, 0))
    with torch.inference_mode():
        return prefilled(model, ids, mask, shared)


@pytest.mark.parametrize("family", FAMILIES)
def test_answers_are_those_of_each_prompt_alone(family: str) -> None:
    model = model_of(family)
    alone = [answers(model, [each])[0] for each in PROMPTS]
    assert len(set(alone)) > 2
    assert answers(model, PROMPTS) == alone


@pytest.mark.parametrize(
    "prompts",
    [
        [PROMPTS[0]] * 6,
        [PROMPTS[0]] * 3 + [PROMPTS[1]] * 3,
        [SHARED, [*SHARED, 60], [*SHARED, 60, 61]],  # a prompt that others continue
        [[7, *SHARED], [8, *SHARED], [9]],  # nothing is shared
        [[7, *SHARED]] * 2 + [[8, *SHARED]] * 2,  # nothing is shared, but rows are equal
        [[7]] * 3,
        [PROMPTS[0]],
    ],
    ids=["equal", "two", "continued", "different", "pairs", "one-token", "one"],
)
def test_samples_are_those_without_a_shared_cache(prompts: list[list[int]], monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of("llama")
    shared = [answers(model, prompts), answers(model, prompts, 1.0)]
    monkeypatch.setattr(generate, "prefilled", lambda *_: None)
    assert shared == [answers(model, prompts), answers(model, prompts, 1.0)]


def test_what_is_shared_is_computed_once() -> None:
    model = model_of("llama")
    widths: list[tuple[int, ...]] = []
    model.model.embed_tokens.register_forward_pre_hook(lambda _, given: widths.append(tuple(given[0].shape)))
    cache = cache_of(model, [PROMPTS[0]] * 3 + [PROMPTS[1]] * 3)
    assert widths == [(1, len(SHARED)), (2, 3)]
    assert cache.get_seq_length() == len(PROMPTS[0]) - 1
    assert len(cache.layers[0].keys) == 6


@pytest.mark.parametrize("family", ["mistral", "gemma3"])
def test_a_model_whose_layers_forget_gets_no_shared_cache(family: str) -> None:
    assert cache_of(model_of(family), PROMPTS) is None


def test_a_batch_that_shares_little_is_generated_as_it_is() -> None:
    model = model_of("llama")
    assert cache_of(model, [[5, 6, 7], [5, 8, 9]]) is None
    assert cache_of(model, [PROMPTS[0]]) is None
