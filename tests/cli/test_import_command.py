"""`trainspec import`: what it prints, how it ends, and what hostile files do to it: nothing."""

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from support.command import invoke
from support.export_formats import WRITERS
from support.exports import lines, natural, write

Row = dict[str, Any]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path


def export(items: int = 6, tool: str = "langfuse") -> list[Row]:
    return WRITERS[tool](natural(3, items))


def test_a_whole_export_is_imported_and_its_format_named() -> None:
    write(Path("a.jsonl"), export())
    done = invoke("import", "a.jsonl", "--to", "specs/shop/traces/shop.jsonl")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "read 1 file of langfuse: a.jsonl"
    assert "no losses found" in done.stdout
    assert "6 of 6 count as evidence" in done.stdout
    traces = Path("specs/shop/traces/shop.jsonl").read_text(encoding="utf-8").splitlines()
    schema = json.loads(invoke("schema", "trace").stdout)
    for line in traces:
        jsonschema.validate(json.loads(line), schema)


def test_losses_are_listed_with_their_first_places() -> None:
    rows = export()
    rows[3]["end_time"] = None
    write(Path("a.jsonl"), rows)
    done = invoke("import", "a.jsonl", "--to", "out.jsonl")
    assert done.exit_code == 0
    assert "TRC807  no start or no end       1             0  a.jsonl:4" in done.stdout
    assert "warning[TRC807]: 1 trace with no start or no end" in done.stderr
    losses = [json.loads(line).get("losses") for line in Path("out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [each for each in losses if each] == [[{"kind": "no-latency", "step": rows[3]["id"]}]]


def test_a_line_that_ends_in_the_middle_is_an_error_at_its_place() -> None:
    Path("a.jsonl").write_text(lines(export())[:-40], encoding="utf-8")
    done = invoke("import", "a.jsonl", "--to", "out.jsonl", "--format", "json")
    assert done.exit_code == 1
    found = json.loads(done.stderr)["diagnostics"]
    assert [(each["code"], each["location"]["line"]) for each in found if each["severity"] == "error"] == [
        ("TRC802", len(export()))
    ]


@pytest.mark.parametrize("at", [0, 2, 5])
def test_a_line_that_is_too_long_is_an_error_and_the_others_are_imported(
    at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = export()
    monkeypatch.setattr("compiler.run.imports.reading.MAX_LINE", 100_000)
    rows[at]["input"] = "票" * 300_000
    Path("a.jsonl").write_text("".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in rows), encoding="utf-8")
    done = invoke("import", "a.jsonl", "--to", "out.jsonl", "--format", "json")
    found = [each for each in json.loads(done.stderr)["diagnostics"] if each["severity"] == "error"]
    assert done.exit_code == 1
    assert [(each["code"], each["location"]["line"], each["message"]) for each in found] == [
        ("TRC802", at + 1, "the row exceeds 100,000 characters")
    ]
    written = {json.loads(line)["id"] for line in Path("out.jsonl").read_text(encoding="utf-8").splitlines()}
    assert written == {each["trace_id"] for number, each in enumerate(rows) if number != at}


def test_nothing_is_written_if_nothing_is_left() -> None:
    Path("out.jsonl").write_text("before", encoding="utf-8")
    Path("a.jsonl").write_text('{"a": 1}\n{"b": 2}\n', encoding="utf-8")
    done = invoke("import", "a.jsonl", "--to", "out.jsonl")
    assert done.exit_code == 1
    assert "no known tool writes rows with `a`" in done.stderr
    assert Path("out.jsonl").read_text(encoding="utf-8") == "before"
    assert sorted(os.listdir()) == ["a.jsonl", "out.jsonl"]


HOSTILE = {
    "pointer.jsonl": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n", "CHK237"),
    "page.jsonl": (b"<!doctype html><html></html>", "CHK237"),
    "empty.jsonl": (b"", "CHK204"),
    "deep.jsonl": (
        b'{"run_type":"llm","trace_id":"t","id":"i","inputs":' + b"[" * 5000 + b"]" * 5000 + b"}\n",
        "TRC802",
    ),
    "packed.jsonl.gz": (b"\x1f\x8b\x08\x00broken", "CHK237"),
    "broken.parquet": (b"PAR1\x15\x00 and nothing else", "CHK223"),
    "nul.jsonl": (b'{"a": "\x00"}\n', "TRC802"),
    "latin.jsonl": ('{"a": "für"}\n'.encode("latin-1"), "TRC802"),
    "table.xlsx": (b"PK\x03\x04", "CHK223"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_a_diagnostic(name: str) -> None:
    content, code = HOSTILE[name]
    Path(name).write_bytes(content)
    done = invoke("import", name, "--to", "out.jsonl", "--format", "json")
    assert done.exit_code == 1
    assert code in {each["code"] for each in json.loads(done.stderr)["diagnostics"]}
    assert not Path("out.jsonl").exists()


STRANGE = [
    {"run_type": "llm", "trace_id": ["t"], "id": {"a": 1}},
    {"run_type": "llm", "trace_id": "t", "id": "i", "extra": [1], "inputs": "[", "start_time": 1e300, "end_time": "x"},
    {"type": "GENERATION", "trace_id": 5, "id": 6, "usage_details": "no", "start_time": True, "latency": -1},
    {"type": "GENERATION", "traceId": "t", "id": "i", "startTime": "9999-12-31T23:59:59Z", "endTime": "0001-01-01"},
    {"context.trace_id": "t", "context.span_id": "s", "events": "nonsense", "attributes.llm.input_messages": [1, None]},
    {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "t", "spanId": "s", "attributes": [{"key": 1}, 5]}]}]}]},
    {"resourceSpans": {"not": "a list"}},
    {
        "info": {"trace_id": "t", "assessments": [None, {"feedback": 3}]},
        "data": {"spans": [{"span_id": "s", "status": "OK"}]},
    },
    {"object": "chat.completion", "choices": [{"message": None}], "usage": []},
    {"custom_id": "c", "response": None, "error": "quota"},
    {"schema": "trainspec.dev/trace/v1", "id": 3},
]


