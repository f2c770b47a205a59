"""Rows of several blocks in one form: a trainer decides by the first row how to read them all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.contract.data.turns import is_learnt, without_steps
from runtime.contract.errors import StageError
from runtime.data.rows import Source, names_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One row to train on: `turns` with their answers, or plain text (`prompt` and `answer`).

    Training covers the assistant's turns from index `first` on, without those at `masked`: turns that the row says are
    wrong, or not to be learnt. `place` is the location of the row, for messages.
    `is_made` marks rows that an earlier stage wrote, which users cannot fix by hand.
    """

    place: str
    is_made: bool
    turns: list[dict[str, Any]] | None = None
    first: int = 0
    masked: frozenset[int] = frozenset()
    tools: list[dict[str, Any]] | None = None
    prompt: str = ""
    answer: str = ""

    @property
    def learnt(self) -> list[int]:
        """The indices of the turns that are learnt."""
        answers = [at for at, turn in enumerate(self.turns or []) if turn["role"] == "assistant" and at >= self.first]
        return [at for at in answers if at not in self.masked]


def require_one_kind(sources: Sequence[Source]) -> None:
    """Raise RUN716 if some blocks contain plain text and others turns.

    Plain text does not fit a chat template.
    """
    plain, turns = ([source.block for source in sources if source.is_plain is is_plain] for is_plain in (True, False))
    if plain and turns:
        message = f"the rows of {names_of(plain)} are plain text, but those of {names_of(turns)} are turns"
        raise StageError("RUN716", message, "write the rows of all sources as turns, then compile the plan again")


def sft_examples(sources: Sequence[Source], marker: str | None, *, chains: bool = True) -> list[Example]:
    """Return rows of shapes `prompt-completion`, `messages` and `chain` as examples.

    The answer to a row of shape `chain` is its chain, then `marker`, then its answer; without `chains`, only the last
    two. RUN716 if some sources contain plain text and others turns.
    """
    require_one_kind(sources)
    return [example for source in sources for example in _examples(source, marker, chains=chains)]


def after_chain(answer: str, marker: str) -> str:
    """Return the marker and the answer, in the form that evaluations look for."""
    # A full-width sign such as `：` includes its own space.
    space = " " if marker[-1].isascii() and not marker[-1].isspace() else ""
    return f"{marker}{space}{answer}"


def with_chain(chain: str, answer: str, marker: str) -> str:
    """Return an answer with its chain (one or more lines) before it."""
    return f"{chain}\n{after_chain(answer, marker)}"


def text_of(answer: str | list[dict[str, Any]]) -> str:
    """Return the text of an answer, which is plain text or a list of one turn."""
    return answer if isinstance(answer, str) else answer[0]["content"]


def _examples(source: Source, marker: str | None, *, chains: bool) -> Iterator[Example]:
    is_made = source.block.volume == "outputs"
    for place, row in zip(source.places, source.rows, strict=True):
        tools = row.get("tools") or None
        if source.block.shape == "messages":
            turns = row["messages"]
            masked = frozenset(
                at for at, turn in enumerate(turns) if turn["role"] == "assistant" and not is_learnt(turn)
            )
            yield Example(place=place, is_made=is_made, turns=without_steps(turns), masked=masked, tools=tools)
            continue
        answer = text_of(row["completion"])
        if source.block.shape == "chain" and marker is not None:
            answer = with_chain(row["chain"], answer, marker) if chains else after_chain(answer, marker)
        if isinstance(row["prompt"], str):
            yield Example(place=place, is_made=is_made, prompt=row["prompt"], answer=answer)
        else:
            turns = [*row["prompt"], {**row["completion"][0], "content": answer}]
            yield Example(place=place, is_made=is_made, turns=turns, first=len(row["prompt"]), tools=tools)
