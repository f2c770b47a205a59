"""Pairs, and answers marked good or bad, in the form of TRL's trainers.

The stage checks them with the tokenizer before it loads a model: TRL would silently cut an answer that is too long,
drop its row, or ignore tools that the chat template does not support.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runtime.data.answer_form import require_template
from runtime.data.by_row import for_each_row
from runtime.data.control_tokens import rows_without_control_tokens
from runtime.data.examples import Example
from runtime.data.formats import Row
from runtime.data.rows import Source
from runtime.data.tokens import Limit, length_of

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase


def fitting_rows(
    sources: Sequence[Source], answers: Sequence[str], tokenizer: "PreTrainedTokenizerBase", model: str, limit: Limit
) -> tuple[list[Row], int]:
    """Return the rows of all sources that fit, and the number of rows dropped for their length.

    `answers` names the answer columns; the length of each includes the prompt. Only rows that an earlier stage wrote
    are dropped, also those with special tokens in their texts: RUN717 if rows of the plan are longer than `limit`,
    RUN726 if they hold special tokens, RUN712 if no row remains; RUN718, RUN724 and RUN725 if the chat template of
    `model` cannot write the turns as evaluations do.
    """
    rows = [row for source in sources for row in source.rows]
    by_row = [
        [_example(source, place, row, name) for name in answers]
        for source in sources
        for place, row in zip(source.places, source.rows, strict=True)
    ]
    require_template([example for row in by_row for example in row], tokenizer, model)
    clean = rows_without_control_tokens(by_row, tokenizer)
    columns = zip(*(by_row[index] for index in clean), strict=True)
    lengths = [for_each_row(lambda example: length_of(example, tokenizer), column) for column in columns]
    longest = [max(row) for row in zip(*lengths, strict=True)]
    kept = [rows[clean[at]] for at in limit.fitting(longest, [by_row[index][0] for index in clean])]
    return kept, len(clean) - len(kept)


def table_of(rows: Sequence[Row], columns: Sequence[str]) -> "Dataset":
    """Return these columns in the form that TRL reads, with the `tools` of a row as JSON text.

    Tool calls are stored as JSON and keep their own arguments: a typed table would add the names of all others to each.
    """
    from datasets import Dataset

    named = [{name: _filled(row[name]) for name in columns} for row in rows]
    if any(row.get("tools") for row in rows):
        tools = [json.dumps(row["tools"], ensure_ascii=False) if row.get("tools") else None for row in rows]
        named = [{**row, "tools": text} for row, text in zip(named, tools, strict=True)]
    return Dataset.from_list(named, on_mixed_types="use_json")


def _filled(value: Any) -> Any:
    """Return turns that call tools and have no content with an empty one, as the runtime's own templates see it."""
    if not isinstance(value, list):
        return value
    return [{**turn, "content": turn.get("content") or ""} for turn in value]


def _example(source: Source, place: str, row: Row, answer: str) -> Example:
    is_made = source.block.volume == "outputs"
    if isinstance(row["prompt"], str):
        return Example(place=place, is_made=is_made, prompt=row["prompt"], answer=row[answer])
    turns = [*row["prompt"], *row[answer]]
    return Example(place=place, is_made=is_made, turns=turns, first=len(row["prompt"]), tools=row.get("tools") or None)
