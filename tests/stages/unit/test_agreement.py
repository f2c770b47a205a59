"""Agreement of a reward model with people: its measure, and when the model may not be used."""

from typing import Any

import pytest

from runtime.contract.errors import StageError
from runtime.train.methods.reward import agreement, group_of, hold_out, verdict


def pair(prompt: Any, chosen: str = "long answer", rejected: str = "short", **fields: Any) -> dict[str, Any]:
    return {"prompt": prompt, "chosen": chosen, "rejected": rejected, **fields}


def test_groups_are_held_out_whole_and_the_same_way_each_time() -> None:
    rows = [pair(f"问 {number // 4}", rejected=str(number)) for number in range(80)]
    train, held_out = hold_out(rows, 0.1, seed=7)
    assert len(held_out) == 8
    assert len(train) + len(held_out) == 80
    assert not {group_of(row) for row in train} & {group_of(row) for row in held_out}
    assert hold_out(list(reversed(rows)), 0.1, seed=7)[1] == list(reversed(held_out))
    assert hold_out(rows, 0.1, seed=8)[1] != held_out


def test_a_cluster_is_the_group_where_rows_name_one() -> None:
    rows = [pair(f"p{number}", cluster=f"c{number % 3}") for number in range(9)]
    train, held_out = hold_out(rows, 0.2, seed=1)
    assert len(held_out) == 3
    assert len({row["cluster"] for row in held_out}) == 1
    assert len({row["cluster"] for row in train}) == 2


def test_pairs_of_one_prompt_cannot_be_split() -> None:
    with pytest.raises(StageError) as caught:
        hold_out([pair("one", rejected=str(number)) for number in range(9)], 0.1, seed=1)
    assert caught.value.problem.code == "RUN728"
    assert caught.value.exit_code == 65


def test_ties_count_one_half_and_are_reported() -> None:
    rows = [pair(f"p{number}") for number in range(4)]
    accuracy, report = agreement(rows, chosen=[2.0, 1.0, 0.0, 0.0], rejected=[1.0, 1.0, 1.0, -1.0])
    assert accuracy.value == pytest.approx(2.5 / 4)
    assert report["ties"] == 0.25
    assert report["mean_margin"] == pytest.approx((1 + 0 - 1 + 1) / 4)


def test_a_model_that_scores_length_alone_is_detected() -> None:
    answers = [("x" * (3 + number), "x" * 3) for number in range(1, 9)] + [("x", "x" * 9), ("x", "x" * 5)]
    rows = [pair(f"p{number}", *each) for number, each in enumerate(answers)]
    by_length = {name: [float(len(row[name])) for row in rows] for name in ("chosen", "rejected")}
    accuracy, report = agreement(rows, **by_length)
    assert accuracy.value == 0.8
    assert report["length"]["margin_correlation"] == 1.0
    assert report["length"]["longer_answer_wins"] == 0.8
    assert report["length"]["chosen_is_longer"] == {"pairs": 8, "accuracy": 1.0}
    assert report["length"]["chosen_is_shorter"] == {"pairs": 2, "accuracy": 0.0}


def test_equal_lengths_have_no_correlation() -> None:
    rows = [pair(f"p{number}", "abc", "abd") for number in range(3)]
    _, report = agreement(rows, chosen=[1.0, 2.0, 3.0], rejected=[0.0, 0.0, 0.0])
    assert report["length"]["margin_correlation"] is None
    assert report["length"]["chosen_is_shorter"] == {"pairs": 0, "accuracy": None}


def test_the_tables_show_classes_and_clusters() -> None:
    rows = [pair(f"p{number}", **{"class": "高频", "cluster": "a" if number else "b"}) for number in range(3)]
    _, report = agreement([*rows, pair("p9")], chosen=[1.0, 1.0, 0.0, 1.0], rejected=[0.0, 0.0, 1.0, 0.0])
    assert report["by_class"] == {"高频": {"pairs": 3, "accuracy": 0.666667}}
    assert list(report["by_cluster"].items()) == [
        ("a", {"pairs": 2, "accuracy": 0.5}),
        ("b", {"pairs": 1, "accuracy": 1.0}),
    ]


@pytest.mark.parametrize(("right", "goes_on"), [(30, True), (26, True), (18, False), (15, False), (2, False)])
def test_only_an_interval_above_chance_continues(right: int, goes_on: bool) -> None:
    rows = [pair(f"p{number}") for number in range(30)]
    accuracy, _ = agreement(rows, chosen=[float(number < right) for number in range(30)], rejected=[0.5] * 30)
    assert accuracy.value == right / 30
    decision = verdict(accuracy)
    assert decision.verdict == ("continue" if goes_on else "no-gain")
    assert f"{right / 30:.3f}" in decision.reason


def test_one_score_for_everything_is_chance() -> None:
    accuracy, report = agreement([pair(f"p{number}") for number in range(30)], [1.0] * 30, [1.0] * 30)
    assert accuracy.value == 0.5
    assert report["ties"] == 1.0
    assert verdict(accuracy).verdict == "no-gain"
