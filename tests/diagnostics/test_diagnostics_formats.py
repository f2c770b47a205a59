"""Diagnostics as people, editors, programs and code hosts read them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sarif_kit.validate import validation_errors
from support.example_projects import both_ways, materialise

from compiler import __version__
from compiler.diagnostics import Diagnostic, Location, diagnostic
from compiler.diagnostics.codes import CODES
from compiler.diagnostics.examples import EXAMPLES, Example
from compiler.diagnostics.formats import FORMAT_NAMES
from compiler.diagnostics.render import FORMATS

CJK = Location(path="specs/商店 a/spec.yaml", line=3, column=5, end_column=7, text="  名: 很长的值")
FOUND = [
    diagnostic("SPC102", "unknown field `名`", CJK, hint="did you mean `name`?"),
    diagnostic("CHK211", "1 row repeats", Location(path="specs/a/rows.jsonl"), hint="remove it"),
    diagnostic("SPC104", "`x`: 100 %,\r\nno: `y`", Location(path="/abs/a,b:c.yaml", line=1, column=1, end_column=2)),
]
HOSTILE = diagnostic("CHK201", "file `a\x1b[31m\n\udcff` does not exist", Location(path="a\x1b\n\udcff.yaml", line=1))


def loaded(style: str, found: list[Diagnostic]) -> Any:
    return json.loads(FORMATS[style](found))


def test_the_command_offers_exactly_the_known_formats() -> None:
    assert tuple(FORMATS) == FORMAT_NAMES


def test_json_is_one_versioned_document() -> None:
    document = loaded("json", FOUND)
    assert list(document) == ["schema", "tool", "summary", "diagnostics"]
    assert document["schema"] == "trainspec.dev/diagnostics/v1"
    assert document["tool"] == {"name": "trainspec", "version": __version__}
    assert document["summary"] == {"errors": 2, "warnings": 1}
    first, whole_file, _ = document["diagnostics"]
    assert first == {
        "code": "SPC102",
        "severity": "error",
        "title": CODES["SPC102"].title,
        "message": "unknown field `名`",
        "hint": "did you mean `name`?",
        "location": {"path": "specs/商店 a/spec.yaml", "line": 3, "column": 5, "end_line": 3, "end_column": 7},
    }
    assert "名" in FORMATS["json"](FOUND)
    empty = {"line": None, "column": None, "end_line": None, "end_column": None}
    assert whole_file["location"] == {"path": "specs/a/rows.jsonl", **empty}
    assert loaded("json", [])["diagnostics"] == []


@pytest.mark.parametrize("found", [[], FOUND, [HOSTILE], [FOUND[0], FOUND[0], *FOUND]])
def test_sarif_follows_the_official_schema(found: list[Diagnostic]) -> None:
    assert validation_errors(loaded("sarif", found)) == []


def test_sarif_names_rules_places_and_levels() -> None:
    document = loaded("sarif", FOUND)
    (run,) = document["runs"]
    assert (document["version"], run["columnKind"]) == ("2.1.0", "unicodeCodePoints")
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["semanticVersion"]) == ("trainspec", __version__)
    rules = driver["rules"]
    assert [rule["id"] for rule in rules] == ["CHK211", "SPC102", "SPC104"]
    assert rules[1]["defaultConfiguration"] == {"level": "error"}
    assert CODES["SPC102"].fix in rules[1]["help"]["text"]
    results = run["results"]
    assert [(each["ruleId"], rules[each["ruleIndex"]]["id"], each["level"]) for each in results] == [
        ("SPC102", "SPC102", "error"),
        ("CHK211", "CHK211", "warning"),
        ("SPC104", "SPC104", "error"),
    ]
    places = [each["locations"][0]["physicalLocation"] for each in results]
    assert places[0] == {
        "artifactLocation": {"uri": "specs/%E5%95%86%E5%BA%97%20a/spec.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 3, "endLine": 3, "startColumn": 5, "endColumn": 7},
    }
    assert "region" not in places[1]
    assert places[2]["artifactLocation"] == {"uri": "file:///abs/a%2Cb%3Ac.yaml"}


def test_github_annotations_escape_what_would_end_them() -> None:
    first, whole_file, odd = FORMATS["github"](FOUND).splitlines()
    assert first == (
        "::error file=specs/商店 a/spec.yaml,line=3,endLine=3,col=5,endColumn=7,title=SPC102 unknown field"
        "::unknown field `名`%0Ahint: did you mean `name`?"
    )
    assert (
        whole_file
        == "::warning file=specs/a/rows.jsonl,title=CHK211 rows are repeated::1 row repeats%0Ahint: remove it"
    )
    assert odd.startswith("::error file=/abs/a%2Cb%3Ac.yaml,line=1,")
    assert odd.endswith("::`x`: 100 %25,%0D%0Ano: `y`%0Ahint: use one of the values named")


@pytest.mark.parametrize("style", ["concise", "github"])
def test_formats_of_lines_are_empty_without_diagnostics(style: str) -> None:
    assert FORMATS[style]([]) == ""
    assert len(FORMATS[style]([*FOUND, HOSTILE]).splitlines()) == 4


@pytest.mark.parametrize("style", ["text", "concise"])
def test_file_names_and_messages_cannot_steer_a_terminal(style: str) -> None:
    text = FORMATS[style]([HOSTILE])
    assert "\x1b" not in text
    assert text.count("\n") == {"text": 3, "concise": 0}[style]


ANYTHING = st.text(st.characters(), max_size=20)  # lone surrogates and control characters too
PLACES = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9)).map(
    lambda each: {"line": each[0], "column": each[1], "end_column": each[1] + each[2]}
)


@given(path=ANYTHING.filter(bool), message=ANYTHING, hint=ANYTHING, text=ANYTHING, place=PLACES | st.just({}))
def test_every_format_stays_valid_for_any_diagnostic(
    path: str, message: str, hint: str, text: str, place: dict[str, int]
) -> None:
    found = [diagnostic("SPC104", message, Location(path=path, text=text, **place), hint=hint)] * 2
    assert validation_errors(loaded("sarif", found)) == []
    assert loaded("json", found)["diagnostics"][0]["message"] == message
    assert [line[:8] for line in FORMATS["github"](found).split("\n")] == ["::error "] * 2
    assert FORMATS["concise"](found).count("\n") == 1
    assert all(char.isprintable() or char == "\n" for char in FORMATS["text"](found))


@pytest.mark.parametrize("style", ["json", "sarif"])
def test_documents_can_be_written_as_utf_8(style: str) -> None:
    FORMATS[style]([HOSTILE, *FOUND]).encode("utf-8")


@pytest.mark.parametrize(
    ("style", "code"), [("sarif", ""), ("json", ""), ("sarif", "SPC102"), ("json", "SPC104"), ("json", "CHK210")]
)
def test_stderr_contains_only_the_document(tmp_path: Path, style: str, code: str) -> None:
    example = EXAMPLES[code or "SPC102"]
    assert isinstance(example, Example)
    materialise(tmp_path, example)
    if code:
        (_, _, make_bad), _ = both_ways(example)
        make_bad(tmp_path)
    command = [sys.executable, "-m", "compiler", "check", "specs", "--format", style]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    document = json.loads(done.stderr)
    found = document["runs"][0]["results"] if style == "sarif" else document["diagnostics"]
    assert bool(found) == bool(code)
    assert done.returncode == bool(code)
    assert b"1 spec checked" in done.stdout
