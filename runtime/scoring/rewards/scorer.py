"""The scorer of a reward: it computes each term in another process, and validates the scores."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType, TracebackType
from typing import Any, Self

from runtime.contract.blocks import RewardBlock
from runtime.contract.digests import content_digest
from runtime.contract.errors import StageError
from runtime.contract.volumes import Volumes
from runtime.scoring.rewards.options import read_options
from runtime.scoring.rewards.process import RewardProcess
from runtime.scoring.rewards.queries import score_queries
from runtime.scoring.rewards.text import text_of
from runtime.scoring.sandbox.sql import SqlJudge
from runtime.stage.pointers import refuse_pointers

Conversation = str | list[dict[str, Any]]
Columns = Mapping[str, Sequence[Any]]
Scores = list[float | None]

NO_SCORE = "return one finite number, or `None` if the term does not apply, for each completion"


class Scorer:
    """The terms of a reward, ready to score; as a context manager it ends its processes on exit.

    A term is a library function, which scores from 0 to 1, or `module:function` of the data volume, with TRL's
    signature `f(prompts, completions, **columns) -> list[float | None]`. The latter should score from -1 to 1, so that
    weights are comparable. A term that returns `None` does not apply to the row, and does not count in its sum.
    """

    def __init__(
        self, blocks: Sequence[RewardBlock], volumes: Volumes, code: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Read the options and import the functions.

        RUN750 if a function is missing or its options are invalid, RUN721 if a file is missing, RUN711 if a file of
        `code` (path to SHA-256) differs from the plan, RUN753 if the import takes too long.
        """
        _require_planned(code, volumes)
        self._blocks, self._volumes = tuple(blocks), volumes
        self._options = [read_options(block, volumes) for block in blocks]
        self._process = RewardProcess(blocks, self._options, volumes.data)
        self._judge = SqlJudge()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the processes; further use starts them again."""
        self._process.stop()
        self._judge.__exit__(None, None, None)

    @property
    def isolation(self) -> str:
        """How reward code is kept from the network and from writing: `seccomp` (by the kernel) or `audit hook`."""
        return self._process.isolation

    @property
    def names(self) -> list[str]:
        """The name of each term: its function's, with a number for repeated functions."""
        uses = [block.use for block in self._blocks]
        return [use if use not in uses[:at] else f"{use}-{uses[:at].count(use) + 1}" for at, use in enumerate(uses)]

    @property
    def weights(self) -> list[float]:
        """The weight of each term."""
        return [block.weight for block in self._blocks]

    def score(
        self, prompts: Sequence[Conversation], completions: Sequence[Conversation], columns: Columns
    ) -> list[Scores]:
        """Return a list per term: the score of each completion, or None if the term does not apply.

        Prompts and completions are text, or turns with roles. `columns` contains a list as long as `completions` for
        each column of the rows; terms that compare read `reference` and `database`, and `length` in tokens reads
        `completion_ids`. RUN751 if a function raises an error, RUN752 if it returns no score, RUN753 if it exceeds a
        limit, RUN754 if a row lacks the reference that a term compares with.
        """
        return [self.score_term(term, prompts, completions, columns) for term in range(len(self._blocks))]

    def score_term(
        self, term: int, prompts: Sequence[Conversation], completions: Sequence[Conversation], columns: Columns
    ) -> Scores:
        """Return the scores of one term, by index; same errors as `score`."""
        if not completions:
            return []
        if self._blocks[term].use == "sql_execution":
            folder = self._volumes.data / self._options[term]["databases"]
            texts = [text_of(completion) for completion in completions]
            return score_queries(texts, columns, folder, self._options[term]["after"], self._judge)
        scores = self._process.score(term, prompts, completions, columns)
        return _checked(scores, len(completions), self._blocks[term].use)

    def total(
        self, prompts: Sequence[Conversation], completions: Sequence[Conversation], columns: Columns
    ) -> list[float]:
        """Return the weighted sum of the terms for each completion; RUN752 if no term applies to a row."""
        return self.sums(self.score(prompts, completions, columns))

    def sums(self, scores: Sequence[Scores]) -> list[float]:
        """Return the weighted sums of scores from `score`; RUN752 if no term applies to a row."""
        totals = []
        for row in zip(*scores, strict=True):
            parts = [weight * score for weight, score in zip(self.weights, row, strict=True) if score is not None]
            if not parts:
                terms = ", ".join(f"`{name}`" for name in self.names)
                message = f"no term of the reward applies to a row: {terms} returned `None`"
                raise StageError("RUN752", message, "add a term that scores each row, or remove such rows")
            totals.append(math.fsum(parts))
        return totals


def _checked(scores: Any, count: int, use: str) -> Scores:
    """Return the scores; RUN752 unless each completion has a finite number or None."""
    if not isinstance(scores, list):
        raise StageError("RUN752", f"reward `{use}` returned {scores} instead of a list", NO_SCORE)
    if len(scores) != count:
        raise StageError("RUN752", f"reward `{use}` returned {len(scores)} scores for {count} completions", NO_SCORE)
    for at, score in enumerate(scores):
        if score is not None and not (isinstance(score, float) and math.isfinite(score)):
            raise StageError("RUN752", f"reward `{use}` returned `{score}` for completion {at} of {count}", NO_SCORE)
    return scores


def _require_planned(code: Mapping[str, str], volumes: Volumes) -> None:
    for name, sha256 in code.items():
        try:
            content = (volumes.data / name).read_bytes()
        except OSError as error:
            message = f"cannot read `{name}`, which the reward uses: {(error.strerror or str(error)).lower()}"
            raise StageError("RUN721", message, "copy the file to the data volume") from error
        refuse_pointers(volumes.data / name, name)
        if content_digest(content) != sha256:
            message = f"`{name}`, which the reward uses, is not the file of the plan"
            raise StageError("RUN711", message, "compile the plan again, and have the change reviewed")
