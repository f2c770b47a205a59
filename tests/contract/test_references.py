"""References that a metric cannot use, and schemas that no library applies: told by the check and by the stage."""

import json
from typing import Any

import pytest
from conftest import MakeSpec

from compiler.pipeline.phases import make_plan
from runtime.contract.json_schema import schema_fault
from runtime.contract.numbers.reference import one_number_fault
from runtime.contract.references import reference_fault

SEVERAL = (
    "1, 2, 3", "1; 2; 3", "1 2 3", "3 and 4", "3、4", "(3, 4)", "1/2, 3/4", "£3, £4", "3\n4", "3 apples, 4 pears", "5 of 10",
    "x = 3, y = 4", "x=3 and y=4", "x=1 or x=2", "x_1 = 2, x_2 = 3", "x₁=2，x₂=3", "答案：3和4", "1, 2 和 3", "1小时30分",
    "The answer is 3, 4",
)  # fmt: skip
FORMULAS = ("x^2", "sqrt(2)", "y = x + 3", "log(10)")
ONE = (
    "72", "-3", "1,234.5 USD", "12 000", "3 1/2", "1e-5", "20%", "$5.00", "10^3", "\\boxed{4}", "$\\frac{1}{2}$", "\\sqrt{2}",
    "x = 3", "x^2 = 9", "3 + 4 = 7", "2x + 3", "Answer: 42", "24 students.", "about 42", "42 students in total",
    "5 feet, 3 inches", "1 hour, 30 minutes and 5 seconds", "2 米 30 厘米", "12万3千", "三百二十", "twelve and a half",
    "He has 3 apples and buys 4, so 7", "Natalia sold 48/2 = 24 clips, and 48+24 = 72 in all. #### 72",
)  # fmt: skip


@pytest.mark.parametrize("reference", SEVERAL)
def test_several_numbers_are_not_one(reference: str) -> None:
    assert one_number_fault(reference)


@pytest.mark.parametrize("reference", FORMULAS)
def test_a_formula_is_not_its_last_number(reference: str) -> None:
    assert "formula" in one_number_fault(reference)


@pytest.mark.parametrize("reference", ONE)
def test_one_number_may_have_words_and_units(reference: str) -> None:
    assert one_number_fault(reference) == ""


@pytest.mark.parametrize("reference", ["1 a b = " * 48 + "!", "1" + " " * 390 + "!", "a " * 5000, "1," * 5000])
def test_hostile_references_take_no_time(reference: str) -> None:
    one_number_fault(reference)


@pytest.mark.parametrize(
    ("use", "options", "reference", "problem"),
    [
        ("numeric_answer", {}, "yes", "not a number"),
        ("numeric_answer", {}, "12:30", "a time or a ratio"),
        ("tool_call", {}, "call find(1)", "is not JSON"),
        ("tool_call", {}, "[]", "contains no call"),
        ("label_accuracy", {"labels": ["refund", "delay"]}, "refunds", "none of `labels`"),
        ("macro_f1", {"labels": ["refund", "delay"]}, "other", "none of `labels`"),
        ("set_f1", {}, " , ", "no item"),
        ("contains", {"separator": ";"}, ";", "no phrase"),
        ("token_f1", {}, "the", "no word but articles"),
    ],
)
def test_a_metric_says_why_it_cannot_use_a_reference(
    use: str, options: dict[str, Any], reference: str, problem: str
) -> None:
    assert problem in reference_fault({"reference": reference}, use, options, None)


@pytest.mark.parametrize(
    ("use", "options", "reference"),
    [
        ("numeric_answer", {}, "42"),
        ("tool_call", {}, '{"name": "f", "arguments": {}}'),
        ("label_accuracy", {"labels": ["refund", "delay"]}, "Category: Refund."),
        ("label_accuracy", {}, "anything"),
        ("exact_match", {}, "1, 2, 3"),
        ("regex", {"pattern": "a"}, ""),
    ],
)
def test_a_metric_uses_what_it_can(use: str, options: dict[str, Any], reference: str) -> None:
    assert reference_fault({"reference": reference}, use, options, None) == ""


def test_the_check_names_the_row_and_folds_equal_faults(make_spec: MakeSpec) -> None:
    rows = [{"id": f"{at}", "prompt": f"ask {at}?", "reference": "42" if at < 3 else "none"} for at in range(9)]
    rows += [{"id": "x", "prompt": "x?", "reference": "1, 2"}, {"id": "y", "prompt": "y?", "reference": "so: 3"}]
    path = make_spec(("- name: exact_match\n", "- name: exact_match\n        use: numeric_answer\n"), held_out=rows)
    found = make_plan(path, str(path)).diagnostics
    assert [each.code for each in found] == ["CHK218"] * 2
    assert [each.location.line for each in found] == [4, 10]
    assert (
        "6 rows: metric `exact_match` cannot use the row: the reference is not a number, first in row 4"
        in found[0].message
    )
    assert "several numbers" in found[1].message


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"type": "text"}, "`type`"),
        ({"type": ["string", "nul"]}, "`type`"),
        ({"type": []}, "`type`"),
        ({"properties": {"type": {"type": "int"}}}, "`properties.type.type`"),
        ({"properties": ["a"]}, "`properties`"),
        ({"properties": {"a": "string"}}, "`properties`"),
        ({"required": True}, "`required`"),
        ({"required": "a"}, "`required`"),
        ({"enum": "a"}, "`enum`"),
        ({"items": "string"}, "`items`"),
        ({"items": {"type": "str"}}, "`items.type`"),
        ({"pattern": "("}, "`pattern`"),
        ({"minimum": "1"}, "`minimum`"),
        ({"maxLength": -1}, "`maxLength`"),
        ({"anyOf": {"type": "string"}}, "`anyOf`"),
        ({"anyOf": [{}, {"type": "x"}]}, "`anyOf[1].type`"),
        ({"$defs": {"a": {"multipleOf": 0}}}, "`$defs.a.multipleOf`"),
        ({"additionalProperties": "false"}, "`additionalProperties`"),
    ],
)
def test_a_keyword_with_a_wrong_value_is_named(schema: Any, place: str) -> None:
    assert place in schema_fault(json.dumps(schema))


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {},
        {"type": ["string", "null"], "enum": ["a", None], "default": {"type": "x"}, "const": {"required": 1}},
        {"properties": {"type": {"type": "string"}, "required": True, "enum": {}}, "required": ["type"]},
        {"items": [{"type": "string"}, True], "additionalItems": False, "minimum": 0, "exclusiveMinimum": True},
        {"examples": [{"type": 1}], "x-note": {"type": 1}, "description": "type", "format": "date"},
        {"$ref": "#/$defs/a", "$defs": {"a": {"pattern": "^a+$", "multipleOf": 0.5, "maxItems": 3.0}}},
    ],
)
def test_a_schema_may_say_more(schema: Any) -> None:
    assert schema_fault(json.dumps(schema)) == ""
