"""Formats of data sources: the same rows give the same counts, in any file or folder."""

import csv
import dataclasses
import hashlib
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from compiler.spec.data.sources import MAX_REPORTED_ROWS, read_source
from runtime.contract.digests import content_digest

TURNS = [{"role": "user", "content": "退款\n多久到账？"}]
ANSWER = [{"role": "assistant", "content": 'Three "working" days, 三天'}]
ROWS = [
    {"prompt": TURNS, "completion": ANSWER, "cluster": "a"},
    {"prompt": TURNS, "completion": ANSWER, "cluster": "b"},
]


def write_jsonl(path: Path, rows: list) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def write_csv(path: Path, rows: list) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        for row in rows:
            writer.writerow({k: v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for k, v in row.items()})


def write_parquet(path: Path, rows: list) -> None:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)


WRITERS = {"jsonl": write_jsonl, "csv": write_csv, "parquet": write_parquet}


def read(path: Path, shape: str = "prompt-completion", **more):
    return read_source(path, f"specs/x/{path.name}", name="x", relative=path.name, shape=shape, **more)


def counted(data) -> dict:
    """Return the counts that do not depend on the file of a row."""
    keep = dataclasses.asdict(data)
    for name in ("path", "sha256", "size", "parts", "same_rows", "lengths"):
        keep.pop(name)
    return keep | {"max": data.lengths.max} | {name: sorted(keep[name]) for name in ("prompts", "clusters", "targets")}


@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_every_format_reads_the_same(tmp_path: Path, name: str) -> None:
    results = []
    for each in ("jsonl", name):
        WRITERS[each](tmp_path / f"rows.{each}", ROWS)
        outcome = read(tmp_path / f"rows.{each}")
        assert outcome.value, outcome.diagnostics
        results.append(outcome.value)
    assert counted(results[0]) == counted(results[1])
    assert results[1].sha256 == content_digest((tmp_path / f"rows.{name}").read_bytes())


def test_a_label_in_csv_is_a_flag(tmp_path: Path) -> None:
    path = tmp_path / "thumbs.csv"
    path.write_text("prompt,completion,label\nq,a,true\nq,b,False\nq,c,maybe\n", encoding="utf-8")
    (found,) = read(path, "unpaired-preference").diagnostics
    assert (found.location.line, "true or false" in found.message) == (4, True)


def test_text_that_begins_like_turns_stays_text(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('prompt,completion\n[1] what is it?,[not json\n"[""a""]",b\n', encoding="utf-8")
    assert read(path).value.rows == 2


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("prompt,answer\nq,a\n", 2, "`completion` is missing"),
        ("prompt,prompt\nq,a\n", 1, "the table has two columns `prompt`"),
        ("prompt,completion\nq\n", 2, "has 1 cells, but the header has 2"),
        ('prompt,completion\nq,"a\nb"\nq,""\n', 4, "`completion` is empty"),
        ('prompt,completion\nq,"a"b\n', 2, "not CSV"),
        ("prompt,completion\n\n\nq,a\nq,\n", 5, "`completion` is empty"),
        ('prompt,completion\nq,"never closed\n\n', 2, "not CSV"),
    ],
)
def test_a_bad_row_of_csv_is_reported_with_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(text, encoding="utf-8")
    (found,) = read(path).diagnostics
    assert (found.code, found.location.line) == ("CHK203", line)
    assert message in found.message


def test_csv_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes("prompt,completion\n退款,三天\n".encode("gb18030"))
    (found,) = read(path).diagnostics
    assert (found.code, found.location.line, "UTF-8" in found.message) == ("CHK203", 2, True)


def test_a_bad_row_of_parquet_is_reported_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write_parquet(path, [{"prompt": "q", "completion": "a"}, {"prompt": "q", "completion": None}])
    (found,) = read(path).diagnostics
    assert (found.code, found.location.line) == ("CHK203", 0)
    assert found.message.startswith("row 2: `completion` is empty")


