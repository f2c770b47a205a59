"""Signals that a reward teaches nothing, and the spans of steps in which they hold."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.train.reward_signals import (
    NO_SPREAD,
    SIGNALS,
    WARN_STEPS,
    begins_to_warn,
    limit_of,
    longest_span,
    signal_report,
    span_at_end,
)

BY_NAME = {signal.name: signal for signal in SIGNALS}


def history(*dead: float | None) -> list[dict[str, Any]]:
    """Logged steps; None is a step that trains on the answers of an earlier one."""
    steps = [{"step": at, "loss": 0.0, "reward": 0.5} for at in range(1, len(dead) + 1)]
    return [
        step | ({} if share is None else {"frac_reward_zero_std": share})
        for step, share in zip(steps, dead, strict=True)
    ]


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0, None])))
def test_the_last_of_all_spans_is_the_one_at_the_end(shares: list[float | None]) -> None:
    entries = history(*shares)
    ends = [span for at in range(1, len(entries) + 1) if (span := span_at_end(entries[:at], NO_SPREAD))]
    longest = longest_span(entries, NO_SPREAD)
    assert (longest.steps if longest else 0) == max((span.steps for span in ends), default=0)


@given(st.lists(st.sampled_from([0.0, 1.0, None]), max_size=80), st.integers(0, 80))
def test_each_span_is_warned_of_once_also_after_a_resume(shares: list[float | None], checkpoint: int) -> None:
    entries = history(*shares)
    warned = [at for at in range(1, len(entries) + 1) if begins_to_warn(entries[:at], NO_SPREAD)]
    # a run that was killed repeats the steps after its last checkpoint, whose history it starts with
    resumed = [at for at in range(checkpoint + 1, len(entries) + 1) if begins_to_warn(entries[:at], NO_SPREAD)]
    assert resumed == [at for at in warned if at > checkpoint]
    spans = {span.first for at in warned if (span := span_at_end(entries[:at], NO_SPREAD))}
    assert len(spans) == len(warned)


def test_a_log_of_several_steps_counts_all_of_them() -> None:
    entries = [{"step": step, "loss": 0.0, "frac_reward_zero_std": 1.0} for step in (5, 10, 15)]
    span = span_at_end(entries, NO_SPREAD)
    assert span is not None
    assert (span.first, span.last, span.steps) == (1, 15, 15)


def test_one_group_that_differs_ends_a_span() -> None:
    assert span_at_end(history(1.0, 1.0, 0.75), NO_SPREAD) is None
    span = span_at_end(history(1.0, 0.75, 1.0, None, 1.0), NO_SPREAD)
    assert span is not None
    assert (span.first, span.last) == (3, 5)


@pytest.mark.parametrize(
    ("set_to", "steps", "limit"), [(100, 1000, 100), (100, 40, 40), (100, 2, WARN_STEPS), (3, 2, 3)]
)
def test_a_short_training_ends_if_no_step_differs(set_to: int, steps: int, limit: int) -> None:
    assert limit_of(set_to, steps) == limit


@pytest.mark.parametrize(
    ("name", "bad", "good"),
    [
        ("no_spread", {"reward_std": 0.0}, {"reward_std": 0.1}),
        ("no_spread", {"frac_reward_zero_std": 1.0}, {"frac_reward_zero_std": 0.9}),
        ("zero_reward", {"frac_reward_zero_std": 1.0, "reward": 0.0}, {"frac_reward_zero_std": 1.0, "reward": 1.0}),
        ("all_cut", {"completions/clipped_ratio": 1.0}, {"completions/clipped_ratio": 0.9}),
        ("empty_answers", {"completions/mean_length": 1.0}, {"completions/mean_length": 1.2}),
        ("kl", {"kl": 1.5}, {"kl": 0.4}),
        (
            "kl",
            {"kl": 30.0, "value_loss": 0.0, "completions/mean_length": 12.0},
            {"kl": 9.0, "value_loss": 0.0, "completions/mean_length": 12.0},
        ),
    ],
)
def test_what_a_good_engineer_wants_to_see(name: str, bad: dict[str, float], good: dict[str, float]) -> None:
    def entries(figures: dict[str, float]) -> list[dict[str, Any]]:
        return [{"step": step, "loss": 0.0, **figures} for step in range(1, WARN_STEPS + 1)]

    assert begins_to_warn(entries(bad), BY_NAME[name])
    assert not begins_to_warn(entries(good), BY_NAME[name])
    assert any(BY_NAME[name].sentence in each for each in signal_report(entries(bad))["warnings"])
    other = entries(bad)
    other[3] = {"step": 4, "loss": 0.0}  # a step without the figure neither counts against a span nor ends it
    assert begins_to_warn(other, BY_NAME[name])


def test_the_report_has_the_share_of_groups_without_spread() -> None:
    report = signal_report(history(1.0, 0.5, 0.0))
    assert report == {"share_without_spread": 0.5}
    assert signal_report([{"step": 1, "loss": 0.0}]) == {}
