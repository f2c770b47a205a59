"""Intervals and the gate that they decide."""

import pytest

from runtime.gate import decide
from runtime.statistics import Interval, interval_of_gain, interval_of_mean


def names(count: int) -> list[str]:
    return [str(index) for index in range(count)]


def test_the_interval_agrees_with_the_normal_approximation() -> None:
    scores = [1.0] * 60 + [0.0] * 140
    interval = interval_of_mean(scores, names(200))
    margin = 1.96 * (0.3 * 0.7 / 200) ** 0.5
    assert interval.value == pytest.approx(0.3)
    assert interval.low == pytest.approx(0.3 - margin, abs=0.01)
    assert interval.high == pytest.approx(0.3 + margin, abs=0.01)
    assert interval == interval_of_mean(scores, names(200))  # the seed is fixed


def test_rows_of_one_cluster_count_as_one_observation() -> None:
    scores = [1.0] * 50 + [0.0] * 50
    alone = interval_of_mean(scores, names(100))
    together = interval_of_mean(scores, [str(index // 10) for index in range(100)])
    assert together.high - together.low > 2 * (alone.high - alone.low)


@pytest.mark.parametrize(("score", "count"), [(0.0, 3), (1.0, 3), (1.0, 150)])
def test_a_few_equal_scores_prove_little(score: float, count: int) -> None:
    interval = interval_of_mean([score] * count, names(count))
    width = interval.high - interval.low
    assert interval.value == score
    assert 0 < width < 1
    assert (width > 0.5) == (count == 3)


def test_the_gain_is_paired() -> None:
    before = [float(index % 2) for index in range(100)]
    after = [max(score, float(index < 30)) for index, score in enumerate(before)]
    gain = interval_of_gain(after, before, names(100))
    assert gain.value == pytest.approx(0.15)
    assert 0 < gain.low < 0.15 < gain.high
    assert interval_of_gain(before, before, names(100)) == Interval(value=0.0, low=0.0, high=0.0, n=100)


def interval(low: float, value: float, high: float) -> Interval:
    return Interval(value=value, low=low, high=high, n=100)


@pytest.mark.parametrize(
    ("value", "gain", "verdict"),
    [
        (interval(0.5, 0.6, 0.7), None, "target-met"),
        (interval(0.5, 0.6, 0.7), interval(-0.1, 0.0, 0.1), "target-met"),
        (interval(0.4, 0.6, 0.7), None, "continue"),
        (interval(0.1, 0.2, 0.3), interval(0.01, 0.1, 0.2), "continue"),
        (interval(0.1, 0.2, 0.3), interval(0.0, 0.1, 0.2), "no-gain"),
        (interval(0.1, 0.2, 0.3), interval(-0.2, -0.1, -0.01), "no-gain"),
    ],
)
def test_the_gate(value: Interval, gain: Interval | None, verdict: str) -> None:
    decision = decide("exact_match", value, gain, 0.5)
    assert decision.verdict == verdict
    assert "`exact_match`" in decision.reason
