"""Simulated evaluations: how often a gate detects a gain, by its own interval."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from runtime.stage.statistics import interval_of_gain

REPEATS = 10_000
SEED = 13


def share_detected(
    gain: float, sizes: Sequence[int], discordance: float, *, correlation: float = 0.0, repeats: int = REPEATS
) -> float:
    """Return the share of `repeats` simulated evaluations whose gate detects the gain.

    `sizes` has the questions of each cluster. The verdicts of a cluster follow a Dirichlet-multinomial distribution
    with this intraclass correlation; at 1 they all change together.
    """
    generator = np.random.default_rng(SEED)
    changed = max(gain, discordance)
    chances = np.array([(changed + gain) / 2, (changed - gain) / 2, 1 - changed])
    if max(sizes) == 1:
        return _single(generator.multinomial(len(sizes), chances, size=repeats)[:, :2], len(sizes))
    return _clustered(generator, chances, np.asarray(sizes), correlation, repeats)


def _single(counts: NDArray[np.int64], questions: int) -> float:
    """Decide each pair of wins and losses once."""
    pairs, times = np.unique(counts, axis=0, return_counts=True)
    found = [single_detected(int(wins), int(losses), questions) for wins, losses in pairs]
    return float(np.dot(found, times) / times.sum())


@cache
def single_detected(wins: int, losses: int, questions: int) -> bool:
    """Return the gate's answer for independent questions.

    With two wins more than the sign test needs, the bootstrap agrees with it: `test_power.py` has the closest cases.
    """
    least = wins_needed(losses)
    if wins < least or wins > least + 1:
        return wins > least
    return gate_detects([1.0] * wins + [-1.0] * losses + [0.0] * (questions - wins - losses))


@cache
def wins_needed(losses: int) -> int:
    """Return the wins at which the gate's sign test is significant: its `exact_p`, faster for many losses."""
    wins = losses + 6 + int(2.8 * losses**0.5)
    while is_significant(wins - 1, losses):
        wins -= 1
    return wins


def is_significant(wins: int, losses: int) -> bool:
    tail, ways = 0, 1
    for count in range(losses + 1):
        tail += ways
        ways = ways * (wins + losses - count) // (count + 1)
    return wins > losses and 40 * tail <= 2 ** (wins + losses)


def gate_detects(sums: Sequence[float]) -> bool:
    """Return whether the gate's interval is above 0, for the sum of differences of each cluster."""
    return interval_of_gain(sums, [0.0] * len(sums), [str(at) for at in range(len(sums))]).low > 0


def _clustered(
    generator: np.random.Generator,
    chances: NDArray[np.float64],
    sizes: NDArray[np.int64],
    correlation: float,
    repeats: int,
) -> float:
    found = 0
    for _ in range(repeats):
        sums = _sums(generator, chances, sizes, correlation)
        wins, losses = int((sums > 0).sum()), int((sums < 0).sum())
        if wins < wins_needed(losses):
            continue
        # The bootstrap is slow, and excludes 0 wherever the mean is this many standard errors above it.
        clear = sums.mean() > 3.5 * sums.std() / len(sums) ** 0.5 or gate_detects(sums.tolist())
        found += bool(clear)
    return found / repeats


def _sums(
    generator: np.random.Generator, chances: NDArray[np.float64], sizes: NDArray[np.int64], correlation: float
) -> NDArray[np.float64]:
    if correlation == 1:
        return generator.choice([1.0, -1.0, 0.0], p=chances, size=len(sizes)) * sizes
    if correlation == 0:
        verdicts = generator.multinomial(sizes, chances)
    else:
        drawn = generator.gamma(np.maximum(chances * (1 / correlation - 1), 1e-9), size=(len(sizes), 3)) + 1e-300
        verdicts = generator.multinomial(sizes, drawn / drawn.sum(axis=1, keepdims=True))
    return (verdicts[:, 0] - verdicts[:, 1]).astype(float)
