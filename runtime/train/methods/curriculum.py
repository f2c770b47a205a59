"""The order of rows by which chains are internalised (arXiv 2405.14838): how much of each is left, and when."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.contract.blocks import CurriculumBlock
from runtime.data.examples import Example
from runtime.data.tokens import IGNORED, Tokens, common_prefix, tokens_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# Removal smoothing of the paper (section 3): o more tokens go with a probability of exp(-4 o), which is at least one in
# 2 % of the rows. The model so meets what the next removal brings, before all rows do.
SMOOTHING = 4.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """The tokens of a row: prompt, chain, and what follows it; `bare` follows the prompt once the chain is gone."""

    prompt: list[int]
    chain: list[int]
    tail: list[int]
    bare: list[int]

    @property
    def length(self) -> int:
        """The most tokens that the row has."""
        return len(self.prompt) + max(len(self.chain) + len(self.tail), len(self.bare))

    def without(self, removed: int) -> Tokens:
        """Return the row without the first `removed` tokens of its chain; all behind the prompt is learnt."""
        left = self.chain[removed:]
        answer = [*left, *self.tail] if left else self.bare
        return Tokens(ids=[*self.prompt, *answer], labels=[*[IGNORED] * len(self.prompt), *answer])


@dataclass(frozen=True, kw_only=True, slots=True)
class Removal:
    """One stage: how many tokens of each chain are gone, how often rows are seen, and its steps."""

    removed: int
    epochs: int
    first_step: int
    steps: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Curriculum:
    """All stages, of `batch` rows a step; `seed` decides order and smoothing."""

    removals: tuple[Removal, ...]
    batch: int
    seed: int

    @property
    def steps(self) -> int:
        """The optimiser steps of all stages."""
        return sum(removal.steps for removal in self.removals)

    @property
    def boundaries(self) -> list[int]:
        """After how many steps each stage but the first begins."""
        return [removal.first_step for removal in self.removals[1:]]

    def sequences(self, parts: Sequence[Parts]) -> Iterator[Tokens]:
        """Yield the rows of all steps in their order. A stage's last batch is filled up with rows of one more pass."""
        import numpy as np

        chance = np.random.default_rng(self.seed)
        for removal in self.removals:
            rows: list[int] = []
            while len(rows) < removal.steps * self.batch:
                rows += chance.permutation(len(parts)).tolist()
            rows = rows[: removal.steps * self.batch]
            more = chance.geometric(1 - math.exp(-SMOOTHING), len(rows)) - 1
            for row, offset in zip(rows, more.tolist(), strict=True):
                yield parts[row].without(removal.removed + offset)


def curriculum_of(parts: Sequence[Parts], block: CurriculumBlock, *, around: int, batch: int, seed: int) -> Curriculum:
    """Return the stages from whole chains to none; the first and the last see each row `around` times.

    The model must have learnt to write the chain before it can do without, and to answer once nothing is left.
    """
    last = math.ceil(max(len(part.chain) for part in parts) / block.remove_tokens)
    removals: list[Removal] = []
    for index in range(last + 1):
        epochs = around if index in (0, last) else block.epochs_per_removal
        first_step = sum(removal.steps for removal in removals)
        steps = math.ceil(epochs * len(parts) / batch)
        removed = index * block.remove_tokens
        removals.append(Removal(removed=removed, epochs=epochs, first_step=first_step, steps=steps))
    return Curriculum(removals=tuple(removals), batch=batch, seed=seed)


def parts_of(whole: Example, bare: Example, tokenizer: "PreTrainedTokenizerBase") -> Parts:
    """Return the tokens of a row of which `whole` is answered with the chain, and `bare` without it."""
    (long,), (short,) = tokens_of(whole, tokenizer), tokens_of(bare, tokenizer)
    start = min(_start(long), _start(short))
    after, rest = long.ids[start:], short.ids[start:]
    tail = common_prefix(after[::-1], rest[::-1])
    end = len(after) - tail
    return Parts(prompt=long.ids[:start], chain=after[:end], tail=after[end:], bare=rest)


def _start(tokens: Tokens) -> int:
    return next(index for index, label in enumerate(tokens.labels) if label != IGNORED)
