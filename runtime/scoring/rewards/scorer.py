"""Scores completions by the terms of a reward, each computed in another process, and refuses what is no score."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType, TracebackType
from typing import Any, Self

from runtime.contract.blocks import RewardBlock
from runtime.contract.errors import StageError
from runtime.contract.volumes import Volumes
from runtime.scoring.rewards.options import read_options
from runtime.scoring.rewards.process import RewardProcess
from runtime.scoring.rewards.queries import score_queries
from runtime.scoring.rewards.text import text_of
from runtime.scoring.sandbox.sql import SqlJudge

Conversation = str | list[dict[str, Any]]
Columns = Mapping[str, Sequence[Any]]
Scores = list[float | None]

NO_SCORE = "return one finite number, or `None` where the term does not apply, for each completion"


class Scorer:
    """The terms of a reward, ready to score. As a context manager it ends its processes when it is left.

    A term is a function of the library, which scores from 0 to 1, or `module:function` of the data volume with TRL's
    signature, `f(prompts, completions, **columns) -> list[float | None]`; it should score from -1 to 1, so that weights
    mean what they say. `None` says that the term does not apply to a row: it then takes no part in that row's sum.
    """

    def __init__(
        self, blocks: Sequence[RewardBlock], volumes: Volumes, code: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Read the options and import the functions; RUN750 if one is not there or not set right, RUN721 if a file is
        missing, RUN711 if one of `code` (path to SHA-256) is another than planned, RUN753 if a module does not load in
        time.
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
        """End the processes; the scorer starts them again if it is used once more."""
        self._process.stop()
        self._judge.__exit__(None, None, None)

    @property
    def isolation(self) -> str:
        """What keeps reward code from the network and from writing: `seccomp` (the kernel), or `audit hook`."""
        return self._process.isolation

    @property
    def names(self) -> list[str]:
        """A name for each term: its function's, and a number where a function is used twice."""
        uses = [block.use for block in self._blocks]
        return [use if use not in uses[:at] else f"{use}-{uses[:at].count(use) + 1}" for at, use in enumerate(uses)]

    @property
    def weights(self) -> list[float]:
        """The weight of each term."""
        return [block.weight for block in self._blocks]

    def score(
        self, prompts: Sequence[Conversation], completions: Sequence[Conversation], columns: Columns
    ) -> list[Scores]:
        """Return a list for each term: the score of each completion, None where the term does not apply.

        Prompts and completions are text, or turns with roles. `columns` holds a list for each column of the rows, as
        long as `completions`; terms that compare read `reference` and `database`, and `length` in tokens reads
        `completion_ids`. RUN751 if a function raises, RUN752 if it gives no score, RUN753 if it breaks a limit.
        """
        return [self.score_term(term, prompts, completions, columns) for term in range(len(self._blocks))]

    def score_term(
        self, term: int, prompts: Sequence[Conversation], completions: Sequence[Conversation], columns: Columns
    ) -> Scores:
        """Return what the term of this index gives to each completion; raises as `score` does."""
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
        """Return the weighted sums of what `score` gave; RUN752 if no term applies to a row."""
        totals = []
        for row in zip(*scores, strict=True):
            parts = [weight * score for weight, score in zip(self.weights, row, strict=True) if score is not None]
            if not parts:
                terms = ", ".join(f"`{name}`" for name in self.names)
                message = f"no term of the reward applies to a row: {terms} gave `None`"
                raise StageError("RUN752", message, "let one term score each row, or leave such rows out of the data")
            totals.append(math.fsum(parts))
        return totals


def _checked(scores: Any, count: int, use: str) -> Scores:
    """The scores, if there is a finite number or None for each completion."""
    if not isinstance(scores, list):
        raise StageError("RUN752", f"reward `{use}` gave no list, but {scores}", NO_SCORE)
    if len(scores) != count:
        raise StageError("RUN752", f"reward `{use}` gave {len(scores)} scores for {count} completions", NO_SCORE)
    for at, score in enumerate(scores):
        if score is not None and not (isinstance(score, float) and math.isfinite(score)):
            raise StageError("RUN752", f"reward `{use}` gave `{score}` for completion {at} of {count}", NO_SCORE)
    return scores


def _require_planned(code: Mapping[str, str], volumes: Volumes) -> None:
    for name, sha256 in code.items():
        try:
            content = (volumes.data / name).read_bytes()
        except OSError as error:
            message = f"`{name}`, which the reward is made of, cannot be read: {(error.strerror or str(error)).lower()}"
            raise StageError("RUN721", message, "copy the file to the data volume") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            message = f"`{name}`, which the reward is made of, is not the file that the plan was made for"
            raise StageError("RUN711", message, "have the change reviewed: compile the plan again")
