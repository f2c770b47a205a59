"""Quoting: what goes in comes out, in YAML 1.1 (PyYAML) and in YAML 1.2 (our loader)."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from compiler.spec.yaml.load import compose
from compiler.spec.yaml.quote import block, is_literal, key, quote

SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


@given(SCALARS)
def test_scalars_survive_both_readers(value: object) -> None:
    text = f"a: {quote(value)}\n"
    assert same(yaml.safe_load(text)["a"], value)
    assert same(compose(text, "x").value.data["a"], value)  # type: ignore[union-attr]


@given(TEXT)
def test_text_survives_both_readers(value: str) -> None:
    text = f"a: {quote(value)}\nb: [{quote(value)}, {quote(value)}]\n"
    assert yaml.safe_load(text) == {"a": value, "b": [value, value]}
    document = compose(text, "x").value
    assert document is not None
    assert document.data == {"a": value, "b": [value, value]}


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "on",
        "12:30:00",
        "1e-05",
        "",
        " ",
        "- a",
        "#",
        "a: b",
        '"',
        "\\",
        "中文：是",
        "\u2028",
        "\x85",
        "\N{BYTE ORDER MARK}",
        "😀",
    ],
)
def test_text_that_templates_break_on(text: str) -> None:
    assert yaml.safe_load(quote(text)) == text


@pytest.mark.parametrize(
    "name", ["r", "no", "No", "y", "nO", "null", "apiVersion", "learning_rate", "a b", "nvidia.com/gpu", "1"]
)
def test_keys_are_text_for_both_readers(name: str) -> None:
    text = f"{key(name)}: 1\n"
    assert yaml.safe_load(text) == {name: 1}
    assert compose(text, "x").value.data == {name: 1}  # type: ignore[union-attr]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}])
def test_values_other_than_scalars_are_a_bug(value: object) -> None:
    with pytest.raises(TypeError):
        quote(value)


def test_a_block_keeps_its_text() -> None:
    text = 'a: 1\n\nb: "x # y"\n'
    assert yaml.safe_load(f"data:\n  config: {block(text, 4)}\n")["data"]["config"] == text


@given(TEXT | st.text("ab \n\t#:-|\u2028\x85", max_size=20).map(lambda text: text + "\n"))
def test_a_literal_block_keeps_its_text_to_the_last_line_end(value: str) -> None:
    text = f"a:\n  b: {block(value, 4)}\n"
    if is_literal(value):
        assert yaml.safe_load(text) == {"a": {"b": value}}
        document = compose(text, "x").value
        assert document is not None
        assert document.data == {"a": {"b": value}}


def test_a_file_of_a_plan_is_literal() -> None:
    assert is_literal("apiVersion: v1\nkind: Job\n  # 你好\n\n---\n")
    assert not any(map(is_literal, ["", "a", " a\n", "\na\n", "a\n\n", "a\tb\n", "a\rb\n", "a\u2028b\n"]))
