"""Means and gains with their intervals."""

from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.stage.statistics import (
    Interval,
    exact_p,
    interval_of_gain,
    interval_of_mean,
    interval_of_ratio,
    interval_of_saving,
)

# rows with a cluster each, and with right and wrong answers before and after
ROWS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=40)


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


def columns(rows: list[tuple[str, int, int]]) -> tuple[list[str], list[float], list[float]]:
    return [row[0] for row in rows], [float(row[1]) for row in rows], [float(row[2]) for row in rows]


@settings(deadline=None, max_examples=60)
@given(rows=ROWS, seed=st.integers(0, 9))
def test_neither_the_order_of_rows_nor_the_names_of_clusters_change_a_figure(
    rows: list[tuple[str, int, int]], seed: int
) -> None:
    shuffled = list(rows)
    Random(seed).shuffle(shuffled)
    renamed = [(f"新 {chr(200 - ord(name))}", before, after) for name, before, after in shuffled]
    (names, before, after), (other, earlier, later) = columns(rows), columns(renamed)
    assert interval_of_mean(after, names) == interval_of_mean(later, other)
    assert interval_of_gain(after, before, names) == interval_of_gain(later, earlier, other)


@settings(deadline=None, max_examples=60)
@given(rows=ROWS)
def test_duplicate_rows_in_a_cluster_prove_no_more(rows: list[tuple[str, int, int]]) -> None:
    (names, before, after), (twice, earlier, later) = columns(rows), columns([row for row in rows for _ in range(2)])
    once, again = interval_of_gain(after, before, names), interval_of_gain(later, earlier, twice)
    assert (once.value, once.low, once.high) == (again.value, again.low, again.high)


@settings(deadline=None, max_examples=60)
@given(rows=ROWS)
def test_an_interval_holds_its_value_and_clears_0_only_where_the_sign_test_does(
    rows: list[tuple[str, int, int]],
) -> None:
    names, before, after = columns(rows)
    score, gain = interval_of_mean(after, names), interval_of_gain(after, before, names)
    assert 0 <= score.low <= score.value <= score.high <= 1
    assert gain.low <= gain.value <= gain.high
    nets = [sum(new - old for name, old, new in rows if name == each) for each in set(names)]
    wins, losses = sum(net > 0 for net in nets), sum(net < 0 for net in nets)
    assert gain.low <= 0 <= gain.high or exact_p(wins, losses) <= Fraction(1, 20)


@settings(deadline=None)
@given(rows=ROWS, score=st.sampled_from([0.0, 1.0]))
def test_no_change_has_an_interval_of_zero(rows: list[tuple[str, int, int]], score: float) -> None:
    names, _, after = columns(rows)
    assert interval_of_gain(after, after, names) == Interval(value=0.0, low=0.0, high=0.0, n=len(rows))
    assert interval_of_mean([score] * len(rows), names).value == score


@pytest.mark.parametrize(("changed", "is_proof"), [(1, False), (5, False), (6, True), (20, True)])
def test_a_handful_of_changed_answers_proves_nothing(changed: int, is_proof: bool) -> None:
    before, after = [0.0] * 100, [float(index < changed) for index in range(100)]
    gain, loss = interval_of_gain(after, before, names(100)), interval_of_gain(before, after, names(100))
    assert (gain.low > 0, loss.high < 0) == (is_proof, is_proof)
    assert gain.value == changed / 100


def test_one_question_in_many_words_proves_nothing() -> None:
    gain = interval_of_gain([1.0] * 50, [0.0] * 50, ["one question"] * 50)
    assert (gain.value, gain.low <= 0) == (1.0, True)


def test_one_more_right_answer_never_lowers_the_bound() -> None:
    lows = [interval_of_mean([1.0] * right + [0.0] * (100 - right), names(100)).low for right in range(90, 101)]
    assert lows == sorted(lows)
    assert lows[-1] == pytest.approx(100 / (100 + 1.96**2), abs=1e-3)


def test_bits_are_saved_as_a_share_of_the_earlier_ones() -> None:
    before = [100.0 + index for index in range(30)]
    worse = [bits * 1.1 for bits in before]
    saving = interval_of_saving(worse, before, names(30))
    assert saving.value == pytest.approx(-0.1)
    assert saving.low <= saving.value <= saving.high < -0.05
    ratio = interval_of_ratio(worse, [50.0] * 30, names(30))
    assert ratio.value == pytest.approx(sum(worse) / 1500)
    assert ratio.low < ratio.value < ratio.high


@pytest.mark.parametrize(
    ("wins", "losses", "p"), [(0, 0, 1), (5, 0, 1 / 16), (6, 0, 1 / 32), (0, 6, 1 / 32), (3, 3, 1), (8, 2, 112 / 1024)]
)
def test_the_sign_test_is_exact(wins: int, losses: int, p: float) -> None:
    assert exact_p(wins, losses) == p
