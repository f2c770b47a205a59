"""The images: their file, compared with the Jobs that run in them, and whether the copied files are enough to run.

They are not built here; docs/image.md says how they were tested.
"""

import ast
import fnmatch
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml

from compiler.render.plan_folder import folder_digest
from compiler.run.cluster.driver import driver_text

ROOT = Path(__file__).parent.parent.parent
CONTAINERFILE = ROOT / "runtime" / "Containerfile"
PLAN = ROOT / "specs" / "nl2sql" / "plan"
# needed by some specs only; docs/image.md says how an image gets them
OPTIONAL = {"mlflow", "tensorboard", "trackio", "vllm", "bitsandbytes", "deepspeed"}
# needed by the adapters of the recorder, which no stage imports
OPTIONAL |= {"langchain_core", "opentelemetry"}
Steps = list[dict[str, Any]]


@pytest.fixture(scope="module")
def steps() -> Steps:
    parse = pytest.importorskip("dockerfile_parse", reason="needs `dockerfile-parse` (extra dev)")
    parser = parse.DockerfileParser(fileobj=CONTAINERFILE.open("rb"))
    return [each for each in parser.structure if each["instruction"] != "COMMENT"]


def target(steps: Steps, name: str) -> Steps:
    """The steps of a target, itself included."""
    starts = [index for index, each in enumerate(steps) if each["instruction"] == "FROM"] + [len(steps)]
    (start,) = (index for index in starts[:-1] if steps[index]["value"].endswith(f" AS {name}"))
    return steps[start : starts[starts.index(start) + 1]]


def last_stage(steps: Steps) -> Steps:
    """Return the default target."""
    found = target(steps, "runtime")
    assert found[-1] is steps[-1]
    return found


def values(steps: Steps, instruction: str) -> list[str]:
    return [each["value"] for each in steps if each["instruction"] == instruction]


def environment(steps: Steps, name: str = "runtime") -> dict[str, str]:
    pairs = (pair for value in values(target(steps, name), "ENV") for pair in value.split())
    return dict(pair.split("=", 1) for pair in pairs)


def container(job: dict[str, Any] | None = None) -> dict[str, Any]:
    job = job or yaml.safe_load(next(PLAN.glob("*.job.yaml")).read_text(encoding="utf-8"))
    (only,) = job["spec"]["template"]["spec"]["containers"]
    return {**only, "security": job["spec"]["template"]["spec"]["securityContext"]}


