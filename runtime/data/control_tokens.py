"""Texts of rows that hold special tokens of the tokenizer, which would read them as control tokens.

A forged end of a turn would stop answers in the middle. All paths refuse such texts, because TRL's trainers tokenize
some rows themselves and cannot encode them as plain text.
"""

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from runtime.contract.errors import StageError
from runtime.data.by_row import RowErrors
from runtime.data.examples import Example
from runtime.data.turn_texts import Text, texts_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_NOTHING = re.compile(r"(?!)")


def rows_without_control_tokens(rows: Sequence[Sequence[Example]], tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """Return the indices of the rows without special tokens in their texts; a row may give several examples.

    RUN726 if a row of the plan has one; rows that an earlier stage wrote are left out. RUN712 if no row remains.
    """
    kept, errors = [], RowErrors()
    for index, row in enumerate(rows):
        found = next((error for example in row if (error := _fault(example, tokenizer))), None)
        if found is None:
            kept.append(index)
        elif not row[0].is_made:
            errors.add(row[0].place, found)
    errors.raise_first()
    if rows and not kept:
        message = f"no row remains: the texts of all {len(rows)} hold special tokens of the tokenizer"
        raise StageError("RUN712", message, "generate the rows again, with another prompt or model")
    return kept


def require_no_control_tokens(example: Example, tokenizer: "PreTrainedTokenizerBase") -> None:
    """Raise RUN726 if a text of the example holds a special token."""
    if error := _fault(example, tokenizer):
        raise error


def _fault(example: Example, tokenizer: "PreTrainedTokenizerBase") -> StageError | None:
    pattern = _pattern(tokenizer, tuple(tokenizer.added_tokens_decoder))
    for text in _texts(example, tokenizer.eos_token or ""):
        if found := pattern.search(text.value):
            message = f"{example.place}: {text.place} holds `{found[0]}`, a special token of the tokenizer"
            hint = (
                "write it another way, such as with a space inside, or remove these rows; write calls as `tool_calls`"
            )
            return StageError("RUN726", message, hint)
    return None


@lru_cache(maxsize=8)
def _pattern(tokenizer: "PreTrainedTokenizerBase", _: tuple[int, ...]) -> re.Pattern[str]:
    """Return a pattern of the special tokens, the longest first.

    Added tokens that are not special, such as Qwen3's `<think>`, are text that rows may write.
    """
    special = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    special |= set(tokenizer.all_special_tokens)
    visible = sorted((token for token in special if token.strip()), key=lambda token: (-len(token), token))
    return re.compile("|".join(map(re.escape, visible))) if visible else _NOTHING


def _texts(example: Example, end: str) -> Iterator[Text]:
    if example.turns is None:
        yield Text(kind="content", place="the prompt", value=example.prompt, turn=None)
        answer = example.answer.removesuffix(end) if end else example.answer  # a written end is not doubled
        place = "the answer" if example.prompt else "the row"
        yield Text(kind="content", place=place, value=answer, turn=None)
        return
    yield from texts_of(example.turns, example.tools)
    for tool in example.tools or ():
        yield Text(kind="tool", place=f"tool `{tool['function']['name']}`", value=_dumped(tool), turn=None)


def _dumped(tool: object) -> str:
    return json.dumps(tool, ensure_ascii=False)
