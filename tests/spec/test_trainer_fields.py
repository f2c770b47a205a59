"""Numbers that a trainer accepts."""

import pytest

from compiler.spec.methods.trainer_fields import missed_range


@pytest.mark.parametrize(
    ("name", "value", "missed"),
    [
        ("learning_rate", 0, "a number above 0"),
        ("learning_rate", float("nan"), "a number above 0"),
        ("learning_rate", 1e-5, ""),
        ("num_generations", 1, "a number of at least 2"),
        ("num_generations", 2, ""),
        ("gamma", 1.5, "a number of at most 1"),
        ("gamma", 1, ""),
        ("max_length", None, ""),
        ("max_steps", -1, ""),
        ("packing", False, ""),
    ],
)
def test_the_range_that_a_number_misses(name: str, value: object, missed: str) -> None:
    assert missed_range(name, value) == missed