def test_turns_of_parquet_may_have_fields_that_are_null(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write_parquet(path, [{"prompt": [{"role": "user", "content": "q", "name": None}], "completion": ANSWER}])
    assert read(path).value.rows == 1


@pytest.mark.parametrize("value", [date(2026, 1, 2), Decimal("1.20"), b"x", float("nan")])
def test_values_of_parquet_that_json_does_not_have_are_refused_in_calls_and_tools(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "rows.parquet"
    call = {"type": "function", "function": {"name": "f", "arguments": {"list": [{"when": value}]}}}
    tool = {"type": "function", "function": {"name": "f", "parameters": {"default": value}}}
    user, answer = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}
    calling = {"role": "assistant", "content": None, "tool_calls": [call]}
    for row, place in (
        ({"messages": [user, calling]}, "messages[1].tool_calls[0].function.arguments.list[0].when"),
        ({"messages": [user, answer], "tools": [tool]}, "tools[0].function.parameters.default"),
    ):
        write_parquet(path, [row])
        (found,) = read(path, "messages").diagnostics
        assert (found.code, f"`{place}` is" in found.message, "JSON" in found.message) == ("CHK203", True, True)


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv"])
def test_damaged_files_are_reported(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PAR1\0\0\xff")
    (found,) = read(tmp_path / name).diagnostics
    assert found.code in ("CHK223", "CHK203")


def test_parquet_without_pyarrow_names_the_package_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows.parquet"
    write_parquet(path, ROWS)
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    (found,) = read(path).diagnostics
    assert (found.code, "trainspec[data]" in found.hint) == ("CHK224", True)


@pytest.mark.parametrize("name", ["rows.txt", "rows.xlsx", "rows"])
def test_other_formats_are_reported(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x", encoding="utf-8")
    (found,) = read(tmp_path / name).diagnostics
    assert (found.code, "`.jsonl`" in found.hint) == ("CHK223", True)


def test_a_folder_is_read_at_any_depth(tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    (folder / "2026" / "10").mkdir(parents=True)
    (folder / "_tmp").mkdir()
    write_jsonl(folder / "2026" / "10" / "b.jsonl", ROWS[:1])
    write_csv(folder / "a.csv", ROWS[1:])
    for name in ("_README.md", ".hidden.jsonl", "_tmp/x.jsonl", "_SUCCESS"):
        (folder / name).write_text("not rows", encoding="utf-8")
    data = read(folder).value
    assert data.rows == 2
    digests = [content_digest((folder / name).read_bytes()) for name in ("2026/10/b.jsonl", "a.csv")]
    lines = f"2026/10/b.jsonl\0{digests[0]}\na.csv\0{digests[1]}\n"
    assert data.sha256 == hashlib.sha256(lines.encode()).hexdigest()
    assert data.parts == (("rows/2026/10/b.jsonl", digests[0]), ("rows/a.csv", digests[1]))
    assert sorted(data.place(at) for at in data.clusters.values()) == ["rows/2026/10/b.jsonl:1", "rows/a.csv:2"]


def test_a_bad_row_in_a_folder_is_reported_with_its_file(tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    write_jsonl(folder / "a.jsonl", ROWS)
    write_jsonl(folder / "b.jsonl", [ROWS[0], {"prompt": "q"}])
    (found,) = read(folder).diagnostics
    assert (found.location.path, found.location.line) == ("specs/x/rows/b.jsonl", 2)


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    assert [found.code for found in read(tmp_path / "rows").diagnostics] == ["CHK223"]


def test_a_link_out_of_a_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "spec" / "rows"
    folder.mkdir(parents=True)
    write_jsonl(tmp_path / "outside.jsonl", ROWS)
    (folder / "a.jsonl").symlink_to(tmp_path / "outside.jsonl")
    (found,) = read(folder, inside=tmp_path / "spec").diagnostics
    assert found.code == "CHK202"


def test_rows_and_files_are_bounded(tmp_path: Path) -> None:
    long = tmp_path / "long.jsonl"
    long.write_text('{"text": "' + "x" * (4 << 20) + '"}\n', encoding="utf-8")
    assert [found.code for found in read(long, "text").diagnostics] == ["YML005"]
    many = tmp_path / "many.csv"
    many.write_text("text\n" + "''\n" * 10 + "".join("a," * n + "b\n" for n in range(1, 500)), encoding="utf-8")
    assert len(read(many, "text").diagnostics) == MAX_REPORTED_ROWS
    assert [found.code for found in read(many, "text", limit=100).diagnostics] == ["YML005"]
