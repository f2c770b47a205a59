"""Rows of several blocks in the one form that a trainer takes: it decides by the first row how to read them all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.contract.errors import StageError
from runtime.data.rows import Source, names_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One row to learn answers from: `turns` to answer and the answers among them, or plain text (`prompt`, `answer`).

    Of the turns, those from `first` on are learnt where they are the assistant's. `place` is where people find the row;
    `is_made` tells that an earlier stage wrote it, so that nobody can mend it by hand.
    """

    place: str
    is_made: bool
    turns: list[dict[str, Any]] | None = None
    first: int = 0
    tools: list[dict[str, Any]] | None = None
    prompt: str = ""
    answer: str = ""


def require_one_kind(sources: Sequence[Source]) -> None:
    """RUN716 if some blocks hold plain text and others turns: plain text has no chat template to put it in."""
    plain, turns = ([source.block for source in sources if source.is_plain is is_plain] for is_plain in (True, False))
    if plain and turns:
        message = f"{names_of(plain)} holds plain text, {names_of(turns)} holds turns with roles"
        raise StageError("RUN716", message, "write the rows of all sources as turns, then compile the plan again")


def sft_examples(sources: Sequence[Source], marker: str | None, *, chains: bool = True) -> list[Example]:
    """Return the rows of shapes `prompt-completion`, `messages` and `chain` as examples; RUN716 if their kinds differ.

    A row of shape `chain` is answered with its chain, then `marker`, then its answer; without `chains`, with the last
    two of them.
    """
    require_one_kind(sources)
    return [example for source in sources for example in _examples(source, marker, chains=chains)]


def after_chain(answer: str, marker: str) -> str:
    """Return what stands behind a chain, or in its place: the marker, then the answer, as evaluations look for it."""
    # A full-width sign such as `：` brings its own space.
    space = " " if marker[-1].isascii() and not marker[-1].isspace() else ""
    return f"{marker}{space}{answer}"


def with_chain(chain: str, answer: str, marker: str) -> str:
    """Return the text of an answer with its chain, which is one line or several, before it."""
    return f"{chain}\n{after_chain(answer, marker)}"


def text_of(answer: str | list[dict[str, Any]]) -> str:
    """Return an answer's text, whichever form it has."""
    return answer if isinstance(answer, str) else answer[0]["content"]


def _examples(source: Source, marker: str | None, *, chains: bool) -> Iterator[Example]:
    is_made = source.block.volume == "outputs"
    for place, row in zip(source.places, source.rows, strict=True):
        tools = row.get("tools") or None
        if source.block.shape == "messages":
            yield Example(place=place, is_made=is_made, turns=row["messages"], tools=tools)
            continue
        answer = text_of(row["completion"])
        if source.block.shape == "chain" and marker is not None:
            answer = with_chain(row["chain"], answer, marker) if chains else after_chain(answer, marker)
        if isinstance(row["prompt"], str):
            yield Example(place=place, is_made=is_made, prompt=row["prompt"], answer=answer)
        else:
            turns = [*row["prompt"], {"role": "assistant", "content": answer}]
            yield Example(place=place, is_made=is_made, turns=turns, first=len(row["prompt"]), tools=tools)
