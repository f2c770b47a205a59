"""`make power`: simulate evaluations, and compare the gate's answers with what `compiler/selection/power.py` promises."""

import sys
from collections.abc import Iterator

import numpy as np
from tools.power.simulate import REPEATS, SEED, share_detected

from compiler.selection.power import (
    chance_of_detection,
    effective_questions,
    observed_discordance,
    provable,
    questions_for_gain,
    smallest_gain,
)

QUESTIONS = (30, 60, 100, 200, 500, 1000, 5000)
DISCORDANCES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.6)
CLUSTERS = ((30, 2), (30, 5), (100, 2), (100, 5))
CLUSTERED_REPEATS = 2000
GAINS = (0.02, 0.03, 0.05, 0.1, 0.2, 0.4)


def main() -> int:
    """Print the tables; return 1 if a figure lies outside of what the docs promise."""
    powers = [each for questions in QUESTIONS for each in _row(questions)]
    alarms = [_alarms(questions) for questions in QUESTIONS]
    _clusters()
    false, among = _claims()
    print(f"\npower: {min(powers):.3f} to {max(powers):.3f}; false positives: at most {max(alarms):.4f}")
    print(f"false claims: at most {false:.4f} of the evaluations of a setting, {among:.4f} of all claims")
    return int(not (min(powers) >= 0.78 and max(powers) <= 0.82 and max(alarms) <= 0.025 and false <= 0.02))


def _row(questions: int) -> Iterator[float]:
    """Print the smallest gains of a test set, each with the share of evaluations that detect it."""
    cells = []
    for discordance in DISCORDANCES:
        gain = smallest_gain(questions, discordance)
        assert gain is not None
        found = share_detected(gain, [1] * questions, discordance)
        yield found
        cells.append(f"{gain:.3f}{'*' if gain > discordance else ''} ({found:.3f})")
    print(f"| {questions:,} | {' | '.join(cells)} |", flush=True)


def _alarms(questions: int) -> float:
    found = [share_detected(0, [1] * questions, discordance) for discordance in DISCORDANCES]
    print(f"| {questions:,} without a gain | {' | '.join(f'{each:.4f}' for each in found)} |", flush=True)
    return max(found)


def _clusters() -> None:
    """Print the power on clustered questions, by the true and by the assumed intraclass correlation."""
    for clusters, size in CLUSTERS:
        for assumed in (0.5, 1.0):
            gain = smallest_gain(effective_questions(clusters * size, clusters, assumed), 0.2)
            assert gain is not None
            found = [
                share_detected(gain, [size] * clusters, 0.2, correlation=true, repeats=CLUSTERED_REPEATS)
                for true in (0.1, 0.5, 0.9, 1.0)
            ]
            shown = " | ".join(f"{each:.3f}" for each in found)
            print(f"| {clusters} of {size} | {assumed:g} | {gain:.3f} | {shown} |", flush=True)


def _claims() -> tuple[float, float]:
    """Return the largest share of false claims of a setting, and their share among all claims."""
    rates, claimed, wrong = [0.0], 0, 0
    for discordance in DISCORDANCES:
        for gain in (each for each in GAINS if each <= discordance):
            for questions in _near(questions_for_gain(gain, discordance) or 0):
                claims = claims_made(gain, questions, discordance)
                is_false = chance_of_detection(gain, questions, discordance) < 0.8
                claimed, wrong = claimed + claims, wrong + claims * is_false
                rates.append(claims / REPEATS * is_false)
    return max(rates), wrong / claimed


def claims_made(gain: float, questions: int, discordance: float) -> int:
    """Return how many of `REPEATS` earlier evaluations lead to the claim that `gain` is provable."""
    changed = np.random.default_rng(SEED).binomial(questions, discordance, size=REPEATS)
    values, times = np.unique(changed, return_counts=True)
    held = [provable(gain, questions, observed_discordance(0, int(each), questions)) for each in values]
    return int(np.dot(held, times))


def _near(enough: int) -> list[int]:
    """Return test sets around the one that is just large enough; those just below it tempt most to a false claim."""
    sizes = {max(30, int(enough * factor)) for factor in (0.5, 0.8, 0.95, 1.1, 1.5)} | {max(30, enough - 1)}
    return sorted(each for each in sizes if each <= 5000)


if __name__ == "__main__":
    sys.exit(main())
