"""What a test set can prove: the smallest gain that its gate detects, and the questions that a proof needs.

A gate detects a gain if the paired interval is above 0 (`runtime/stage/statistics.py`). For independent questions with
a right or a wrong answer, the exact sign test over the changed verdicts decides that: where it is significant, the
bootstrap interval excludes 0 as well. So the chance of detection is a sum of exact binomial terms, without a normal
approximation, which would promise too much for few changed verdicts. Only above 5,000 of them is it used.

`discordance` is the share of questions whose verdict differs between the two models. A gain cannot be larger, so a
larger gain raises it: all changes are then gains.

Questions of one cluster count less: divide their number by `design_effect` before you pass it as `questions`, and
multiply a number of questions that a function here returns.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

from runtime.contract.statistics import Z, wilson_interval

POWER = 0.8
# The intraclass correlation of changed verdicts in one cluster, where nobody measured it. Paraphrases of a question
# mostly change together. A claim that must hold at any correlation takes 1: each cluster counts as one question.
CORRELATION = 0.5
_TAIL = 0.025  # the sign test's two-sided 5 %, on the side of a gain
_EXACT = 5000  # expected changes up to which the sum is exact
_MOST = 10**9  # questions that nobody has: a search ends here
_NORMAL = NormalDist()
_BOUND = _NORMAL.inv_cdf(0.99)


def design_effect(questions: int, clusters: int | Sequence[int], correlation: float = CORRELATION) -> float:
    """Return the number of clustered questions that prove as much as one independent question (Kish 1965), from 1.

    `clusters` is the number of clusters, taken as equally large, or the questions of each. A question without a
    cluster is a cluster of its own. With `correlation` 1, all verdicts of a cluster change together.
    """
    size = questions / clusters if isinstance(clusters, int) else sum(each**2 for each in clusters) / questions
    return 1 + max(0.0, size - 1) * correlation


def effective_questions(questions: int, clusters: int | Sequence[int], correlation: float = CORRELATION) -> float:
    """Return the number of independent questions that prove as much as these; see `design_effect`."""
    return questions / design_effect(questions, clusters, correlation)


def observed_discordance(broken: int, fixed: int, questions: int, design: float = 1.0) -> float:
    """Return an upper bound of the discordance, from an evaluation's newly wrong and newly right answers.

    It is the upper end of the 98 % Wilson interval, so that a few questions without a change do not promise that the
    next stage changes nothing either. `design` is the design effect of the questions.
    """
    return wilson_interval(min(1.0, (broken + fixed) / questions), questions / design, _BOUND)[1]


def chance_of_detection(gain: float, questions: float, discordance: float) -> float:
    """Return the probability that a gate detects a true `gain` on this many independent questions.

    Of the same questions, a share of `discordance` changes its verdict. A fraction of a question does not count.
    """
    count, changed = math.floor(questions), min(1.0, max(discordance, gain))
    if count == 0 or changed == 0:
        return 0.0
    if count * changed > _EXACT:
        return _approximate(gain, count, changed)
    wins, spread = (changed + gain) / (2 * changed), 8 * math.sqrt(count * changed * (1 - changed)) + 8
    first, last = max(0, math.floor(count * changed - spread)), min(count, math.ceil(count * changed + spread))
    found = _significant(wins, last)
    return math.fsum(_binomial(number, count, changed) * found[number] for number in range(first, last + 1))


@lru_cache(maxsize=4096)  # what would flip a decision asks for the same test set hundreds of times
def smallest_gain(questions: float, discordance: float, power: float = POWER) -> float | None:
    """Return the smallest gain (0 to 1) that a gate detects with `power`, or None if it detects none.

    A result above `discordance` says that the test set detects no gain at this discordance: more verdicts must change.
    """
    if chance_of_detection(1.0, questions, discordance) < power:
        return None
    low, high = 0.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        if chance_of_detection(middle, questions, discordance) >= power:
            high = middle
        else:
            low = middle
    return high


def provable(gain: float, questions: float, discordance: float, power: float = POWER) -> bool:
    """Return whether a gate detects a true `gain` with `power` or more, at this discordance or a lower one.

    Pass the bound of `observed_discordance` and questions of the design effect at correlation 1, and the claim is
    false for at most 2 in 100 evaluations that it is made from.
    """
    return gain > 0 and chance_of_detection(gain, questions, discordance) >= power


@lru_cache(maxsize=4096)
def questions_for_gain(gain: float, discordance: float, power: float = POWER) -> int | None:
    """Return the smallest number of independent questions that detect `gain` with `power`; None for no gain."""
    if gain <= 0:
        return None
    high = 1
    while high < _MOST and not provable(gain, high, discordance, power):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if provable(gain, middle, discordance, power) else (middle, high)
    return high


def can_clear(questions: float, target: float) -> bool:
    """Return whether the interval of a score can reach `target` at all: with every answer right.

    As in a gate, each cluster counts as one question then: pass questions of the design effect at correlation 1.
    """
    return questions >= 1 and wilson_interval(1.0, questions)[0] >= target


def questions_to_clear(target: float) -> int | None:
    """Return the fewest independent questions whose interval can reach `target`; None if none can (target 1)."""
    if target >= 1:
        return None
    count = max(1, math.floor(Z**2 * target / (1 - target)))
    return count if can_clear(count, target) else count + 1


def questions_to_separate(score: float, target: float, smallest: float, power: float = POWER) -> int | None:
    """Return the independent questions that place a true `score` above or below `target` with `power` or more.

    The Wilson interval then excludes the target. A difference under `smallest` counts as `smallest`, on the score's
    side; a score equal to the target is above it. None: no interval is above a target of 1, nor does any number of
    questions separate equal shares.
    """
    if score < target:
        return questions_to_separate(1 - score, 1 - target, smallest, power)
    true = min(1.0, max(score, target + smallest))
    if true <= target:
        return None
    width = Z * math.sqrt(target * (1 - target)) + _NORMAL.inv_cdf(power) * math.sqrt(true * (1 - true))
    count = max(1, math.ceil((width / (true - target)) ** 2))
    while count < _EXACT and _chance_above(true, target, count) < power:
        count += 1
    return count


def _significant(wins: float, most: int) -> list[float]:
    """Return for 0 to `most` changed verdicts the probability that enough of them are gains.

    `wins` is the share of gains among changes. Each value follows from the one before it: with one more change, the
    gains that are needed stay or rise by one.
    """
    needed = _gains_needed(1 << most.bit_length())
    if wins >= 1:
        return [float(needed[changes] <= changes) for changes in range(most + 1)]
    tail, edge = 0.0, 1.0  # P(gains >= needed), P(gains = needed - 1)
    found = [tail]
    for changes in range(1, most + 1):
        before = needed[changes - 1]
        tail, edge = tail + wins * edge, edge * changes / (changes + 1 - before) * (1 - wins)
        if needed[changes] > before:
            edge *= (changes + 1 - before) / before * wins / (1 - wins)
            tail -= edge
        found.append(tail)
    return found


@lru_cache(maxsize=4)
def _gains_needed(most: int) -> tuple[int, ...]:
    """Return for 0 to `most` changed verdicts the gains at which the sign test is significant."""
    tail, edge, needed = 0.0, 1.0, 1
    found = [needed]
    for changes in range(1, most + 1):
        tail, edge = tail + edge / 2, edge * changes / (changes + 1 - needed) / 2
        if tail > _TAIL:
            edge *= (changes + 1 - needed) / needed
            tail -= edge
            needed += 1
        found.append(needed)
    return tuple(found)


def _binomial(number: int, count: int, share: float) -> float:
    if share == 1:
        return float(number == count)
    ways = math.lgamma(count + 1) - math.lgamma(number + 1) - math.lgamma(count - number + 1)
    return math.exp(ways + number * math.log(share) + (count - number) * math.log1p(-share))


def _chance_above(true: float, target: float, count: int) -> float:
    """Return the probability that the interval of a score is above `target`."""
    least = max(1, math.ceil(count * target + Z * math.sqrt(count * target * (1 - target))))
    return math.fsum(_binomial(right, count, true) for right in range(least, count + 1))


def _approximate(gain: float, count: int, changed: float) -> float:
    """Return the chance of detection for many changes.

    Gains minus losses must exceed Z times the root of the changes by 1 on average, for they are whole numbers.
    """
    root = math.sqrt(count * changed)
    mean = count * gain - Z * root - 1
    variance = count * (changed - gain**2) - Z * root * gain * (1 - changed) / changed + Z**2 * (1 - changed) / 4
    return _NORMAL.cdf(mean / math.sqrt(variance)) if variance > 0 else float(mean > 0)
