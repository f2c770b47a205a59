"""Equal answers: texts, numbers and tool calls, honest and hostile ones."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.waiting import ends_by_itself

from runtime.contract.answers import final_answer, same_text
from runtime.contract.tool_calls import read_tool_calls, same_calls
from runtime.scoring.rewards.text import judged
from runtime.scoring.sandbox.numeric import NumericJudge


@pytest.mark.parametrize(
    ("text", "marker", "answer"),
    [
        ("2 + 2 is 4. Answer: 4", "Answer:", "4"),
        ("Answer: 3? No. Answer: 4 ", "Answer:", "4"),  # only the last one counts
        ("4", "Answer:", "4"),
        (" 4 \n", None, "4"),
        ("先算 2+2。答案：4", "答案：", "4"),
        ("thinking ... Answer:", "Answer:", ""),
    ],
)
def test_only_what_follows_the_last_marker_is_the_answer(text: str, marker: str | None, answer: str) -> None:
    assert final_answer(text, marker) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>\n\n</think>\n\n三个", "三个"),  # as Qwen3's template has it
        ("so 4?\n</think>\nanswer: 3", "3"),  # a template may open the block itself
        ("<think>answer: 4", ""),  # cut before they ended
        ("a <think> tag, answer: 3", "3"),
    ],
)
def test_thoughts_are_no_answer(text: str, answer: str) -> None:
    assert final_answer(text, "answer:") == answer


def test_rewards_see_no_thoughts_either() -> None:
    assert judged("<think>\n</think>3", None) == "3"
    assert judged("<think>answer: 4</think>3", "answer:") is None


def test_white_space_makes_no_difference_and_all_else_does() -> None:
    assert same_text("SELECT  1", "\nSELECT 1 ")
    assert not same_text("SELECT 1", "select 1")


@pytest.fixture(scope="module")
def numbers() -> Iterator[NumericJudge]:
    with NumericJudge() as opened:
        yield opened


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        ("42", "The answer is 42."),
        ("42", "\\boxed{42}"),
        ("42", "$42"),
        ("1234", "1,234.00"),
        ("0.5", "1/2"),
        ("0.5", "50%"),
        ("-3", "x = −3"),
        ("12", "答案是 12。"),
        ("12", "答案是１２。"),
        ("12", "共 12 个"),
        ("12", "**12**"),
        ("43", "41 42 43"),
        ("3 + 4", "3 + 4"),
        ("42", "forty-two"),
        ("100", "10²"),
        ("3.5", "$\\frac{7}{2}$"),
    ],
)
def test_the_same_number(numbers: NumericJudge, reference: str, answer: str) -> None:
    assert numbers.judge(reference, answer) == ""


@pytest.mark.parametrize(
    ("reference", "answer", "reason"),
    [
        ("42", "43", "different number"),
        ("3", "-3", "different number"),
        ("7", "3 + 4", "different number"),  # the question said again is no answer
        ("42", "41 42 43", "different number"),  # naming many numbers hits none
        ("42", "", "no number"),
        ("42", "many", "no number"),
        ("100", "10", "different number"),
    ],
)
def test_another_number(numbers: NumericJudge, reference: str, answer: str, reason: str) -> None:
    assert numbers.judge(reference, answer) == reason


@pytest.mark.parametrize(
    "answer",
    [
        "1" * 50_000,
        "(" * 5_000 + "1" + ")" * 5_000,
        "\\frac{1}{" * 100 + "2" + "}" * 100,
        "1+" * 20_000 + "1",
        "\\" * 9_999,
    ],
)
def test_hostile_numbers_are_wrong_and_take_little_time(numbers: NumericJudge, answer: str) -> None:
    with ends_by_itself("a hostile number"):
        assert numbers.judge("100", answer) != ""
    assert numbers.judge("100", "100") == ""


@pytest.mark.slow
def test_a_number_too_large_to_compute_ends_in_time() -> None:
    with NumericJudge() as numbers:
        with ends_by_itself("a number too large to compute"):
            assert numbers.judge("100", "9**9**9**9") != ""
        assert numbers.judge("100", "100") == ""


def test_what_is_a_number(numbers: NumericJudge) -> None:
    assert numbers.fault("12") == ""
    assert numbers.fault("a few") != ""


CALL = '{"name": "get_weather", "arguments": {"city": "北京", "days": 1}}'


@pytest.mark.parametrize(
    "answer",
    [
        CALL,
        '{"arguments": {"days": 1.0, "city": "北京"}, "name": "get_weather"}',
        f"<tool_call>\n{CALL}\n</tool_call>",
        f"I look it up. <tool_call>{CALL}",
        f"```json\n{CALL}\n```",
        f"[{CALL}]",
        '{"name": "get_weather", "parameters": {"city": "北京", "days": 1}}',
        json.dumps({"function": {"name": "get_weather", "arguments": '{"city": "北京", "days": 1}'}}),
    ],
)
def test_the_same_call(answer: str) -> None:
    assert same_calls(CALL, answer) == ""


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", "error: the answer contains no call"),
        ("get_weather(北京)", "error: the answer is not JSON"),
        (f"Here you are: {CALL}", "error: the answer is not JSON"),  # an application could not read it either
        (f"{CALL}\n{CALL}", "2 calls instead of 1"),
        (CALL.replace("get_weather", "weather"), "a call of another tool instead of `get_weather`"),
        (CALL.replace("1}", "2}"), "different arguments for `get_weather`"),
        (CALL.replace("1}", "true}"), "different arguments for `get_weather`"),
        (CALL.replace("1}", '"1"}'), "different arguments for `get_weather`"),
        (CALL.replace("1}", '1, "unit": "C"}'), "different arguments for `get_weather`"),
        (CALL.replace("1}", "1e999}"), "different arguments for `get_weather`"),
        (CALL.replace("1}", "NaN}"), "error: the answer `NaN` is not a JSON number"),
        (CALL.replace('"days": 1', '"days": 2, "days": 1'), "error: the answer repeats the name of an argument"),
        ('{"arguments": {}}', "error: the answer contains a call without a `name`"),
        ('{"name": "get_weather", "arguments": [1]}', "error: the answer calls `get_weather` with arguments that"),
        ("[" * 100_000, "error: the answer is nested too deeply"),
        ("[" * 100_001, "error: the answer is longer"),
        ("1" * 9_000, "error: the answer"),
    ],
)
def test_another_call(answer: str, reason: str) -> None:
    assert same_calls(CALL, answer).startswith(reason)


def test_several_calls_come_in_the_wanted_order() -> None:
    one, other = CALL, CALL.replace("北京", "上海")
    assert same_calls(f"[{one}, {other}]", f"<tool_call>{one}</tool_call><tool_call>{other}</tool_call>") == ""
    assert same_calls(f"[{one}, {other}]", f"{other}\n{one}") == "different arguments for `get_weather`"


@pytest.mark.parametrize("key", ["```", "a```json\nb```", "<tool_call>x</tool_call>"])
def test_fences_and_tags_inside_of_arguments_are_text(key: str) -> None:
    call = json.dumps({"name": "f", "arguments": {key: None}})
    assert same_calls(call, f"<tool_call>{json.dumps({'name': 'f', 'arguments': {}})}</tool_call>") != ""
    assert same_calls(call, call) == ""


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(arguments=st.dictionaries(st.text(), VALUES, max_size=4))
def test_any_call_is_the_same_as_itself_whatever_the_order_of_its_arguments(arguments: dict[str, Any]) -> None:
    turned = dict(reversed(arguments.items()))
    wanted = json.dumps({"name": "f", "arguments": arguments}, ensure_ascii=False)
    assert same_calls(wanted, json.dumps({"arguments": turned, "name": "f"})) == ""
    assert same_calls(wanted, json.dumps({"name": "f", "arguments": {**turned, "\0more": 1}})) != ""


@given(text=st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert read_tool_calls(text)
