"""Rows of any shape as questions: what is asked, and the right answer where the row holds one."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runtime.contract.errors import StageError
from runtime.data.examples import require_one_kind
from runtime.data.formats import Row
from runtime.data.rows import Source

Prompt = str | list[dict[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """`row` is what metrics read: the row's own fields with `id`, `prompt` and `reference` (None without an answer).

    The reference is what the shape has for an answer; where it has none, the row's own column of that name.

    `is_fix` tells that a person wrote the reference as the fix of a badcase.
    """

    row: Row
    is_fix: bool = False

    @property
    def prompt(self) -> Prompt:
        """What is asked: plain text, or turns of which the last is not the assistant's."""
        prompt: Prompt = self.row["prompt"]
        return prompt

    @property
    def asked(self) -> Row:
        """The prompt, and the tools that it may be answered with, as fields of a row that is made of it."""
        return {name: self.row[name] for name in ("prompt", "tools") if self.row.get(name)}

    @property
    def reference(self) -> str | None:
        """The right answer as text, or None."""
        reference: str | None = self.row["reference"]
        return reference

    def completion(self, text: str) -> Prompt:
        """Return `text` as an answer of the prompt's kind: plain text, or one turn of the assistant."""
        return text if isinstance(self.prompt, str) else [{"role": "assistant", "content": text}]


def questions_of(sources: Sequence[Source]) -> list[Question]:
    """Return a question for each row, in order.

    RUN716 if some are plain text and others turns, or begin unasked; RUN710 if a row's own `reference` is no text.
    """
    require_one_kind(sources)
    return [
        _question(source, row, place)
        for source in sources
        for row, place in zip(source.rows, source.places, strict=True)
    ]


def refuse_tools(rows: Sequence[Row], what: str) -> None:
    """RUN716 if rows describe tools, where `what` happens without them."""
    if tooled := [row.get("id") for row in rows if row.get("tools")]:
        example = f", such as `{tooled[0]}`" if tooled[0] else ""
        message = f"{len(tooled)} rows describe `tools`{example}, and {what} without them"
        raise StageError("RUN716", message, "describe the tools in the text of the prompts, or leave these rows out")


def _question(source: Source, row: Row, place: str) -> Question:
    shape = source.block.shape
    prompt, reference = row.get("prompt"), row.get("reference")  # its own, where the shape gives none
    if shape == "messages":
        start = next(at for at, turn in enumerate(row["messages"]) if turn["role"] == "assistant")
        if start == 0:
            message = f"{place}: the conversation begins with an answer, so nothing is asked"
            raise StageError("RUN716", message, "begin the conversation with the user's turn")
        prompt, reference = row["messages"][:start], _said(row["messages"][start])
    elif shape == "badcase":
        reference = row["fix"]
    elif shape in ("prompt-completion", "chain"):
        completion = row["completion"]
        reference = completion if isinstance(completion, str) else completion[0]["content"]
    if reference is not None and not isinstance(reference, str):
        message = f"{place}: `reference` is not a string"
        raise StageError("RUN710", message, "write the right answer as text, or name the column otherwise")
    if isinstance(prompt, list):  # a turn that calls may have no `content`, which trainers and many templates ask for
        prompt = [{**turn, "content": turn.get("content") or ""} for turn in prompt]
    kept = {**row, "id": row.get("id", place), "prompt": prompt, "reference": reference}
    return Question(row=kept, is_fix=shape == "badcase")


def _said(turn: dict[str, Any]) -> str:
    """The text of the assistant's turn; calls of tools as JSON."""
    calls = [call.get("function", call) for call in turn.get("tool_calls") or []]
    return "\n".join([turn.get("content") or "", *(json.dumps(call, ensure_ascii=False) for call in calls)]).strip()
