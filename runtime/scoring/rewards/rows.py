"""Rows of any shape as prompts, each with the columns that reward functions read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.contract.blocks import RewardBlock
from runtime.contract.errors import StageError
from runtime.contract.rewards import compares
from runtime.data.formats import Row
from runtime.data.questions import Prompt, questions_of, refuse_tools
from runtime.data.rows import Source
from runtime.scoring.rewards.scorer import NO_SCORE, Scorer

BATCH = 64
_NOT_COLUMNS = ("prompt", "prompts", "completion", "completions", "completion_ids", "messages")


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompts:
    """Prompts (text or turns), and columns with a value per prompt, for reward functions.

    Column `reference` is the right answer of a row as text, or None; the other columns are the row's own.
    """

    prompts: list[Prompt]
    columns: dict[str, list[Any]]

    @property
    def asked(self) -> list[Row]:
        """The prompts as rows with an `id`, for `prompts_of`."""
        named = zip(self.columns["id"], self.prompts, strict=True)
        return [{"id": name, "prompt": prompt} for name, prompt in named]

    def columns_at(self, indices: Sequence[int]) -> dict[str, list[Any]]:
        """Return the columns of the rows at these indices, in order; an index may repeat."""
        return {name: [values[index] for index in indices] for name, values in self.columns.items()}

    def answer(self, index: int, text: str) -> Prompt:
        """Return `text` as a completion in the form of the prompt: plain text, or one assistant turn."""
        return text if isinstance(self.prompts[index], str) else [{"role": "assistant", "content": text}]


def reward_prompts(sources: Sequence[Source], rewards: Sequence[RewardBlock]) -> Prompts:
    """Return the rows of all sources as prompts.

    The right answer is the completion, the fix of a badcase, or the first answer of a conversation. RUN716 if some rows
    are plain text and others turns, or if they describe tools; RUN754 if a reward compares with a right answer that a
    row lacks.
    """
    rows = [question.row for question in questions_of(sources)]
    refuse_tools(rows, "the policy is sampled")
    compared = next((block.use for block in rewards if compares(block.use)), None)
    bare = [row["id"] for row in rows if not row["reference"]]
    if compared and bare:
        message = f"reward `{compared}` compares with a right answer, but row `{bare[0]}` has none"
        hint = "use rows with a completion, or a reward that does not compare"
        raise StageError("RUN754", message, hint)
    names = dict.fromkeys(name for row in rows for name in row if name not in _NOT_COLUMNS)
    columns = {name: [row.get(name) for row in rows] for name in names}
    return Prompts(prompts=[row["prompt"] for row in rows], columns=columns)


def bytes_of(text: str) -> list[int]:
    """Return the bytes of a text, as a substitute for tokens without a tokenizer."""
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
        given = [prompts.prompts[index] for index in at]
        answers = [prompts.answer(index, text) for index, text in zip(at, part, strict=True)]
        for column, found in zip(scores, scorer.score(given, answers, columns), strict=True):
            column += found
    return scores


def check_rewards(scorer: Scorer, prompts: Prompts) -> None:
    """Score each row's right answer (empty if missing), so that a broken reward fails early.

    Raises RUN751 to RUN754 of the scorer; RUN752 also if no term applies to any row.
    """
    texts = [reference or "" for reference in prompts.columns["reference"]]
    scores = score_texts(scorer, prompts, range(len(texts)), texts)
    if all(score is None for term in scores for score in term):
        terms = ", ".join(f"`{name}`" for name in scorer.names)
        message = f"the reward gives no score for any of {len(texts)} rows: {terms} returned `None` for each"
        raise StageError("RUN752", message, NO_SCORE)
