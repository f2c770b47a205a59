"""Weights of good and bad answers, and data that KTO cannot learn from."""

from typing import Any

import pytest

from runtime.contract.errors import StageError
from runtime.stage.curves import first_and_last
from runtime.train.methods.kto import balance_of, check_batch


def rows(good: int, bad: int) -> list[dict[str, Any]]:
    return [{"prompt": f"p{n}", "completion": "c", "label": n < good} for n in range(good + bad)]


@pytest.mark.parametrize(
    ("good", "bad", "desirable", "undesirable"),
    [
        (10, 10, 1.0, 1.0),
        (12, 10, 1.0, 1.0),  # 1.2 is already between 1 and 4/3
        (10, 40, 4.0, 1.0),
        (40, 10, 1.0, 3.0),
    ],
)
def test_the_rarer_kind_is_given_the_smallest_weight_that_balances(
    good: int, bad: int, desirable: float, undesirable: float
) -> None:
    balance = balance_of(rows(good, bad), {})
    assert (balance["desirable"], balance["undesirable"]) == (good, bad)
    assert balance["desirable_weight"] == pytest.approx(desirable)
    assert balance["undesirable_weight"] == pytest.approx(undesirable)
    assert 1 <= balance["ratio"] <= 1.333334
    assert balance["weights_from"] == "the counts"


def test_the_plan_decides_where_it_sets_a_weight() -> None:
    balance = balance_of(rows(10, 40), {"desirable_weight": 2.0})
    assert (balance["desirable_weight"], balance["undesirable_weight"], balance["ratio"]) == (2.0, 1.0, 0.5)
    assert balance["weights_from"] == "the plan"


@pytest.mark.parametrize(("good", "bad", "word"), [(5, 0, "good"), (0, 5, "bad")])
def test_answers_that_are_all_alike_are_refused(good: int, bad: int, word: str) -> None:
    with pytest.raises(StageError, match=f"all 5 answers are marked {word}") as caught:
        balance_of(rows(good, bad), {})
    assert caught.value.problem.code == "RUN727"


def test_answers_marked_both_ways_are_counted() -> None:
    both = [
        {"prompt": [{"role": "user", "content": "问"}], "completion": "答", "label": label} for label in (True, False)
    ]
    assert balance_of([*both, *rows(2, 2)], {})["contradicting"] == 1


def test_a_batch_of_one_is_refused_where_others_are_compared_with() -> None:
    with pytest.raises(StageError, match="reference point") as caught:
        check_batch({"per_device_train_batch_size": 1})
    assert caught.value.exit_code == 78
    check_batch({"per_device_train_batch_size": 1, "loss_type": "apo_zero_unpaired"})
    check_batch({})


def test_first_and_last_steps_are_reported() -> None:
    history = [{"loss": 1.0, "kl": float(step)} for step in range(12)] + [{"train_runtime": 3.0}]
    assert first_and_last(history, ("kl", "rewards/margins")) == {"kl": {"first": 2.0, "last": 9.0}}
    assert first_and_last(history[:3], ("kl",)) == {"kl": {"first": 0.0, "last": 2.0}}
    assert first_and_last([{"kl": float("nan")}, {"kl": 1.0}], ("kl",)) == {}
