"""What a test set can prove: promises against simulated evaluations, and properties of the functions."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools.power.run import claims_made
from tools.power.simulate import REPEATS, gate_detects, is_significant, share_detected, single_detected, wins_needed

from compiler.selection.power import (
    can_clear,
    chance_of_detection,
    design_effect,
    effective_questions,
    observed_discordance,
    provable,
    questions_for_gain,
    questions_to_clear,
    questions_to_separate,
    smallest_gain,
)
from runtime.contract.statistics import wilson_interval
from runtime.stage.statistics import exact_p, interval_of_mean

QUESTIONS = st.integers(30, 800)
DISCORDANCES = st.floats(0.02, 0.6)
GAINS = st.floats(0.02, 0.6)
POWERS = st.floats(0.5, 0.95)
SHARES = st.floats(0.01, 0.99)
PROPERTY = settings(max_examples=40)


def binomial(right: int, questions: int, share: float) -> float:
    if share == 1:
        return float(right == questions)
    ways = math.lgamma(questions + 1) - math.lgamma(right + 1) - math.lgamma(questions - right + 1)
    return math.exp(ways + right * math.log(share) + (questions - right) * math.log1p(-share))


@pytest.mark.parametrize(
    ("questions", "discordance"),
    [
        (30, 0.02),
        (30, 0.4),
        (30, 0.6),
        (60, 0.2),
        (100, 0.1),
        (200, 0.05),
        (200, 0.6),
        (500, 0.2),
        (1000, 0.02),
        (5000, 0.02),
    ],
)
def test_smallest_gain_is_detected_in_80_of_100_simulated_evaluations(questions, discordance):
    gain = smallest_gain(questions, discordance)
    assert 0.78 <= share_detected(gain, [1] * questions, discordance) <= 0.82


@pytest.mark.parametrize("power", [0.5, 0.9, 0.95])
def test_other_powers_agree_with_the_simulation_too(power):
    gain = smallest_gain(150, 0.25, power)
    assert share_detected(gain, [1] * 150, 0.25) == pytest.approx(power, abs=0.02)


@pytest.mark.parametrize(("questions", "discordance"), [(30, 0.4), (100, 0.2), (500, 0.1)])
def test_gate_finds_a_gain_where_none_is_at_most_25_times_in_1000(questions, discordance):
    assert share_detected(0, [1] * questions, discordance) <= 0.025
    assert chance_of_detection(0, questions, discordance) <= 0.025


@pytest.mark.parametrize("questions", [30, 100, 400])
def test_sign_test_decides_for_independent_questions(questions):
    """The bootstrap excludes 0 as soon as the sign test is significant, the assumption of the exact sum."""
    for losses in (0, 1, 2, 3, 5, 8, 12, 40, 90):
        wins = wins_needed(losses)
        if wins + losses <= questions:
            assert gate_detects([1.0] * wins + [-1.0] * losses + [0.0] * (questions - wins - losses))
            assert not single_detected(wins - 1, losses, questions)


def test_simulation_knows_the_gates_sign_test():
    assert all(
        is_significant(wins, losses) == (exact_p(wins, losses) <= 0.05 and wins > losses)
        for wins in range(40)
        for losses in range(40)
    )


@pytest.mark.parametrize(("clusters", "size", "correlation"), [(30, 5, 0.5), (60, 3, 1.0), (40, 10, 1.0)])
def test_clustered_questions_keep_the_power(clusters, size, correlation):
    gain = smallest_gain(effective_questions(clusters * size, clusters, correlation), 0.2)
    found = share_detected(gain, [size] * clusters, 0.2, correlation=correlation, repeats=600)
    assert found >= 0.75  # three standard errors of 600 evaluations below 80 %


@pytest.mark.parametrize(("gain", "discordance"), [(0.05, 0.05), (0.03, 0.2), (0.1, 0.2), (0.2, 0.4), (0.1, 0.6)])
def test_provable_is_false_for_at_most_2_in_100_evaluations(gain, discordance):
    questions = questions_for_gain(gain, discordance)
    assert chance_of_detection(gain, questions - 1, discordance) < 0.8
    assert claims_made(gain, questions - 1, discordance) <= 0.02 * REPEATS


def test_provable_is_said_where_there_are_plenty_of_questions():
    questions = 2 * questions_for_gain(0.1, 0.2)
    assert claims_made(0.1, questions, 0.2) >= 0.9 * REPEATS


@PROPERTY
@given(QUESTIONS, st.integers(0, 400), DISCORDANCES, POWERS)
def test_more_questions_detect_smaller_gains(questions, added, discordance, power):
    assert smallest_gain(questions + added, discordance, power) <= smallest_gain(questions, discordance, power) + 1e-3


@PROPERTY
@given(QUESTIONS, DISCORDANCES, DISCORDANCES, POWERS)
def test_more_discordance_hides_more(questions, one, other, power):
    less, more = sorted((one, other))
    assert smallest_gain(questions, less, power) <= smallest_gain(questions, more, power) + 1e-6


@PROPERTY
@given(QUESTIONS, DISCORDANCES, POWERS, POWERS)
def test_more_power_needs_a_larger_gain(questions, discordance, one, other):
    less, more = sorted((one, other))
    assert smallest_gain(questions, discordance, less) <= smallest_gain(questions, discordance, more)


@PROPERTY
@given(GAINS, DISCORDANCES, POWERS)
def test_questions_for_a_gain_are_just_enough(gain, discordance, power):
    questions = questions_for_gain(gain, discordance, power)
    assert smallest_gain(questions, discordance, power) <= gain + 1e-5
    below = smallest_gain(questions - 1, discordance, power)
    assert below is None or below >= gain - 1e-5


@PROPERTY
@given(QUESTIONS, DISCORDANCES, POWERS, GAINS)
def test_provable_agrees_with_the_smallest_gain(questions, discordance, power, gain):
    smallest = smallest_gain(questions, discordance, power)
    assert abs(gain - smallest) < 1e-5 or provable(gain, questions, discordance, power) == (gain > smallest)


@PROPERTY
@given(st.integers(6, 60), SHARES, SHARES)
def test_chance_is_a_probability(questions, gain, discordance):
    assert -1e-9 <= chance_of_detection(gain, questions, discordance) <= 1 + 1e-9


def test_chance_equals_the_sum_over_all_outcomes():
    """Every pair of wins and losses of 25 questions, weighed by its multinomial probability."""
    win, loss, questions = 0.3, 0.1, 25
    expected = sum(
        math.comb(questions, wins)
        * math.comb(questions - wins, losses)
        * win**wins
        * loss**losses
        * 0.6 ** (questions - wins - losses)
        for wins in range(questions + 1)
        for losses in range(questions - wins + 1)
        if is_significant(wins, losses)
    )
    assert chance_of_detection(win - loss, questions, win + loss) == pytest.approx(expected, abs=1e-9)


def test_many_changed_verdicts_agree_with_the_exact_sum():
    below, above = (chance_of_detection(0.02, questions, 0.5) for questions in (10_000, 10_001))
    assert above == pytest.approx(below, abs=1e-3)


def test_no_gain_is_detected_by_five_questions_and_none_needs_no_number():
    assert smallest_gain(5, 0.2) is None
    assert questions_for_gain(0.0, 0.2) is None
    assert chance_of_detection(0.0, 0, 0.2) == chance_of_detection(0.0, 10, 0.0) == 0.0


def test_gain_above_the_discordance_raises_it():
    assert smallest_gain(30, 0.02) == smallest_gain(30, 0.1) > 0.1


def test_clusters_count_less():
    assert effective_questions(200, 200) == 200
    assert effective_questions(200, 50) == pytest.approx(80)
    assert effective_questions(200, 50, 1.0) == pytest.approx(50)
    assert effective_questions(200, [4] * 50) == effective_questions(200, 50)
    assert effective_questions(200, [151] + [1] * 49) < effective_questions(200, 50)
    assert design_effect(30, 30) == 1


def test_observed_discordance_is_an_upper_bound():
    assert observed_discordance(0, 0, 60) > 0.05
    assert 0.1 < observed_discordance(40, 60, 1000) < 0.13
    assert observed_discordance(4, 6, 100) > observed_discordance(40, 60, 1000)
    assert observed_discordance(4, 6, 100, design=2) > observed_discordance(4, 6, 100)


@PROPERTY
@given(st.integers(1, 400), SHARES)
def test_no_score_clears_where_all_right_does_not(questions, target):
    clears = any(wilson_interval(right / questions, questions)[0] >= target for right in range(questions + 1))
    assert clears == can_clear(questions, target)


@PROPERTY
@given(SHARES)
def test_questions_to_clear_are_the_fewest(target):
    questions = questions_to_clear(target)
    assert can_clear(questions, target)
    assert questions == 1 or not can_clear(questions - 1, target)


def test_clearing_agrees_with_the_gates_interval():
    questions = questions_to_clear(0.9)
    names = [str(at) for at in range(questions)]
    assert interval_of_mean([1.0] * questions, names).low >= 0.9
    assert interval_of_mean([1.0] * (questions - 1), names[1:]).low < 0.9
    assert questions_to_clear(1.0) is None


@PROPERTY
@given(st.floats(0.3, 0.99), st.floats(0.5, 0.95), st.sampled_from((0.5, 0.8, 0.9)))
def test_questions_separate_a_score_from_its_target_with_the_power(score, target, power):
    questions = questions_to_separate(score, target, 0.03, power)
    true = min(1.0, max(score, target + 0.03)) if score >= target else min(score, target - 0.03)
    chances = (binomial(right, questions, true) for right in range(questions + 1))
    ends = (wilson_interval(right / questions, questions) for right in range(questions + 1))
    excluded = sum(chance for chance, (low, high) in zip(chances, ends, strict=True) if not low < target <= high)
    assert excluded >= power - 0.01


def test_score_at_its_target_asks_for_the_smallest_difference():
    assert questions_to_separate(0.91, 0.9, 0.02) == questions_to_separate(0.92, 0.9, 0.02) > 60
    assert questions_to_separate(0.91, 0.9, 0.02, 0.5) < questions_to_separate(0.91, 0.9, 0.02, 0.9)
    assert questions_to_separate(1.0, 1.0, 0.02) is None
    assert questions_to_separate(0.9, 0.9, 0.0) is None
