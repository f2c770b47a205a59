"""Looks at the samples of a probe: their boundaries, intervals, and how often a stop is wrong."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.probe_stopping.simulate import NAIVE, clustered, gains, probes, shares, single

from runtime.evaluate.probe.intervals import interval_of_difference, interval_of_share
from runtime.evaluate.probe.looks import LOOKS
from runtime.evaluate.probe.measures import pass_at

UNIT = st.floats(min_value=0, max_value=1)


def test_the_boundaries_spend_an_error_of_five_percent() -> None:
    """Of a random walk that is seen at the looks, 5 % leave the boundaries at one of them, half of them to each side."""
    generator = np.random.default_rng(1)
    steps = generator.normal(size=(400_000, len(LOOKS))) * math.sqrt(LOOKS[0].share)
    walks = np.cumsum(steps, axis=1) / np.sqrt([look.share for look in LOOKS])
    bounds = np.array([look.z for look in LOOKS])
    assert np.mean((np.abs(walks) > bounds).any(axis=1)) == pytest.approx(0.05, abs=0.0015)
    # the error that is spent up to each look, half of it to each side, by the function of Lan and DeMets
    spent = [2 * (2 - 2 * _phi(2.241403 / math.sqrt(look.share))) for look in LOOKS]
    for number in range(1, len(LOOKS) + 1):
        left = np.mean((np.abs(walks[:, :number]) > bounds[:number]).any(axis=1))
        assert left == pytest.approx(spent[number - 1], abs=0.001)


def _phi(z: float) -> float:
    return (1 + math.erf(z / math.sqrt(2))) / 2


@pytest.mark.parametrize(
    ("draw", "limit"),
    [(shares(0.5), 0.5), (shares(4.0), 0.9), (single, 0.7), (clustered, 0.4), (gains(0.1), 0.1), (gains(0.4), 0.25)],
)
def test_a_stop_is_seldom_wrong(draw: object, limit: float) -> None:
    """At the limit itself, every clear verdict is wrong: `make probe-stopping` checks more, and more often."""
    found = probes(draw, 60, limit, limit, 400)  # type: ignore[arg-type]
    assert found.above + found.below <= 0.05 + 2.6 * math.sqrt(0.05 * 0.95 / 400)


def test_a_narrow_interval_at_every_look_would_be_wrong_more_often() -> None:
    assert probes(shares(0.5), 60, 0.5, 0.5, 400, NAIVE).above > 0.04


@given(st.lists(UNIT, min_size=2, max_size=40), st.sampled_from([1.96, 2.0141, 4.3326]))
def test_an_interval_holds_its_mean(values: list[float], z: float) -> None:
    names = [str(each) for each in range(len(values))]
    found = interval_of_share(values, names, z)
    assert 0 <= found.low <= found.value <= found.high <= 1
    wider = interval_of_share(values, names, z + 1)
    assert wider.low <= found.low + 1e-9
    assert wider.high >= found.high - 1e-9


@given(st.lists(st.tuples(UNIT, UNIT), min_size=2, max_size=40))
def test_a_difference_is_that_of_the_means_and_turns_its_sign(pairs: list[tuple[float, float]]) -> None:
    after, before = [list(each) for each in zip(*pairs, strict=True)]
    names = [str(each) for each in range(len(pairs))]
    found = interval_of_difference(after, before, names, 2.0)
    back = interval_of_difference(before, after, names, 2.0)
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert (back.low, back.high) == (pytest.approx(-found.high), pytest.approx(-found.low))


def test_equal_answers_leave_room_for_what_was_not_seen() -> None:
    """Without any difference in 100 prompts, a difference of 4 % is still possible, and one of 10 % is not."""
    names = [str(each) for each in range(100)]
    found = interval_of_difference([0.0] * 100, [0.0] * 100, names, 2.0141)
    assert 0.03 < found.high < 0.05
    assert found.low == -found.high


def test_prompts_of_one_cluster_count_once() -> None:
    values = [1.0] * 4 + [0.0] * 4 + [1.0] * 4 + [0.0] * 4
    alone = interval_of_share(values, [str(each) for each in range(16)], 1.96)
    together = interval_of_share(values, [str(each // 4) for each in range(16)], 1.96)
    assert together.high - together.low > 1.4 * (alone.high - alone.low)


@given(st.integers(1, 16), st.integers(0, 16))
def test_pass_at_k_is_the_chance_of_a_right_answer_among_k_drawn(k: int, right: int) -> None:
    """Of 16 answers, k are drawn without replacement."""
    missed = math.prod((16 - right - each) / (16 - each) for each in range(k))
    assert pass_at(k, 16, right) == pytest.approx(1 - max(0.0, missed))
