"""The prompts of rows as tokens; unusable prompts are rejected here, before a model loads."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runtime.contract.errors import StageError
from runtime.data.examples import Example
from runtime.data.formats import Row
from runtime.data.tokens import render, require_all_written
from runtime.model.generate import prompt_ids

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def prompts_of(
    rows: Sequence[Row],
    tokenizer: "PreTrainedTokenizerBase",
    *,
    answer_tokens: int,
    context: int | None,
    begin: str = "",
    setting: str = "evaluation.maxNewTokens",
) -> list[list[int]]:
    """Return the token ids of each row's prompt, followed by those of `begin`.

    A prompt is text, or turns in the chat template. Rows have an `id` for messages, `prompt`, and optionally `tools`.
    RUN718 if turns have no template, or the template rejects them or ignores tools or calls. RUN755 if a prompt leaves
    no room in the `context` for `answer_tokens`, which `setting` sets: neither evaluations nor TRL's generating
    trainers cut prompts.
    """
    forced: list[int] = tokenizer(begin, add_special_tokens=False)["input_ids"] if begin else []
    prompts = [[*_ids(row, tokenizer), *forced] for row in rows]
    over = [index for index, ids in enumerate(prompts) if context is not None and len(ids) + answer_tokens > context]
    if over:
        longest = max(over, key=lambda index: len(prompts[index]))
        message = (
            f"{len(over)} of {len(rows)} prompts leave no room for an answer of {answer_tokens} tokens: row "
            f"`{rows[longest]['id']}` has {len(prompts[longest])} tokens, the model's context {context}"
        )
        raise StageError("RUN755", message, f"shorten or drop these prompts, or lower `{setting}`")
    return prompts


def _ids(row: Row, tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    if isinstance(row["prompt"], str):
        return prompt_ids(tokenizer, row["prompt"])
    place = f"row `{row['id']}`"
    example = Example(place=place, is_made=False, turns=row["prompt"], tools=row.get("tools") or None)
    if tokenizer.chat_template is None:
        message = f"the model's tokenizer has no chat template, but the prompt of {place} consists of turns with roles"
        raise StageError("RUN718", message, "write the rows as plain text, or choose a chat model")
    ids = render(example, len(row["prompt"]), tokenizer, asks=True)
    require_all_written(example, ids, tokenizer, asks=True)
    return ids
