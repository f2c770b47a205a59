"""Bounds after a choice, the race and the plateau, on simulated prompts whose true scores are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.prompts.honesty import Simulated, _draft, _questions, coverage, false_plateaus

from runtime.make.prompts.bounds import corrected_interval, is_worse, lower_share, upper_gain, upper_share
from runtime.make.prompts.plateau import plateau
from runtime.make.prompts.race import race
from runtime.stage.statistics import exact_p


def test_the_winners_interval_covers_its_true_score_only_after_the_correction() -> None:
    found = coverage(60, 0.5, rounds=2, candidates=8, repeats=60)
    assert found.naive < 0.8
    assert found.corrected >= 0.94


def test_a_plateau_is_seldom_declared_while_prompts_gain() -> None:
    wrong, _ = false_plateaus(300, 0.02, better=1, repeats=12)
    assert wrong <= 0.05


@given(st.integers(0, 40), st.integers(1, 40), st.sampled_from([0.001, 0.025, 0.2]))
def test_bounds_of_a_share_are_exact(hits: int, total: int, error: float) -> None:
    hits = min(hits, total)
    high, low = upper_share(hits, total, error), lower_share(hits, total, error)
    assert 0 <= low <= hits / total <= high <= 1
    if hits == 0:
        assert high == pytest.approx(1 - error ** (1 / total), abs=1e-9)


@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]), min_size=1, max_size=60))
def test_the_bound_of_a_gain_is_above_the_gain(differences: list[float]) -> None:
    assert upper_gain(differences, 0.025) >= sum(differences) / len(differences)


def test_a_loss_is_shown_by_the_exact_sign_test() -> None:
    assert is_worse([-1.0] * 6, 0.02)
    assert not is_worse([-1.0] * 5, 0.02)
    assert not is_worse([1.0] * 20, 0.5)
    assert exact_p(0, 6) / 2 == pytest.approx(1 / 64)


def test_more_choices_widen_the_interval() -> None:
    scores, clusters = [1.0] * 30 + [0.0] * 30, [str(at) for at in range(60)]
    widths = [found.high - found.low for found in (corrected_interval(scores, clusters, each) for each in (1, 8, 700))]
    assert widths == sorted(widths)
    assert widths[0] < widths[2]


def test_the_race_keeps_the_best_and_drops_the_bad() -> None:
    truth = {"prompt 0": 0.4, "prompt 1": 0.9, "prompt 2": 0.1}
    examiner = Simulated(truth, 200, np.random.default_rng(3))
    rivals = [_draft("prompt 1"), _draft("prompt 2")]
    raced = race(_draft("prompt 0"), rivals, _questions(200), examiner, 0.05)  # type: ignore[arg-type]
    assert raced.winner.draft.text == "prompt 1"
    assert [each.draft.text for each in raced.finalists] == ["prompt 1"]
    assert (raced.calls + raced.saved, len(raced.questions)) == (600, 200)
    assert raced.saved > 100


def test_a_plateau_needs_bounds_below_the_smallest_gain() -> None:
    earlier = {str(at): 1.0 for at in range(400)}
    worse = {name: 0.0 if int(name) < 200 else 1.0 for name in earlier}
    assert plateau(earlier, [worse], rounds=3, smallest=0.02).state == "reached"
    few = {name: worse[name] for name in list(worse)[:3]}
    assert plateau(earlier, [few], rounds=3, smallest=0.02).state == "open"
    assert plateau(earlier, [], rounds=3, smallest=0.02).state == "reached"