def test_a_linter_finds_nothing() -> None:
    hadolint = Path(sysconfig.get_path("scripts")) / "hadolint"
    done = subprocess.run([str(hadolint), str(CONTAINERFILE)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_it_runs_as_jobs_run_it(steps: Steps) -> None:
    pod, last = container(), last_stage(steps)
    security = pod["security"]
    assert values(last, "USER") == [f"{security['runAsUser']}:{security['runAsGroup']}"]
    assert yaml.safe_load(values(last, "ENTRYPOINT")[0]) == pod["command"]
    variables = {
        each["name"]: each["value"] for each in pod["env"] if each["name"].startswith(("HF_", "HOME", "PYTHON"))
    }
    assert variables.items() <= environment(steps).items()
    assert "NVIDIA_VISIBLE_DEVICES" not in environment(steps)


def driver_job() -> dict[str, Any]:
    """The Job of a shipped spec's driver."""
    made = driver_text(ROOT / "specs" / "report-sql" / "plan", None)
    assert made.value is not None, made.diagnostics
    _, job = yaml.safe_load_all(made.value)
    return dict(job)


def test_the_driver_runs_as_its_job_runs_it(steps: Steps) -> None:
    pod, last = container(driver_job()), target(steps, "driver")
    security = pod["security"]
    assert values(last, "USER") == [f"{security['runAsUser']}:{security['runAsGroup']}"]
    assert yaml.safe_load(values(last, "ENTRYPOINT")[0]) == pod["command"]
    variables = {each["name"]: each["value"] for each in pod["env"]}
    assert variables.items() <= environment(steps, "driver").items()


@pytest.mark.parametrize(("name", "before"), [("runtime", ""), ("driver", "driver-")])
def test_no_build_files_remain(steps: Steps, name: str, before: str) -> None:
    copies = values(target(steps, name), "COPY")
    assert copies == [
        f"--from={before}libraries /opt/venv /opt/venv",
        f"--from={before}code /opt/trainspec /opt/trainspec",
    ]
    text = CONTAINERFILE.read_text(encoding="utf-8")
    assert text.count("--constraint /build/constraints.txt") == len(re.findall(r"^    .* install --", text, re.M)) == 3
    assert not any(word in text for word in ("apt-get", "gcc", "latest", "curl "))


def sources(steps: Steps) -> Iterator[str]:
    """Return the paths that are copied from the repository."""
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


def test_copied_files_exist_and_nothing_else_is_sent(steps: Steps) -> None:
    contract = {"runtime/__init__.py", "runtime/contract", "runtime/trace"}
    libraries = {"pyproject.toml", "runtime/constraints.txt"}
    assert set(sources(steps)) == {*libraries, "runtime", "compiler", "templates", *contract}
    assert set(sources(target(steps, "driver-code"))) == {"compiler", "templates", *contract}
    assert set(sources(target(steps, "code"))) == {"runtime"}, "the runtime goes without the compiler"
    assert not any(
        ignored(path) for path in (*sources(steps), "runtime/stage/page.html.j2", "compiler/run/cluster/api/client.py")
    )
    assert all(ignored(path) for path in (".git/config", "tests/conftest.py", "specs/shop/spec.yaml", ".venv/bin/pip"))
    assert ignored("runtime/__pycache__/stage.pyc")


@pytest.fixture
def image(steps: Steps) -> Iterator[Path]:
    """A read-only folder with the files of the image except its libraries."""
    yield from copied(sources(target(steps, "code")))


@pytest.fixture
def driver_image(steps: Steps) -> Iterator[Path]:
    """The same for the driver image."""
    yield from copied(sources(target(steps, "driver-code")))


def copied(folders: Iterator[str]) -> Iterator[Path]:
    top = Path(tempfile.mkdtemp(prefix="trainspec-image-"))  # not `tmp_path`, which its owner alone may enter
    for name in folders:
        (top / name).parent.mkdir(exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, top / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, top / name)
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


def run(
    steps: Steps, image: Path, *arguments: str, name: str = "runtime", **variables: str
) -> "subprocess.CompletedProcess[str]":
    """Run the entry point with the image's variables, as its user if this test may switch to it."""
    own = {**environment(steps, name), "PYTHONPATH": str(image), "HF_HOME": str(image / "no")}
    own = {**own, "PATH": os.environ["PATH"], **variables}
    user: dict[str, Any] = {"user": 65532, "group": 65532, "extra_groups": []} if may_become_its_user() else {}
    command = [sys.executable, *yaml.safe_load(values(target(steps, name), "ENTRYPOINT")[0])[1:], *arguments]
    return subprocess.run(command, env=own, cwd="/", capture_output=True, text=True, check=False, **user)


def test_the_copied_files_are_enough_to_run(steps: Steps, image: Path) -> None:
    result = run(steps, image, "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("usage: python -m runtime CONFIG")
    ended = run(steps, image, str(image / "no.yaml"), TRAINSPEC_TERMINATION_LOG="/dev/null")
    assert ended.returncode == 78, ended.stderr
    assert "RUN701" in ended.stderr


def test_the_copied_files_are_enough_to_drive(steps: Steps, driver_image: Path) -> None:
    """Without a cluster, a driver reads and approves its plan, then finds no API server."""
    result = run(steps, driver_image, "--version", name="driver")
    assert (result.returncode, result.stderr) == (0, "")
    plan = driver_image.with_name(f"{driver_image.name}-plan") / "plan"
    shutil.copytree(ROOT / "specs" / "report-sql" / "plan", plan)
    for path in (plan.parent, plan):
        path.chmod(0o755)
    arguments = ["apply", str(plan), "--files-digest", str(folder_digest(plan)), "--wait"]
    ended = run(steps, driver_image, *arguments, name="driver", KUBERNETES_SERVICE_HOST="10.0.0.1")
    shutil.rmtree(plan.parent)
    assert ended.returncode == 4, ended.stderr
    assert "CLU601" in ended.stderr


def test_a_whole_stage_runs_with_it(steps: Steps, image: Path) -> None:
    """The stage that needs no model: it copies files, draws a page, and reports its end."""
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
    named = {requirement(each) for each in project()["optional-dependencies"]["runtime"]}
    # by name of their own, as these do not change whom they bring along
    along = {"numpy": "torch", "huggingface_hub": "transformers", "pyarrow": "datasets", "referencing": "jsonschema"}
    along["pydantic_core"] = "pydantic"
    providers = packages_distributions()
    for name in sorted(imports("runtime") - set(sys.stdlib_module_names) - {"runtime"} - OPTIONAL):
        distributions = {each.lower().replace("_", "-") for each in providers.get(name, [name])}
        assert named & {*distributions, along.get(name, "")}, f"`{name}` is in no requirement of the extra `runtime`"


def test_the_project_names_every_library_that_the_compiler_imports() -> None:
    named = {requirement(each) for each in project()["dependencies"]}
    extras = project()["optional-dependencies"]
    of_extras = {requirement(each) for name in ("cluster", "data", "traces", "triage") for each in extras[name]}
    along = {"pydantic_core": "pydantic", "urllib3": "kubernetes", "yaml": "kubernetes"}
    providers = packages_distributions()
    imported = imports("compiler") | imports("runtime/contract")
    for name in sorted(imported - set(sys.stdlib_module_names) - {"compiler", "runtime"}):
        distributions = {each.lower().replace("_", "-") for each in providers.get(name, [name])}
        assert (named | of_extras) & {*distributions, along.get(name, "")}, f"`{name}` is no requirement"


def project() -> dict[str, Any]:
    read: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return read


def requirement(text: str) -> str:
    return text.partition(">")[0].partition("=")[0].partition("[")[0].lower()


def imports(package: str) -> set[str]:
    found: set[str] = set()
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found
