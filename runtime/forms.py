"""Rows of several blocks in the one form that a trainer takes: it decides by the first row how to read them all."""

from collections.abc import Sequence

from runtime.data import Source, names_of
from runtime.errors import StageError
from runtime.formats import Row

_COLUMNS = {"prompt-completion": ("prompt", "completion"), "messages": ("messages",)}


def require_one_kind(sources: Sequence[Source]) -> None:
    """RUN716 if some blocks hold plain text and others turns: plain text has no chat template to put it in."""
    plain, turns = ([source.block for source in sources if source.is_plain is is_plain] for is_plain in (True, False))
    if plain and turns:
        message = f"{names_of(plain)} holds plain text, {names_of(turns)} holds turns with roles"
        raise StageError("RUN716", message, "write the rows of all sources as turns, then compile the plan again")


def sft_rows(sources: Sequence[Source]) -> list[Row]:
    """Return the rows of shape `prompt-completion` and `messages` with the columns that `trl.SFTTrainer` reads.

    Where both shapes are there, conversations become a prompt and a completion, so that all rows are trained alike: on
    the answers. RUN716 names what cannot be converted.
    """
    require_one_kind(sources)
    if {source.block.shape for source in sources} == set(_COLUMNS):
        return [row for source in sources for row in _as_completions(source)]
    return [{name: row[name] for name in _COLUMNS[source.block.shape]} for source in sources for row in source.rows]


def preference_rows(sources: Sequence[Source]) -> list[Row]:
    """Return the rows of shape `preference` with the columns that TRL's trainers read; RUN716 if their kinds differ."""
    require_one_kind(sources)
    return [{name: row[name] for name in ("prompt", "chosen", "rejected")} for source in sources for row in source.rows]


def _as_completions(source: Source) -> list[Row]:
    if source.block.shape == "prompt-completion":
        return [{name: row[name] for name in _COLUMNS["prompt-completion"]} for row in source.rows]
    starts = [next(at for at, turn in enumerate(row["messages"]) if turn["role"] == "assistant") for row in source.rows]
    unasked = [place for place, start in zip(source.places, starts, strict=True) if start == 0]
    if unasked:
        more = f" and {len(unasked) - 5} more" if len(unasked) > 5 else ""
        message = f"{', '.join(unasked[:5])}{more}: the conversation begins with an answer, so it has no prompt"
        raise StageError("RUN716", message, "begin these conversations with the user's turn, or give them alone")
    return [
        {"prompt": row["messages"][:start], "completion": row["messages"][start:]}
        for row, start in zip(source.rows, starts, strict=True)
    ]
