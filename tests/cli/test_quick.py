"""The quick way in: it does what the command-line library would do, or leaves it to the library."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tools.benchmarks.generate import write_project
from typer.testing import CliRunner

from compiler.cli import batch
from compiler.cli.app import app
from compiler.cli.exit_codes import ExitCode
from compiler.cli.quick import quick

Calls = list[tuple[str, tuple[Any, ...], dict[str, Any]]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What was asked of the two commands, defaults filled in."""
    made: Calls = []
    for name in ("check_specs", "compile_specs"):

        def record(*arguments: Any, _name: str = name, **options: Any) -> ExitCode:
            made.append((_name, arguments, {"jobs": None, "use_cache": True} | options))
            return ExitCode.OK

        monkeypatch.setattr(batch, name, record)
    return made


@pytest.mark.parametrize(
    "line",
    [
        "check",
        "compile",
        "check a b/spec.yaml",
        "compile --check",
        "compile specs --check --format json",
        "compile --format=concise --jobs=3 specs",
        "check --no-cache --jobs 2",
        "compile a --no-cache b --check",
    ],
)
def test_plain_arguments_are_read_as_the_library_reads_them(calls: Calls, line: str) -> None:
    assert quick(line.split()) is ExitCode.OK
    assert CliRunner().invoke(app, line.split()).exit_code == 0
    assert calls[0] == calls[1]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "--help",
        "explain M2",
        "check --help",
        "check --check",
        "check -- a",
        "check --jobs",
        "check --jobs 0",
        "check --jobs x",
        "check --jobs=-1",
        "compile --format",
        "compile --format yaml",
        "compile --chek",
        "compile --check=1",
        "check --no-cache=x",
    ],
)
def test_everything_else_is_left_to_the_library(calls: Calls, line: str) -> None:
    assert quick(line.split()) is None
    assert calls == []


def test_every_option_of_the_library_is_known_here_or_left_to_it() -> None:
    for command in ("check", "compile"):
        text = CliRunner().invoke(app, [command, "--help"]).stdout
        options = {word for word in text.split() if word.startswith("--")}
        assert options - {"--help"} <= {"--format", "--jobs", "--no-cache", "--check"}, "teach quick.py the new option"


def test_an_unchanged_spec_needs_no_heavy_import(tmp_path: Path) -> None:
    folder = write_project(tmp_path / "specs", 1)
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    heavy = ("pydantic", "ruamel", "typer", "jinja2", "yaml12", "multiprocessing", "rich", "rapidfuzz")
    code = (
        "import sys\nfrom compiler.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0\n"
        f"print(sorted(set(sys.modules) & set({heavy!r})))"
    )
    command = [sys.executable, "-c", code, "compile", str(folder)]
    first = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert "'pydantic'" in first.stdout
    again = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert again.stdout.splitlines()[-1] == "[]"
    assert "unchanged" in again.stdout
