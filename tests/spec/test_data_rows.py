"""Rows of data sources: counts, and rows that are rejected with their line."""

import json

import pytest

from compiler.spec.data.sources import MAX_REPORTED_ROWS, read_source


def read(tmp_path, text: str | bytes, shape: str = "badcase"):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_source(path, "rows.jsonl", name="rows", relative="rows.jsonl", shape=shape)


def row(**values: object) -> str:
    return (
        json.dumps({"id": "1", "prompt": "问?", "answer": "错的回答", "fix": "对的"} | values, ensure_ascii=False)
        + "\n"
    )


def test_pairs_are_counted(tmp_path) -> None:
    text = (
        row() + row(answer=None) + row(answer="对的") + row(fix="abcdefghijklmnopqrstu", answer="abcdefghijklmnopqrstX")
    )
    data = read(tmp_path, text).value
    assert (data.rows, data.answered, data.unanswered, data.near) == (4, 2, 1, 1)


def test_near_pairs_differ_by_less_than_the_given_distance(tmp_path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(row(fix="abcdefghij", answer="abcdefghiX"), encoding="utf-8")
    near = [
        read_source(path, "x", name="x", relative="x", shape="badcase", near_distance=distance).value.near
        for distance in (0.05, 0.1, 0.11, 0.5)
    ]
    assert near == [0, 0, 1, 1]


def test_a_pair_of_equal_answers_is_named(tmp_path) -> None:
    data = read(tmp_path, row() + row(answer=" 对的\n")).value
    assert (data.same, data.same_rows) == (1, ("rows.jsonl:2",))


def test_lengths_are_those_of_the_longest_sequence_of_a_row(tmp_path) -> None:
    rows = "".join(row(prompt="x" * size, fix="y", answer="zzz") for size in range(1, 101))
    lengths = read(tmp_path, rows).value.lengths
    assert (lengths.unit, lengths.p50, lengths.p90, lengths.p99, lengths.max) == ("bytes", 53, 93, 102, 103)
    assert lengths.longest[:2] == (("rows.jsonl:100", 103), ("rows.jsonl:99", 102))


def test_bytes_of_a_corpus_are_those_of_its_text(tmp_path) -> None:
    data = read(tmp_path, '{"text": "领域", "id": 1}\n{"text": "abc"}\n', "text").value
    assert (data.rows, data.text_bytes) == (2, 9)


def test_models_and_classes_are_counted(tmp_path) -> None:
    data = read(tmp_path, row(model="a/1", **{"class": "systemic"}) + row(model="b/1")).value
    assert data.models == (("a/1", 1), ("b/1", 1))
    assert data.classes == (("systemic", 1), ("undetermined", 1))


@pytest.mark.parametrize(
    ("line", "column", "message"),
    [
        ("{", 2, "not JSON"),
        ('{"id": "1",}', 12, "not JSON"),
        ("[1]", 1, "not a JSON object"),
        ('{"id": "1", "prompt": "q"}', 1, "`fix` is missing"),
        ('{"id": "1", "prompt": "", "fix": "x"}', 1, "`prompt` is empty"),
        ('{"id": "1", "prompt": [{"role": "user"}], "fix": "x"}', 1, "`prompt[0]` has no `content`"),
        ("[" * 100_000, 1, "is nested too deeply"),
    ],
)
def test_a_bad_row_is_reported_with_its_line(tmp_path, line: str, column: int, message: str) -> None:
    (found,) = read(tmp_path, row() + line + "\n" + row()).diagnostics
    assert found.code == "CHK203"
    assert message in found.message
    assert (found.location.line, found.location.column) == (2, column)


TURNS = [{"role": "user", "content": "问"}]
ANSWER = [{"role": "assistant", "content": "答"}]


@pytest.mark.parametrize(
    ("shape", "good", "bad", "message"),
    [
        ("chain", {"prompt": "q", "chain": "because", "completion": "a"}, {"chain": None}, "`chain` is empty"),
        ("prompt", {"prompt": TURNS}, {"prompt": TURNS + ANSWER}, "`prompt[1]` is an answer"),
        ("prompt-completion", {"prompt": TURNS, "completion": ANSWER}, {"completion": "a"}, "mix plain text and turns"),
        (
            "prompt-completion",
            {"prompt": TURNS, "completion": ANSWER},
            {"completion": TURNS},
            "must be one turn of the `assistant`",
        ),
        ("messages", {"messages": TURNS + ANSWER}, {"messages": TURNS}, "has no turn of the `assistant`"),
        ("unpaired-preference", {"prompt": "q", "completion": "a", "label": True}, {"label": 2}, "true or false"),
        ("evaluation", {"id": "1", "prompt": "q", "reference": "r"}, {"reference": ""}, "`reference` is empty"),
        (
            "messages",
            {"messages": TURNS + ANSWER},
            {"messages": [TURNS[0] | {"mood": "x"}]},
            "`messages[0].mood` is no key of a turn of the `user`: found `x`",
        ),
    ],
)
def test_a_row_has_the_fields_of_its_shape(tmp_path, shape: str, good: dict, bad: dict, message: str) -> None:
    assert read(tmp_path, json.dumps(good), shape).ok
    (found,) = read(tmp_path, json.dumps(good | bad), shape).diagnostics
    assert found.code == "CHK203"
    assert message in found.message


def test_rows_of_a_source_are_of_one_form(tmp_path) -> None:
    text = row() + row(id="2", prompt=TURNS)
    (found,) = read(tmp_path, text).diagnostics
    assert (found.code, found.location.line) == ("CHK203", 2)
    assert "written as turns, but the rows before it as text" in found.message


def test_answers_of_different_prompts_are_no_pair(tmp_path) -> None:
    other = [{"role": "user", "content": "别的"}, *ANSWER]
    for extra in ({}, {"prompt": TURNS}):
        text = json.dumps({"chosen": TURNS + ANSWER, "rejected": other} | extra)
        (found,) = read(tmp_path, text, "preference").diagnostics
        assert (found.code, "answer different prompts" in found.message) == ("CHK226", True)


def test_bytes_that_are_not_utf8(tmp_path) -> None:
    (found,) = read(tmp_path, row().encode() + b'{"id": "\xff"}\n').diagnostics
    assert (found.code, found.location.line) == ("CHK203", 2)


def test_reports_are_bounded(tmp_path) -> None:
    (found,) = read(tmp_path, "x\n" * 500).diagnostics
    assert found.message.startswith("500 rows: the row is not JSON")
    different = "".join(f'{{"messages": [{{"role": "user", "content": "q", "k{n}": 1}}]}}\n' for n in range(50))
    assert len(read(tmp_path, different, "messages").diagnostics) == MAX_REPORTED_ROWS


def test_an_empty_file(tmp_path) -> None:
    assert [found.code for found in read(tmp_path, "").diagnostics] == ["CHK204"]


def test_repeated_rows_are_a_warning(tmp_path) -> None:
    outcome = read(tmp_path, row() + row())
    assert [found.code for found in outcome.diagnostics] == ["CHK211"]
    assert outcome.ok


def test_the_digest_is_that_of_the_file(tmp_path) -> None:
    import hashlib

    text = row() + row(id="2")
    assert read(tmp_path, text).value.sha256 == hashlib.sha256(text.encode()).hexdigest()
