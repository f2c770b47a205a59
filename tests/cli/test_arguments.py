"""Arguments of every command: parsing, messages for invalid ones, and help."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.command import invoke
from tools.benchmarks.generate import write_project

from compiler.cli import batch
from compiler.cli.app import GROUPS, commands_of
from compiler.cli.exit_codes import ExitCode
from compiler.cli.parser import read_arguments

COMMANDS = {each.name: each for group in GROUPS for each in commands_of(group)}
NAMES = (
    "check", "compile", "explain", "run", "collect", "apply", "status", "logs", "cancel", "init", "triage", "data", "schema",
)  # fmt: skip


def read(line: str) -> dict[str, Any]:
    name, *rest = line.split()
    return vars(read_arguments(COMMANDS[name], rest))


def test_commands_are_found_in_the_order_of_the_help() -> None:
    assert {group: tuple(each.name for each in commands_of(group)) for group in GROUPS} == GROUPS
    assert tuple(COMMANDS) == (*NAMES, "import", "access", "driver")
    lines = invoke("--help").stdout.splitlines()
    listed = [line.split()[0] for line in lines if line.startswith("  ") and line.split()[0] in COMMANDS]
    assert listed == list(COMMANDS)


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_fits_a_terminal_of_80_columns(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    done = invoke(*arguments)
    assert (done.exit_code, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert invoke(*arguments[:-1], "-h").stdout == done.stdout


def test_without_arguments_help_is_shown_as_an_error() -> None:
    done = invoke()
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == invoke("--help").stdout


def test_the_version_is_shown() -> None:
    from compiler import __version__

    assert invoke("--version").stdout == f"trainspec {__version__}\n"


@pytest.mark.parametrize(
    ("line", "read_as"),
    [
        ("check", {"paths": [], "format": "text", "jobs": None, "no_cache": False}),
        ("check a --no-cache b --jobs 2", {"paths": [Path("a"), Path("b")], "no_cache": True, "jobs": 2}),
        ("compile --format=json --check a", {"format": "json", "check": True, "paths": [Path("a")]}),
        ("check -- --jobs", {"paths": [Path("--jobs")]}),
        ("status -o json a b", {"output": "json", "plans": [Path("a"), Path("b")]}),
        ("status -ojson a", {"output": "json"}),
        ("logs plan sft -f", {"plan": Path("plan"), "stage": "sft", "follow": True}),
        ("data --source a --from x --source=b --from y", {"source": ["a", "b"], "rows": [Path("x"), Path("y")]}),
        ("access --ci user:a p --ci user:b", {"ci": ["user:a", "user:b"], "reader": [], "driver": []}),
        ("init", {"name": None, "runs": None}),
        ("init a --runs", {"name": "a", "runs": True}),
        ("init --no-runs --target -1", {"runs": False, "target": "-1"}),
        ("schema", {"kind": "TrainingSpec"}),
    ],
)
def test_arguments_are_read_in_any_order(line: str, read_as: dict[str, Any]) -> None:
    assert read_as.items() <= read(line).items()


def test_a_plan_may_be_named_by_its_spec(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").touch()
    assert read(f"run {tmp_path}")["plan"] == tmp_path / "plan"
    assert read(f"run {tmp_path / 'spec.yaml'}")["plan"] == tmp_path / "plan"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chekc", "unknown command `chekc`; did you mean `check`?"),
        ("--vresion", "unknown option `--vresion`; did you mean `--version`?"),
        ("run --wrok x", "`run` has no option `--wrok`; did you mean `--work`?"),
        ("check --check", "`check` has no option `--check`"),
        ("check --form json", "`check` has no option `--form`; did you mean `--format`?"),
        ("check --jobs", "expected one argument"),
        ("check --jobs 0", "`0` is not a positive integer"),
        ("check --jobs -1", "`-1` is not a positive integer"),
        ("check --format yaml", "invalid choice: 'yaml'"),
        ("check --no-cache=x", "ignored explicit argument 'x'"),
        ("run", "required: PLAN"),
        ("run a b", "unrecognized arguments: b"),
    ],
)
def test_an_invalid_argument_is_named(line: str, message: str) -> None:
    done = invoke(*line.split())
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr.splitlines()[0]
    name = line.split()[0]
    assert done.stderr.splitlines()[1] == f"help: trainspec {f'{name} ' if name in COMMANDS else ''}--help"


@pytest.mark.parametrize("command", ["check", "compile"])
def test_the_default_path_is_the_specs_folder(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[list[Path]] = []

    def record(paths: list[Path], *_: Any, **__: Any) -> ExitCode:
        checked.append(paths)
        return ExitCode.OK

    monkeypatch.setattr(batch, f"{command}_specs", record)
    assert invoke(command).exit_code == 0
    assert checked == [[Path("specs")]]


def test_an_unchanged_spec_needs_no_heavy_import(tmp_path: Path) -> None:
    folder = write_project(tmp_path / "specs", 1)
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    heavy = ("pydantic", "ruamel", "jinja2", "yaml", "yaml12", "multiprocessing", "rich", "rapidfuzz", "shutil")
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


CLUSTER = ("apply p", "status p", "logs p", "cancel p", "collect p --cluster")


@pytest.mark.parametrize("line", CLUSTER)
def test_cluster_commands_name_the_package_that_they_lack(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    done = invoke(*line.split())
    assert (done.exit_code, done.stdout) == (4, "")
    assert "error[CLU618]" in done.stderr
    assert "pip install 'trainspec[cluster]'" in done.stderr


def test_a_command_that_only_prints_objects_needs_no_cluster_package(monkeypatch: pytest.MonkeyPatch) -> None:
    specs = Path(__file__).parent.parent.parent / "specs"
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    assert invoke("driver", specs / "report-sql").exit_code == 0
    assert invoke("access", next((specs / "clusters").glob("*.yaml"))).exit_code == 0
