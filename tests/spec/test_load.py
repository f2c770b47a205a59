"""Loading: the values of a text, their places, and the texts that are rejected."""

import os

import pytest

from compiler.spec.yaml.compose import MAX_DEPTH, plain_value
from compiler.spec.yaml.load import MAX_BYTES, compose, load


def codes(text: str) -> list[str]:
    return [found.code for found in compose(text, "x.yaml").diagnostics]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("12:30:00", "12:30:00"),
        ("2026-11-22", "2026-11-22"),
        ("1e-5", 1e-5),
        ("1e-05", 1e-5),
        ("1e9999", "1e9999"),
        ("007", "007"),
        ("0x1F", "0x1F"),
        ("12", 12),
        ("-1.5", -1.5),
        ("~", None),
        ("True", True),
        ("1.16.0", "1.16.0"),
        (".inf", ".inf"),
    ],
)
def test_plain_scalars_follow_the_core_schema(text: str, value: object) -> None:
    assert plain_value(text) == value
    assert type(plain_value(text)) is type(value)


def test_places_are_kept_in_code_points() -> None:
    document = compose('目标: {度量: "准确率"}\n', "x.yaml").value
    assert document is not None
    assert document.data == {"目标": {"度量": "准确率"}}
    place = document.at(("目标", "度量"))
    assert (place.line, place.column, place.end_column) == (1, 10, 15)
    assert (document.at(("目标", "度量"), key=True).column) == 6


def test_a_missing_field_is_placed_at_its_parents_key() -> None:
    document = compose("a:\n  b:\n    c: 1\n", "x.yaml").value
    assert document is not None
    place = document.at(("a", "b", "missing"))
    assert (place.line, place.column) == (2, 3)


def test_every_duplicate_key_is_reported() -> None:
    outcome = compose("a: 1\nb: {c: 1, c: 2}\na: 3\n", "x.yaml")
    assert [(found.code, found.location.line, found.location.column) for found in outcome.diagnostics] == [
        ("YML004", 2, 11),
        ("YML004", 3, 1),
    ]
    assert not outcome.ok


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: [1, 2\n", "YML003"),
        ("\ta: 1\n", "YML003"),
        ("a: *nowhere\n", "YML003"),
        ("a: !!python/object:os.system x\n", "YML006"),
        ("a: !!binary aGk=\n", "YML006"),
        ("<<: {a: 1}\n", "YML006"),
        ("? [a]\n: 1\n", "YML006"),
        ("a: 1\n---\nb: 2\n", "YML007"),
        ("", "YML007"),
        ("# only a comment\n", "YML007"),
        ("[" * 100_000, "YML005"),
        ('a: "\\x07"\n', "YML002"),
        ('a: "\\ud800"\n', "YML003"),
    ],
)
def test_refused(text: str, code: str) -> None:
    assert code in codes(text)


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert codes("\n".join(lines)) == ["YML005"]


def test_aliases_cannot_nest_deeper_than_text() -> None:
    lines = ["a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} {'[' * 30}*a{n - 1}{']' * 30}" for n in range(1, 40)]
    (found,) = compose("\n".join(lines), "x.yaml").diagnostics
    assert (found.code, found.location.line) == ("YML005", 3)


def test_a_hundred_problems_of_a_file_are_reported_and_long_names_cut() -> None:
    text = f"k: &k {'x' * 100_000}\nm: {{{', '.join(['*k : 1'] * 10_000)}}}"
    found = compose(text, "x.yaml").diagnostics
    assert [each.code for each in found] == ["YML004"] * 100 + ["YML005"]
    assert sum(len(each.message) + len(each.location.text) for each in found) < 20_000


def test_a_pipe_is_not_waited_for(tmp_path) -> None:
    os.mkfifo(tmp_path / "x.yaml")
    (found,) = load(tmp_path / "x.yaml", "x.yaml").diagnostics
    assert (found.code, found.message) == ("YML001", "cannot read the file: not a regular file")


def test_nesting_up_to_the_bound_is_read() -> None:
    assert codes("[" * MAX_DEPTH + "]" * MAX_DEPTH) == []
    assert codes("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)) == ["YML005"]


@pytest.mark.parametrize(
    ("raw", "code"),
    [(b"\xff\xfe", "YML002"), (b"a: \x00", "YML002"), (b"a: 1\n" + b"#" * MAX_BYTES, "YML005")],
)
def test_bytes_that_are_no_spec(tmp_path, raw: bytes, code: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(raw)
    assert [found.code for found in load(path, "x.yaml").diagnostics] == [code]


def test_byte_order_mark_and_crlf(tmp_path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes("\N{BYTE ORDER MARK}a: 1\r\nb: |\r\n  x\r\n".encode())
    outcome = load(path, "x.yaml")
    assert outcome.diagnostics == ()
    assert outcome.value is not None
    assert outcome.value.data == {"a": 1, "b": "x\n"}


def test_a_missing_file_is_reported(tmp_path) -> None:
    (found,) = load(tmp_path / "none.yaml", "none.yaml").diagnostics
    assert found.code == "YML001"
    assert "no such file" in found.message