@pytest.mark.parametrize("row", STRANGE, ids=range(len(STRANGE)))
def test_strange_rows_end_without_a_traceback(row: Row) -> None:
    write(Path("a.jsonl"), [row])
    done = invoke("import", "a.jsonl", "--to", "out.jsonl")
    assert done.exit_code in (0, 1)
    assert "Traceback" not in done.stderr
    if Path("out.jsonl").exists():
        schema = json.loads(invoke("schema", "trace").stdout)
        for line in Path("out.jsonl").read_text(encoding="utf-8").splitlines():
            jsonschema.validate(json.loads(line), schema)


def test_a_trace_with_too_many_steps_is_refused_and_the_others_kept() -> None:
    row = export(1, "openinference")[0]
    many = [row | {"context.trace_id": "all", "context.span_id": f"s{number}"} for number in range(20_002)]
    write(Path("a.jsonl"), many + export(3, "openinference"))
    done = invoke("import", "a.jsonl", "--to", "out.jsonl")
    assert done.exit_code == 1
    assert "TRC819" in done.stderr
    assert len(Path("out.jsonl").read_text(encoding="utf-8").splitlines()) == 3


def test_a_folder_is_imported_as_its_files() -> None:
    rows = export()
    Path("exports").mkdir()
    write(Path("exports/a.jsonl"), rows[:5])
    write(Path("exports/b.jsonl"), rows[5:])
    write(Path("whole.jsonl"), rows)
    assert invoke("import", "exports", "--to", "a.jsonl").exit_code == 0
    assert invoke("import", "whole.jsonl", "--to", "b.jsonl").exit_code == 0
    assert Path("a.jsonl").read_bytes() == Path("b.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tool", "helicone"], "`helicone` is no known tool"),
        (["--columns", "question=a"], "`question` is no field of a trace"),
        (["--columns", "query=a"], "name at least the columns of query and answer"),
        (["--columns", "query=a,answer=b", "--tool", "otlp"], "leave out `--tool`"),
    ],
)
def test_wrong_arguments_are_usage_errors(arguments: list[str], message: str) -> None:
    write(Path("a.jsonl"), export())
    done = invoke("import", "a.jsonl", "--to", "out.jsonl", *arguments)
    assert done.exit_code == 2
    assert message in done.stderr


def test_a_file_that_is_missing_is_named() -> None:
    done = invoke("import", "gone.jsonl", "--to", "out.jsonl")
    assert done.exit_code == 1
    assert "`gone.jsonl` is missing" in done.stderr


@pytest.mark.slow
def test_many_processes_write_what_one_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    from compiler.run.imports import importing

    write(Path("a.jsonl"), export(800, "openinference"))
    assert invoke("import", "a.jsonl", "--to", "one.jsonl").exit_code == 0
    monkeypatch.setattr(importing, "is_large", lambda files: True)
    assert invoke("import", "a.jsonl", "--to", "many.jsonl").exit_code == 0
    assert Path("one.jsonl").read_bytes() == Path("many.jsonl").read_bytes()


def test_a_step_that_is_too_large_loses_its_texts_and_the_trace_does_not_count() -> None:
    rows = export(3)
    next(row for row in rows if not row["parent_observation_id"])["input"] = "x" * (2 << 20)
    write(Path("a.jsonl"), rows)
    done = invoke("import", "a.jsonl", "--to", "out.jsonl")
    assert done.exit_code == 0
    assert "TRC817" in done.stdout
    assert "2 of 3 count as evidence" in done.stdout
    assert Path("out.jsonl").stat().st_size < 1 << 20


def test_a_folder_that_cannot_be_written_is_an_error() -> None:
    write(Path("a.jsonl"), export())
    Path("file").write_text("", encoding="utf-8")
    done = invoke("import", "a.jsonl", "--to", "file/out.jsonl")
    assert done.exit_code == 1
    assert "RND503" in done.stderr
