"""Every code has an example, and every example works: only its bad version reports the code.

Those that need a stage of the runtime are run in tests/stages/train/test_diagnostics_stages.py.
"""

import json
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.command import invoke
from support.example_projects import both_ways, materialise
from support.local_project import SilentDisplay

from compiler.diagnostics.codes import CODES
from compiler.diagnostics.examples import EXAMPLES, Example, Situation
from compiler.diagnostics.render.json import format_all
from compiler.run.collect import collect
from compiler.run.local import process
from compiler.run.local.run import run

# what no file can provoke; a code is moved out of here as soon as one can
UNPROVOKED = {
    "CHK224",
    "CHK253",
    "CHK254",
    "CLU601",
    "CLU602",
    "CLU603",
    "CLU604",
    "CLU605",
    "CLU606",
    "CLU607",
    "CLU608",
    "CLU609",
    "CLU610",
    "CLU611",
    "CLU613",
    "CLU614",
    "CLU615",
    "CLU616",
    "CLU617",
    "CLU618",
    "PLN417",
    "PLN419",
    "PLN423",
    "PLN424",
    "RND501",
    "RUN700",
    "RUN704",
    "RUN723",
    "RUN724",
    "RUN725",
    "RUN729",
    "RUN730",
    "RUN733",
    "RUN734",
    "RUN735",
    "RUN736",
    "RUN740",
    "RUN738",
    "RUN739",
    "RUN741",
    "RUN742",
    "RUN743",
    "RUN745",
    "RUN746",
    "RUN747",
    "RUN748",
    "RUN749",
    "RUN757",
    "RUN758",
    "RUN760",
    "RUN761",
    "RUN763",
    "RUN764",
    "RUN765",
    "RUN766",
    "RUN767",
    "RUN768",
    "RUN780",
    "RUN781",
    "RUN782",
    "RUN769",
    "RUN770",
    "RUN771",
    "RUN772",
    "RUN775",
    "RUN777",
    "RUN778",
    "RUN794",
    "RUN796",
    "RUN798",
    "TRC819",
    "TRC832",
    "TRC839",
}
OF_COMPILER = {
    code: example
    for code, example in EXAMPLES.items()
    if isinstance(example, Example) and "runtime" not in example.command + str(example.good)
}

# replaces the runtime: rejects data that differs from the plan, otherwise reports the stage as complete
STAGE = textwrap.dedent(
    """
    import hashlib, json, os, pathlib, sys
    import yaml
    text = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
    stage = yaml.safe_load(text)
    for block in (each for each in stage["data"] if each.get("volume") != "outputs"):
        content = pathlib.Path(os.environ["TRAINSPEC_DATA"], block["path"]).read_bytes()
        if hashlib.sha256(content).hexdigest() != block["sha256"]:
            print(json.dumps({"event": "error", "code": "RUN711", "message": "other data"}), flush=True)
            sys.exit(65)
    output = pathlib.Path(os.environ["TRAINSPEC_OUTPUTS"]) / stage["output"]
    output.mkdir(parents=True, exist_ok=True)
    gate = {"verdict": "continue", "reason": "as planned"} if stage["method"] == "evaluate" else None
    score = {"exact_match": {"value": 0.5, "low": 0.4, "high": 0.6, "n": 20}} if gate else {}
    done = {"config_sha256": hashlib.sha256(text.encode()).hexdigest(), "ended": "2026-10-05T10:00:00+00:00"}
    done |= {"status": "complete", "steps": 2, "wall_seconds": 1, "peak_memory_mb": 1, "metrics": score, "gate": gate}
    (output / "metrics.json").write_text(json.dumps(done))
    """
)


def test_every_code_has_an_example() -> None:
    missing = sorted(set(CODES) - set(EXAMPLES))
    assert missing == [], f"write examples in compiler/diagnostics/examples for: {', '.join(missing)}"
    assert sorted(set(EXAMPLES) - set(CODES)) == [], "examples of codes that are not in the table"


def test_the_codes_that_no_file_provokes_are_known() -> None:
    assert {code for code, example in EXAMPLES.items() if isinstance(example, Situation)} == UNPROVOKED


def reported(commands: str, work: Path) -> list[dict[str, Any]]:
    """Return the diagnostics of the last command; each has a place in its file and follows the house rules."""
    *before, last = commands.split(" && ")
    for command in before:
        errors = [each for each in reported(command, work) if each["severity"] == "error"]
        assert errors == [], command
    found = reported_by(last)
    for each in found["diagnostics"]:
        assert_inside(each["location"], work)
        assert each["hint"], f"{each['code']} ends without an action"
        assert not each["message"][0].isupper(), each["message"]
    return found["diagnostics"]


def reported_by(command: str) -> dict[str, Any]:
    """Return the JSON document of a `trainspec` command."""
    name, kind, plan, *rest = shlex.split(command)
    assert name == "trainspec"
    if kind in ("run", "collect"):  # these have no format for programs
        options = dict(zip(rest[::2], map(Path, rest[1::2]), strict=True))
        found = (
            run(Path(plan), options.get("--work"), options.get("--models"), SilentDisplay())
            if kind == "run"
            else collect(Path(plan), options.get("--work"))
        )
        return json.loads(format_all(found.diagnostics))
    ended = invoke(kind, plan, *rest, "--format", "json")
    assert ended.exit_code in (0, 1, 5), ended.output
    return json.loads(ended.stderr)


def assert_inside(where: dict[str, Any], work: Path) -> None:
    if where["line"] is None:
        return
    lines = (work / where["path"]).read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    assert 1 <= where["line"] <= len(lines), where
    length = len(lines[where["line"] - 1])
    assert 1 <= where["column"] <= length + 1, where
    assert where["column"] < where["end_column"] <= length + 2, where


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    script = tmp_path / "stage.py"
    script.write_text(STAGE, encoding="utf-8")
    monkeypatch.setattr(process, "COMMAND", ["python", str(script)])
    monkeypatch.setattr(process, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(process, "POLL_SECONDS", 0.01)
    return None


@pytest.mark.parametrize("code", sorted(OF_COMPILER))
def test_the_bad_version_reports_the_code_and_the_good_one_does_not(
    code: str, tmp_path: Path, stage: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = OF_COMPILER[code]
    for way, command, change in both_ways(example):
        work = tmp_path / way
        materialise(work, example)
        monkeypatch.chdir(work)
        if example.first:
            assert reported(example.first, work) == []
        change(work)
        found = {each["code"]: each["severity"] for each in reported(command, work)}
        if way == "bad":
            assert set(found) == {code} | (set(example.along) & set(found))
            assert found[code] == CODES[code].severity
        else:
            assert set(found) <= set(example.along)
