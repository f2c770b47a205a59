"""Data files: what is counted, and which rows are refused with their line."""

import json

import pytest

from compiler.datafiles import MAX_REPORTED_ROWS, read_source


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


def test_models_and_classes_are_counted(tmp_path) -> None:
    data = read(tmp_path, row(model="a/1", **{"class": "systemic"}) + row(model="b/1")).value
    assert data.models == (("a/1", 1), ("b/1", 1))
    assert data.classes == (("systemic", 1), ("undetermined", 1))


@pytest.mark.parametrize(
    ("line", "column", "message"),
    [
        ("", 1, "empty"),
        ("{", 2, "not json"),
        ('{"id": "1",}', 12, "not json"),
        ("[1]", 1, "not a json object"),
        ('{"id": "1", "prompt": "q"}', 1, "`fix` is missing"),
        ('{"id": "1", "prompt": "", "fix": "x"}', 1, "`prompt` should be text"),
        ('{"id": "1", "prompt": [{"role": "user"}], "fix": "x"}', 1, "`prompt` should be text"),
        ("[" * 100_000, 1, "cannot be read as json"),
    ],
)
def test_a_bad_row_is_told_with_its_line(tmp_path, line: str, column: int, message: str) -> None:
    (found,) = read(tmp_path, row() + line + "\n" + row()).diagnostics
    assert found.code == "CHK203"
    assert message in found.message
    assert (found.location.line, found.location.column) == (2, column)


def test_bytes_that_are_not_utf8(tmp_path) -> None:
    (found,) = read(tmp_path, row().encode() + b'{"id": "\xff"}\n').diagnostics
    assert (found.code, found.location.line) == ("CHK203", 2)


def test_reports_are_bounded(tmp_path) -> None:
    assert len(read(tmp_path, "x\n" * 500).diagnostics) == MAX_REPORTED_ROWS


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
