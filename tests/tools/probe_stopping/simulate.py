"""Probes of made-up models: how often a verdict is wrong that stops sampling, and how much sampling it saves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from runtime.contract.statistics import Z
from runtime.evaluate.probe.intervals import interval_of_difference, interval_of_share
from runtime.evaluate.probe.looks import LOOKS, Look
from runtime.stage.statistics import Interval

SEED = 20260101
NAIVE = tuple(Look(share=each.share, z=Z) for each in LOOKS)  # an interval of 95 % at every look
ONCE = (Look(share=1.0, z=Z),)

Samples = tuple[Sequence[float], Sequence[float], list[str]]
# draws the shares of right answers of some prompts: before, after, and the clusters of the prompts
Draw = Callable[[np.random.Generator, int, float], Samples]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """Of some probes: the shares that say above and below, and the mean share of the prompts that was not asked."""

    above: float
    below: float
    saved: float


def shares(spread: float) -> Draw:
    """Return a draw of 16 samples of each prompt; the chances of prompts are beta of precision `spread`."""

    def draw(generator: np.random.Generator, prompts: int, truth: float) -> Samples:
        chances = _chances(generator, truth, spread, prompts)
        return [], (generator.binomial(16, chances) / 16).tolist(), [str(each) for each in range(prompts)]

    return draw


def single(generator: np.random.Generator, prompts: int, truth: float) -> Samples:
    """Draw one answer to each prompt."""
    answers = generator.random(prompts) < truth
    return [], answers.astype(float).tolist(), [str(each) for each in range(prompts)]


def clustered(generator: np.random.Generator, prompts: int, truth: float) -> Samples:
    """Draw one answer to each prompt; four prompts in a row are of one cluster and alike."""
    chances = np.repeat(_chances(generator, truth, 1.0, prompts // 4 + 1), 4)[:prompts]
    answers = generator.random(prompts) < chances
    return [], answers.astype(float).tolist(), [str(each // 4) for each in range(prompts)]


def gains(before: float) -> Draw:
    """Return a draw of a gain from `before`: some prompts become right always, the others stay as they are."""

    def draw(generator: np.random.Generator, prompts: int, truth: float) -> Samples:
        chances = _chances(generator, before, 1.0, prompts)
        helped = generator.random(prompts) < truth / (1 - before)
        after = generator.binomial(4, np.where(helped, 1.0, chances)) / 4
        old = generator.binomial(16, chances) / 16
        return old.tolist(), after.tolist(), [str(each) for each in range(prompts)]

    return draw


def probes(
    draw: Draw, prompts: int, truth: float, limit: float, repeats: int, looks: Sequence[Look] = LOOKS
) -> Outcome:
    """Probe `repeats` models whose measure is `truth` until it is clear whether it lies at `limit` or above."""
    generator = np.random.default_rng(SEED)
    found: list[tuple[int, int]] = []
    for _ in range(repeats):
        before, after, clusters = draw(generator, prompts, truth)
        for look in looks:
            size = look.size(prompts)
            interval = _interval(before[:size], after[:size], clusters[:size], look.z)
            side = 1 if interval.low >= limit else -1 if interval.high < limit else 0
            if side:
                break
        found.append((side, size))
    sides = [side for side, _ in found]
    asked = sum(size for _, size in found) / repeats / prompts
    return Outcome(above=sides.count(1) / repeats, below=sides.count(-1) / repeats, saved=1 - asked)


def _interval(before: Sequence[float], after: Sequence[float], clusters: Sequence[str], z: float) -> Interval:
    if before:
        return interval_of_difference(after, before, clusters, z)
    return interval_of_share(after, clusters, z)


def _chances(generator: np.random.Generator, mean: float, precision: float, prompts: int) -> NDArray[np.float64]:
    return generator.beta(mean * precision, (1 - mean) * precision, size=prompts)
