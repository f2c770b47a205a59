"""Pairs, and answers marked good or bad, in the form of TRL's trainers.

The stage checks them with the tokenizer before it loads a model: TRL would silently cut an answer that is too long,
drop its row, or ignore tools that the chat template does not support.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from runtime.data.examples import Example
from runtime.data.formats import Row
from runtime.data.rows import Source
from runtime.data.tokens import Limit, length_of, require_template

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase


def fitting_rows(
    sources: Sequence[Source], answers: Sequence[str], tokenizer: "PreTrainedTokenizerBase", model: str, limit: Limit
) -> tuple[list[Row], int]:
    """Return the rows of all sources that fit, and the number of rows dropped for their length.

    `answers` names the answer columns; the length of each includes the prompt. Only rows that an earlier stage wrote
    are dropped: RUN717 if rows of the plan are longer than `limit`, RUN712 if no row remains, RUN718 if the chat
    template of `model` cannot write the turns.
    """
    rows = [row for source in sources for row in source.rows]
    by_row = [
        [_example(source, place, row, name) for name in answers]
        for source in sources
        for place, row in zip(source.places, source.rows, strict=True)
    ]
    require_template([example for row in by_row for example in row], tokenizer, model)
    lengths = [max(length_of(example, tokenizer) for example in row) for row in by_row]
    kept = [rows[index] for index in limit.fitting(lengths, [row[0] for row in by_row])]
    return kept, len(rows) - len(kept)


def table_of(rows: Sequence[Row], columns: Sequence[str]) -> "Dataset":
    """Return these columns in the form that TRL reads, with the `tools` of a row as JSON text.

    Tool calls are stored as JSON and keep their own arguments: a typed table would add the names of all others to each.
    """
    from datasets import Dataset

    named = [{name: row[name] for name in columns} for row in rows]
    if any(row.get("tools") for row in rows):
        tools = [json.dumps(row["tools"], ensure_ascii=False) if row.get("tools") else None for row in rows]
        named = [{**row, "tools": text} for row, text in zip(named, tools, strict=True)]
    return Dataset.from_list(named, on_mixed_types="use_json")


def _example(source: Source, place: str, row: Row, answer: str) -> Example:
    is_made = source.block.volume == "outputs"
    if isinstance(row["prompt"], str):
        return Example(place=place, is_made=is_made, prompt=row["prompt"], answer=row[answer])
    turns = [*row["prompt"], *row[answer]]
    return Example(place=place, is_made=is_made, turns=turns, first=len(row["prompt"]), tools=row.get("tools") or None)
