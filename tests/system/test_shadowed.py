"""Commands in a repository with its own `runtime` and `compiler` folders, whose code must not run."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
FOREIGN = "raise SystemExit('foreign code ran')"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A spec and its plan, next to packages with the same names as ours."""
    for name in ("runtime", "compiler"):
        for module in ("__init__", "__main__", "fetch", "export"):
            path = tmp_path / name / f"{module}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(FOREIGN, encoding="utf-8")
    for name in ("clusters", "nl2sql"):
        shutil.copytree(ROOT / "specs" / name, tmp_path / "specs" / name)
    return tmp_path


def script(folder: Path, name: str) -> Path:
    """A console script as pip writes it; ours are not on `sys.path` by an installation here, but by PYTHONPATH."""
    module, _, function = SCRIPTS[name].partition(":")
    path = folder / ".bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"import sys\nfrom {module} import {function}\nsys.exit({function}())\n", encoding="utf-8")
    return path


def call(folder: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder / ".cache")}
    command = [sys.executable, str(script(folder, name)), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "line",
    [
        "trainspec --help",
        "trainspec check specs",
        "trainspec compile specs",
        "trainspec explain specs/nl2sql",
        "trainspec-runtime --help",
        "trainspec-runtime run --help",
        "trainspec-runtime fetch --help",
        "trainspec-runtime export --help",
    ],
)
def test_commands_run_our_code(repository: Path, line: str) -> None:
    done = call(repository, *line.split())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "foreign code" not in done.stdout + done.stderr


def test_a_missing_model_is_named_with_a_command_that_works_there(repository: Path) -> None:
    done = call(repository, "trainspec", "run", "specs/nl2sql/plan")
    assert done.returncode == 1
    assert "fetch it: trainspec-runtime fetch smollm2-135m-instruct/0.1.2" in done.stderr


@pytest.mark.parametrize("work", ["elsewhere", "."])
def test_a_stage_of_a_local_run_is_our_code(repository: Path, work: str) -> None:
    """The model is empty, so the first stage ends with its own diagnostic."""
    model = repository / "models" / "smollm2-135m-instruct" / "0.1.2"
    model.mkdir(parents=True)
    (model / "config.json").write_text("{}", encoding="utf-8")
    done = call(repository, "trainspec", "run", "specs/nl2sql/plan", "--models", "models", "--work", work)
    assert done.returncode == 1
    assert "error[RUN793]: stage `evaluate-base` ended with exit code" in done.stderr
    assert "(RUN7" in done.stderr
    assert "foreign code" not in "".join(path.read_text() for path in (repository / work / "logs").iterdir())


def test_a_stage_by_hand_is_our_code(repository: Path) -> None:
    done = call(repository, "trainspec-runtime", "run", "config.yaml")
    assert '"code": "RUN70' in done.stdout
    assert "foreign code" not in done.stdout + done.stderr
