"""Numbers in both languages: what equals a reference, what does not, and which references have no value."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stages.unit.number_pairs import PAIRS, UNREADABLE

from runtime.contract.goal_blocks import MetricBlock
from runtime.contract.numbers.quantity import Quantity
from runtime.contract.numbers.read import read_number
from runtime.scoring.metrics import Judges, reference_fault
from runtime.scoring.numbers import number_fault, same_number
from runtime.scoring.sandbox.numeric import NumericJudge


@pytest.fixture(scope="module")
def judge() -> Iterator[NumericJudge]:
    with NumericJudge() as opened:
        yield opened


def test_there_are_300_pairs() -> None:
    assert sum(len(right) + len(wrong) for _, right, wrong in PAIRS) >= 300


@pytest.mark.parametrize(("reference", "right", "wrong"), PAIRS, ids=[row[0] for row in PAIRS])
def test_pairs(reference: str, right: tuple[str, ...], wrong: tuple[str, ...]) -> None:
    assert number_fault(reference) == ""
    assert [answer for answer in (reference, *right) if not same_number(reference, answer)] == []
    assert [answer for answer in wrong if same_number(reference, answer)] == []


@pytest.mark.parametrize("reference", UNREADABLE)
def test_references_without_a_value(judge: NumericJudge, reference: str) -> None:
    assert number_fault(reference) != ""
    assert judge.fault(reference) == number_fault(reference)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9))
def test_every_notation_of_a_decimal_has_its_value(number: object) -> None:
    value = Fraction(str(number))
    for text in (f"{number:f}", f"{number:,f}", f"the answer is {number:f}.", f"答案是{number:f}元", f"{number:e}"):  # type: ignore[str-bytes-safe]
        found = read_number(text)
        assert isinstance(found, Quantity)
        assert found.value == value


@given(st.integers(min_value=0, max_value=10**13 - 1))
def test_a_chinese_numeral_has_its_value(number: int) -> None:
    found = read_number(f"答案是{numeral(number)}。")
    assert isinstance(found, Quantity)
    assert found.value == number


@given(st.text(alphabet="0123456789.,-+e/ ^×%万亿百一二两半个分之点()$年:", max_size=40))
def test_any_text_is_read_without_an_error(text: str) -> None:
    read_number(text)


def numeral(number: int) -> str:
    """The numeral as people write it."""
    if number < 10:
        return "零一二三四五六七八九"[number]
    for unit, size in (("亿", 10**8), ("万", 10**4), ("千", 1000), ("百", 100), ("十", 10)):
        if number >= size:
            head, rest = divmod(number, size)
            text = numeral(head) + unit
            return text if not rest else text + ("零" if rest * 10 < size else "") + numeral(rest)
    raise AssertionError


def test_the_judge_gives_the_reason(judge: NumericJudge) -> None:
    assert judge.judge("12万", "120000") == ""
    assert judge.judge("12万", "12亿") == "different number"
    assert judge.judge("5", "5-10") == "a range, a difference or a date"
    assert judge.judge("5", "nothing") == "no number"


def test_a_reference_without_a_value_is_named_with_its_reason() -> None:

    with Judges() as judges:
        fault = reference_fault({"id": "1", "reference": "5-10"}, MetricBlock(name="numeric_answer"), Path(), judges)
    assert fault == "the reference is not one number but a range, a difference or a date: `5-10`"
