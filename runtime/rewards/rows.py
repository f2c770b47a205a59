"""Rows of any shape as prompts to answer, each with what rewards may compare an answer with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runtime.config.blocks import RewardBlock
from runtime.data import Source
from runtime.errors import StageError
from runtime.formats import Row
from runtime.forms import require_one_kind
from runtime.rewards.options import COMPARED
from runtime.rewards.text import text_of

_NOT_COLUMNS = ("prompt", "prompts", "completion", "completions", "completion_ids", "messages")


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompts:
    """`prompts` (text or turns), and `columns` with a value for each of them, which reward functions are given.

    `reference` is the right answer of a row as text, None where it holds none; the other columns are the row's own.
    """

    prompts: list[Any]
    columns: dict[str, list[Any]]

    def columns_at(self, indices: Sequence[int]) -> dict[str, list[Any]]:
        """The columns of these rows, in this order; an index may come several times."""
        return {name: [values[index] for index in indices] for name, values in self.columns.items()}


def reward_prompts(sources: Sequence[Source], rewards: Sequence[RewardBlock]) -> Prompts:
    """Return the rows of all sources as prompts; RUN716 if their kinds differ, RUN754 if a reward compares with a right
    answer that a row does not hold.

    The right answer is the completion, the fix of a badcase, or the last turn of a conversation, which then is no part
    of the prompt; rows of shape `prompt` may have it as `reference`.
    """
    require_one_kind(sources)
    rows = [_prompt(source, row) for source in sources for row in source.rows]
    places = [place for source in sources for place in source.places]
    compared = next((block.use for block in rewards if block.use in COMPARED), None)
    bare = [place for row, place in zip(rows, places, strict=True) if not row["reference"]]
    if compared and bare:
        message = f"reward `{compared}` compares with a right answer, and {bare[0]} holds none"
        hint = "give the row a `reference`, or use a reward that compares with nothing"
        raise StageError("RUN754", message, hint)
    names = dict.fromkeys(name for row in rows for name in row if name not in _NOT_COLUMNS)
    columns = {name: [row.get(name) for row in rows] for name in names}
    return Prompts(prompts=[row["prompt"] for row in rows], columns=columns)


def _prompt(source: Source, row: Row) -> Row:
    shape = source.block.shape
    if shape == "messages":
        last = max(at for at, turn in enumerate(row["messages"]) if turn["role"] == "assistant")
        return {**row, "prompt": row["messages"][:last], "reference": text_of(row["messages"][: last + 1])}
    if shape == "badcase":
        return {**row, "reference": row["fix"]}
    if shape == "prompt":
        return {**row, "reference": row.get("reference")}
    return {**row, "reference": text_of(row["completion"])}
