"""Rows of any shape as questions: the prompt, and the right answer if the row has one."""

from collections.abc import Sequence
from dataclasses import dataclass

from runtime.contract.data.turns import is_learnt, text_with_calls, without_steps
from runtime.contract.errors import StageError
from runtime.data.examples import require_one_kind
from runtime.data.formats import Row
from runtime.data.rows import Source

Prompt = str | list[dict[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A prompt with its right answer; `row` adds `id`, `prompt` and `reference` to the row's fields.

    Metrics read `row`. The reference is the answer of the row's shape; for shapes without an answer, it is the row's
    own column `reference`, or None. `is_fix` marks a reference that a person wrote as the fix of a badcase.
    """

    row: Row
    is_fix: bool = False

    @property
    def prompt(self) -> Prompt:
        """The prompt: plain text, or turns whose last is not the assistant's."""
        prompt: Prompt = self.row["prompt"]
        return prompt

    @property
    def asked(self) -> Row:
        """The prompt and the tools for its answer, as fields of a new row."""
        return {name: self.row[name] for name in ("prompt", "tools") if self.row.get(name)}

    @property
    def reference(self) -> str | None:
        """The right answer as text, or None."""
        reference: str | None = self.row["reference"]
        return reference

    def completion(self, text: str) -> Prompt:
        """Return `text` as an answer in the form of the prompt: plain text, or one assistant turn."""
        return text if isinstance(self.prompt, str) else [{"role": "assistant", "content": text}]


def questions_of(sources: Sequence[Source]) -> list[Question]:
    """Return a question for each row, in order.

    RUN716 if some rows are plain text and others turns, or if a conversation begins with an answer; RUN710 if a row's
    own `reference` is not text.
    """
    require_one_kind(sources)
    return [
        _question(source, row, place)
        for source in sources
        for row, place in zip(source.rows, source.places, strict=True)
    ]


def refuse_tools(rows: Sequence[Row], what: str) -> None:
    """Raise RUN716 if rows describe tools; `what` is a clause that says what happens without them."""
    if tooled := [row.get("id") for row in rows if row.get("tools")]:
        example = f", such as `{tooled[0]}`" if tooled[0] else ""
        message = f"{len(tooled)} rows describe `tools`{example}, but {what} without them"
        raise StageError("RUN716", message, "describe the tools in the text of the prompts, or remove these rows")


def _question(source: Source, row: Row, place: str) -> Question:
    shape = source.block.shape
    prompt, reference = row.get("prompt"), row.get("reference")  # the row's own, unless the shape has an answer
    if shape == "messages":
        answer = next(at for at, turn in enumerate(row["messages"]) if is_learnt(turn))
        start = answer
        while start and row["messages"][start - 1]["role"] == "assistant":  # wrong tries right before the answer
            start -= 1
        if start == 0:
            message = f"{place}: the conversation begins with an answer, so it has no prompt"
            raise StageError("RUN716", message, "begin the conversation with the user's turn")
        prompt, reference = without_steps(row["messages"][:start]), text_with_calls(row["messages"][answer])
    elif shape == "badcase":
        reference = row["fix"]
    elif shape in ("prompt-completion", "chain"):
        completion = row["completion"]
        reference = completion if isinstance(completion, str) else completion[0]["content"]
    if reference is not None and not isinstance(reference, str):
        message = f"{place}: `reference` is not a string"
        raise StageError("RUN710", message, "write the right answer as text, or rename the column")
    if isinstance(prompt, list):  # a turn that calls tools may lack `content`, which trainers and many templates need
        prompt = [{**turn, "content": turn.get("content") or ""} for turn in prompt]
    kept = {**row, "id": row.get("id", place), "prompt": prompt, "reference": reference}
    return Question(row=kept, is_fix=shape == "badcase")
