"""The prompts of rows as tokens, found out before a model is loaded: what cannot be asked is refused then."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from runtime.config.blocks import ModelBlock
from runtime.errors import StageError
from runtime.formats import Row
from runtime.generate import prompt_ids
from runtime.volumes import Volumes

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def context_length(block: ModelBlock, volumes: Volumes) -> int | None:
    """Return how many tokens the model can see at once, as its `config.json` says; None where it does not."""
    config = json.loads((volumes.models / block.path / "config.json").read_text(encoding="utf-8"))
    found = config.get("max_position_embeddings") or config.get("text_config", {}).get("max_position_embeddings")
    return int(found) if found else None


def prompts_of(
    rows: Sequence[Row],
    tokenizer: "PreTrainedTokenizerBase",
    *,
    answer_tokens: int,
    context: int | None,
    begin: str = "",
) -> list[list[int]]:
    """Return each row's prompt (text, or turns in the chat template) as token ids; `begin` is put behind it.

    RUN718 if there is no template for turns, or it refuses them; RUN755 if a prompt leaves no room in the `context` for
    `answer_tokens`.
    """
    forced: list[int] = tokenizer(begin, add_special_tokens=False)["input_ids"] if begin else []
    prompts = [[*_ids(row, tokenizer), *forced] for row in rows]
    over = [index for index, ids in enumerate(prompts) if context is not None and len(ids) + answer_tokens > context]
    if over:
        longest = max(over, key=lambda index: len(prompts[index]))
        message = (
            f"{len(over)} of {len(rows)} prompts leave no room for {answer_tokens} tokens of an answer: row "
            f"`{rows[longest]['id']}` has {len(prompts[longest])}, the model's context {context}"
        )
        raise StageError("RUN755", message, "shorten or drop these prompts, or lower `evaluation.maxNewTokens`")
    return prompts


def _ids(row: Row, tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    if tokenizer.chat_template is None and not isinstance(row["prompt"], str):
        message = f"the model's tokenizer has no chat template, and the prompt of row `{row['id']}` is turns with roles"
        raise StageError("RUN718", message, "write the rows as plain text, or choose a model that was taught to chat")
    try:
        return prompt_ids(tokenizer, row["prompt"], row.get("tools"))
    except Exception as error:  # a template is a program of the model's makers: it raises what it likes
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        message = f"the chat template cannot write the prompt of row `{row['id']}`: {reason}"
        raise StageError("RUN718", message, "use the roles and their order that the template knows") from error
