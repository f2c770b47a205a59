"""Turns in a tokenizer's chat template, as text and as tokens."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runtime.contract.errors import StageError
from runtime.data.examples import Example

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def render_text(example: Example, count: int, tokenizer: "PreTrainedTokenizerBase", *, asks: bool = False) -> str:
    """Return the text of the first `count` turns; RUN718 if the template fails.

    `asks` adds the generation prompt: the template's prefix of an answer.
    """
    try:
        return text_of_turns((example.turns or [])[:count], example.tools, tokenizer, asks=asks)
    except Exception as error:  # a template is a program from the model's authors and may raise anything
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        message = f"{example.place}: the chat template cannot write these turns: {reason}"
        raise StageError("RUN718", message, "use the roles, and their order, that the template supports") from error


def text_of_turns(
    turns: Sequence[dict[str, Any]],
    tools: list[dict[str, Any]] | None,
    tokenizer: "PreTrainedTokenizerBase",
    *,
    asks: bool,
) -> str:
    """Return the text of turns, a missing `content` as an empty one; raises whatever the template raises."""
    filled = [{**turn, "content": turn.get("content") or ""} for turn in turns]
    text: Any = tokenizer.apply_chat_template(filled, tools=tools, add_generation_prompt=asks, tokenize=False)
    return str(text)


def ids_of(text: str, tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """Return the tokens of a template's text, which contains its own beginning of text."""
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def common_prefix(tokens: Sequence[object], others: Sequence[object]) -> int:
    """Return the length of the common prefix of two sequences."""
    pairs = enumerate(zip(tokens, others, strict=False))
    return next((index for index, (one, other) in pairs if one != other), min(len(tokens), len(others)))
