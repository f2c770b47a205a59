"""Models with random weights in the shapes of real ones, and a tokenizer of words with a vocabulary as large as theirs.

Speed and memory depend on shapes alone, so no weights have to be fetched. A word is one token: lengths are exact.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<unk>", "system", "user", "assistant")
TEMPLATE = (
    "{% for message in messages %}<|im_start|> {{ message['role'] }} {{ message['content'] }} <|im_end|> {% endfor %}"
    "{% if add_generation_prompt %}<|im_start|> assistant {% endif %}"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """The sizes of one architecture, as its published config has them."""

    family: str
    vocabulary: int
    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    tied: bool
    positions: int = 32768


SHAPES = {
    "qwen2-0.5b": Shape(
        family="Qwen2", vocabulary=151936, hidden=896, intermediate=4864, layers=24, heads=14, kv_heads=2, tied=True
    ),
    "qwen2-1.5b": Shape(
        family="Qwen2", vocabulary=151936, hidden=1536, intermediate=8960, layers=28, heads=12, kv_heads=2, tied=True
    ),
    "llama-8b": Shape(
        family="Llama", vocabulary=128256, hidden=4096, intermediate=14336, layers=32, heads=32, kv_heads=8, tied=False
    ),
    "tiny": Shape(
        family="Llama", vocabulary=256, hidden=64, intermediate=128, layers=2, heads=4, kv_heads=2, tied=True
    ),
}


def tagged_words(vocabulary: int) -> Callable[[int], str]:
    """Words of the tokenizer below: `w0`, `w1` and so on."""
    return lambda number: f"w{number % (vocabulary - len(SPECIAL))}"


def config_of(shape: Shape, **token_ids: int | None) -> Any:
    """The transformers config of a shape."""
    import transformers

    fields: dict[str, Any] = {
        "vocab_size": shape.vocabulary,
        "hidden_size": shape.hidden,
        "intermediate_size": shape.intermediate,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "max_position_embeddings": shape.positions,
        "tie_word_embeddings": shape.tied,
    }
    return getattr(transformers, f"{shape.family}Config")(**fields, **token_ids)


def write_tokenizer(folder: Path, vocabulary: int) -> Any:
    """Write a tokenizer that cuts at blanks, with exactly `vocabulary` tokens; return it."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = [*SPECIAL, *(f"w{number}" for number in range(vocabulary - len(SPECIAL)))]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", unk_token="<unk>"
    )
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    return fast


def write_model(folder: Path, shape: Shape, dtype: str) -> None:
    """Write the model's random weights in `dtype` and its tokenizer, once."""
    if (folder / "config.json").is_file():
        return
    import torch
    from transformers import AutoModelForCausalLM

    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = write_tokenizer(folder, shape.vocabulary)
    config = config_of(
        shape, pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id, bos_token_id=None
    )
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, dtype=getattr(torch, dtype))
    model.save_pretrained(folder)


def describe(shape: Shape) -> dict[str, Any]:
    """The sizes, for the report."""
    return asdict(shape)


if __name__ == "__main__":
    import sys

    name, target = sys.argv[1:]
    write_model(Path(target), SHAPES[name], "bfloat16")
