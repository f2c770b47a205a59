"""Rows of any shape as prompts to answer, each with what rewards may compare an answer with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.contract.blocks import RewardBlock
from runtime.contract.errors import StageError
from runtime.contract.rewards import compares
from runtime.data.formats import Row
from runtime.data.questions import Prompt, questions_of, refuse_tools
from runtime.data.rows import Source
from runtime.scoring.rewards.scorer import Scorer

BATCH = 64
_NOT_COLUMNS = ("prompt", "prompts", "completion", "completions", "completion_ids", "messages")


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompts:
    """`prompts` (text or turns), and `columns` with a value for each of them, which reward functions are given.

    `reference` is the right answer of a row as text, None where it holds none; the other columns are the row's own.
    """

    prompts: list[Prompt]
    columns: dict[str, list[Any]]

    @property
    def asked(self) -> list[Row]:
        """The prompts as rows with an `id` to be named by, which `prompts_of` reads."""
        named = zip(self.columns["id"], self.prompts, strict=True)
        return [{"id": name, "prompt": prompt} for name, prompt in named]

    def columns_at(self, indices: Sequence[int]) -> dict[str, list[Any]]:
        """The columns of these rows, in this order; an index may come several times."""
        return {name: [values[index] for index in indices] for name, values in self.columns.items()}

    def answer(self, index: int, text: str) -> Prompt:
        """Return `text` as a completion of this prompt's kind: plain text, or one turn of the assistant."""
        return text if isinstance(self.prompts[index], str) else [{"role": "assistant", "content": text}]


def reward_prompts(sources: Sequence[Source], rewards: Sequence[RewardBlock]) -> Prompts:
    """Return the rows of all sources as prompts.

    RUN716 if their kinds differ or they describe tools, RUN754 if a reward compares with a right answer that a row does
    not hold.

    The right answer is the completion, the fix of a badcase, or the first answer of a conversation.
    """
    rows = [question.row for question in questions_of(sources)]
    refuse_tools(rows, "the policy is asked")
    compared = next((block.use for block in rewards if compares(block.use)), None)
    bare = [row["id"] for row in rows if not row["reference"]]
    if compared and bare:
        message = f"reward `{compared}` compares with a right answer, and row `{bare[0]}` holds none"
        hint = "use rows with a completion, or a reward that compares with nothing"
        raise StageError("RUN754", message, hint)
    names = dict.fromkeys(name for row in rows for name in row if name not in _NOT_COLUMNS)
    columns = {name: [row.get(name) for row in rows] for name in names}
    return Prompts(prompts=[row["prompt"] for row in rows], columns=columns)


def bytes_of(text: str) -> list[int]:
    """Return what stands in for the tokens of a text where there is no tokenizer yet."""
    return list(text.encode())


def score_texts(
    scorer: Scorer,
    prompts: Prompts,
    indices: Sequence[int],
    texts: Sequence[str],
    tokens: Callable[[str], list[int]] = bytes_of,
) -> list[list[float | None]]:
    """Return, for each term, the scores of `texts` as answers to the prompts of these indices."""
    scores: list[list[float | None]] = [[] for _ in scorer.names]
    for start in range(0, len(texts), BATCH):
        part, at = texts[start : start + BATCH], indices[start : start + BATCH]
        columns = {**prompts.columns_at(at), "completion_ids": [tokens(text) for text in part]}
        asked = [prompts.prompts[index] for index in at]
        answers = [prompts.answer(index, text) for index, text in zip(at, part, strict=True)]
        for column, found in zip(scores, scorer.score(asked, answers, columns), strict=True):
            column += found
    return scores


def check_rewards(scorer: Scorer, prompts: Prompts) -> None:
    """Score each row's right answer (an empty one where there is none), so that a reward that cannot fails early.

    RUN751 to RUN754, as the scorer raises them.
    """
    texts = [reference or "" for reference in prompts.columns["reference"]]
    score_texts(scorer, prompts, range(len(texts)), texts)
