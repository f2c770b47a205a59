"""The prompts of rows as tokens; unusable prompts are rejected here, before a model loads."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runtime.contract.errors import StageError
from runtime.data.answer_form import require_end, require_generation_prompt
from runtime.data.by_row import for_each_row
from runtime.data.chat import ids_of, render_text
from runtime.data.control_tokens import require_no_control_tokens
from runtime.data.examples import Example
from runtime.data.formats import Row
from runtime.data.written import require_all_written

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
    RUN718 if turns have no template, or the template rejects them or loses a text; RUN724 or RUN725 if answers would
    not end, or begin with text of the template; RUN726 if a prompt holds special tokens. RUN755 if a prompt leaves no
    room in the `context` for `answer_tokens`, which `setting` sets: neither evaluations nor TRL's generating
    trainers cut prompts.
    """
    forced: list[int] = tokenizer(begin, add_special_tokens=False)["input_ids"] if begin else []
    examples = [_example(row) for row in rows]
    _check_template(examples, tokenizer)
    prompts = [[*ids, *forced] for ids in for_each_row(lambda example: _ids(example, tokenizer), examples)]
    over = [index for index, ids in enumerate(prompts) if context is not None and len(ids) + answer_tokens > context]
    if over:
        longest = max(over, key=lambda index: len(prompts[index]))
        message = (
            f"{len(over)} of {len(rows)} prompts leave no room for an answer of {answer_tokens} tokens: row "
            f"`{rows[longest]['id']}` has {len(prompts[longest])} tokens, the model's context {context}"
        )
        raise StageError("RUN755", message, f"shorten or drop these prompts, or lower `{setting}`")
    return prompts


def _example(row: Row) -> Example:
    place, prompt = f"row `{row['id']}`", row["prompt"]
    if isinstance(prompt, str):
        return Example(place=place, is_made=False, prompt=prompt)
    return Example(place=place, is_made=False, turns=prompt, tools=row.get("tools") or None)


def _check_template(examples: Sequence[Example], tokenizer: "PreTrainedTokenizerBase") -> None:
    talk = next((example for example in examples if example.turns is not None), None)
    if talk is not None and tokenizer.chat_template is None:
        place = talk.place
        message = f"the model's tokenizer has no chat template, but the prompt of {place} consists of turns with roles"
        raise StageError("RUN718", message, "write the rows as plain text, or choose a chat model")
    require_end(tokenizer, turns=talk is not None)
    if talk is not None:
        require_generation_prompt(tokenizer)


def _ids(example: Example, tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    require_no_control_tokens(example, tokenizer)
    if example.turns is None:
        return list(tokenizer(example.prompt)["input_ids"])
    count = len(example.turns)
    text = render_text(example, count, tokenizer, asks=True)
    require_all_written(example, text, count, tokenizer, learns=False, asks=True)
    return ids_of(text, tokenizer)
