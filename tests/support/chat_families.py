"""Families of chat templates, written from their documentation, each with a tokenizer of bytes that has its tokens."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "stages" / "templates"
_CHATML = ("<|im_start|>", "<|im_end|>")
_THINKS = ("<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>")
_LLAMA = ("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
_MISTRAL = (
    "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[TOOL_CALLS]",
    "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[ARGS]",
)  # fmt: skip
_DEEPSEEK = (
    "<｜User｜>", "<｜Assistant｜>", "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>", "<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>",
    "<｜tool▁sep｜>", "<｜tool▁outputs▁begin｜>", "<｜tool▁outputs▁end｜>", "<｜tool▁output▁begin｜>", "<｜tool▁output▁end｜>",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Family:
    """A template with the tokens of its tokenizer; `added` ones are not special.

    `system`, `tools` and `thoughts` say which rows it writes whole; `answers` whether it writes given answers as it
    asks for them. `end` is the token after an answer.
    """

    name: str
    eos: str
    end: str
    pad: str = "<|pad|>"
    bos: str | None = None
    special: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    system: bool = True
    tools: bool = False
    thoughts: bool = False
    answers: bool = True
    file: str | None = None

    @property
    def template(self) -> str:
        """The text of the template."""
        return (FOLDER / f"{self.file or self.name}.jinja").read_text(encoding="utf-8").removesuffix("\n")


def _family(name: str, eos: str, **fields: Any) -> Family:
    return Family(**{"name": name, "eos": eos, "end": eos, **fields})


FAMILIES = {
    family.name: family
    for family in (
        _family("chatml", "<|im_end|>", special=_CHATML),
        # the end that is learnt is not the tokenizer's
        _family("chatml-eos-s", "</s>", end="<|im_end|>", special=_CHATML, file="chatml"),
        _family("qwen2.5", "<|im_end|>", pad="<|endoftext|>", special=_CHATML, added=_THINKS, tools=True),
        _family("qwen3", "<|im_end|>", pad="<|endoftext|>", special=_CHATML, added=_THINKS, tools=True, thoughts=True),
        _family(
            "qwen3-thinking", "<|im_end|>", pad="<|endoftext|>", special=_CHATML, added=_THINKS, tools=True,
            thoughts=True,
        ),
        _family("llama3", "<|end_of_text|>", end="<|eot_id|>", bos="<|begin_of_text|>", special=_LLAMA),
        _family("llama3.1", "<|eot_id|>", bos="<|begin_of_text|>", special=_LLAMA, tools=True),
        _family(
            "gemma2", "<eos>", end="<end_of_turn>", bos="<bos>", special=("<start_of_turn>", "<end_of_turn>"),
            system=False,
        ),
        _family("gemma3", "<eos>", end="<end_of_turn>", bos="<bos>", special=("<start_of_turn>", "<end_of_turn>")),
        _family("mistral-v0.3", "</s>", bos="<s>", pad="</s>", special=_MISTRAL, tools=True),
        _family("mistral-v7", "</s>", bos="<s>", special=_MISTRAL, tools=True),
        _family("deepseek-v3", "<｜end▁of▁sentence｜>", bos="<｜begin▁of▁sentence｜>", special=_DEEPSEEK),
        _family(
            "deepseek-r1", "<｜end▁of▁sentence｜>", bos="<｜begin▁of▁sentence｜>", special=_DEEPSEEK, added=_THINKS,
            answers=False,
        ),
        _family("smollm2", "<|im_end|>", special=_CHATML),
        _family("smollm3", "<|im_end|>", special=_CHATML, added=_THINKS, tools=True, thoughts=True),
        _family("alpaca", "</s>", bos="<s>", pad="</s>"),
        _family("zephyr", "</s>", bos="<s>", pad="</s>"),
        _family(
            "phi3", "<|endoftext|>", end="<|end|>", special=("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
        ),
    )
}  # fmt: skip


def tokenizer_of(family: Family, template: str | None = None) -> Any:
    """Return a tokenizer of single bytes with the tokens of the family, and its template or another one."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: index for index, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokens = {"eos_token": family.eos, "pad_token": family.pad} | ({"bos_token": family.bos} if family.bos else {})
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **tokens)
    fast.add_special_tokens({"additional_special_tokens": list(family.special)})
    fast.add_tokens([AddedToken(token, special=False, normalized=False) for token in family.added])
    fast.chat_template = template or family.template
    return fast
