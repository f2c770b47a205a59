"""The start of a stage: its arguments, and errors before it reads any data, as the command line shows them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from runtime.contract.blocks import ModelBlock
from runtime.contract.errors import StageError
from runtime.contract.volumes import Volumes
from runtime.model.load import check_model_files, context_length
from runtime.stage.config import parse_stage

REPOSITORY = Path(__file__).resolve().parents[3]
PLAN = REPOSITORY / "specs" / "till-totals" / "plan"
VARIABLES = ("TRAINSPEC_MODELS", "TRAINSPEC_DATA", "TRAINSPEC_OUTPUTS")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("seed: 2024-99-99", "month must be in 1..12"),
        ("seed: !!int abc", "not of its YAML type"),
        ("seed: !!bool abc", "not of its YAML type"),
        ("seed: !!timestamp abc", "not of its YAML type"),
        ("[" * 3000, "nested too deeply"),
        ("plan: {" * 3000, "nested too deeply"),
        ("seed: \t1", "not YAML"),
        ("", "not a mapping"),
        ("seed: 1", "`method`: field required"),
    ],
)
def test_a_config_that_cannot_be_read_is_named(text: str, problem: str) -> None:
    with pytest.raises(StageError, match=problem) as caught:
        parse_stage(text.encode(), "stage.yaml")
    assert (caught.value.problem.code, int(caught.value.exit_code)) == ("RUN701", 78)
    assert "`stage.yaml`" in caught.value.problem.message


def test_a_config_map_is_distinguished_from_its_config() -> None:
    manifest = next(PLAN.glob("*.config.yaml")).read_bytes()
    with pytest.raises(StageError, match="is a Kubernetes `ConfigMap`") as caught:
        parse_stage(manifest, "01-sft.config.yaml")
    assert caught.value.problem.code == "RUN701"
    assert "`data: config.yaml`" in caught.value.problem.hint
    assert parse_stage(yaml.safe_load(manifest)["data"]["config.yaml"].encode(), "config.yaml").plan == "till-totals"


@pytest.mark.parametrize("text", ["[]", '"llama"', "[" * 100_000, "{", "\xff"])
def test_a_model_whose_config_is_no_object_is_not_loaded(tmp_path: Path, text: str) -> None:
    volumes, block = model_with(tmp_path, text)
    with pytest.raises(StageError, match="`tiny/1` cannot be read") as caught:
        check_model_files(block, volumes)
    assert (caught.value.problem.code, int(caught.value.exit_code)) == ("RUN720", 66)


@pytest.mark.parametrize("inner", [None, 5, "x"])
def test_an_unknown_context_length_is_no_limit(tmp_path: Path, inner: Any) -> None:
    volumes, block = model_with(tmp_path, json.dumps({"text_config": inner}))
    assert context_length(block, volumes) is None


def model_with(models: Path, config: str) -> tuple[Volumes, ModelBlock]:
    folder = models / "tiny" / "1"
    folder.mkdir(parents=True)
    (folder / "config.json").write_bytes(config.encode("latin-1"))
    (folder / "model.safetensors").write_bytes(b"")
    volumes = Volumes(models=models, data=models, outputs=models)
    return volumes, ModelBlock(path="tiny/1", adapters=[], dtype="float32", trust_remote_code=False)


def runtime(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), **variables}
    command = [sys.executable, "-m", "runtime", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["stage.yaml", "--help"]])
def test_help_names_the_config_and_the_variables(arguments: list[str]) -> None:
    ended = runtime(*arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("usage: python -m runtime CONFIG [--report]\n")
    assert all(name in ended.stdout for name in VARIABLES)


@pytest.mark.parametrize(("arguments", "given"), [([], "name 0"), (["a", "b"], "name 2")])
def test_no_single_config_ends_as_every_other_failure_does(tmp_path: Path, arguments: list[str], given: str) -> None:
    log = tmp_path / "termination.json"
    ended = runtime(*arguments, TRAINSPEC_TERMINATION_LOG=str(log))
    error, end = map(json.loads, ended.stdout.splitlines())
    assert (error["event"], error["code"], end["event"], end["exit_code"]) == ("error", "RUN701", "end", 78)
    assert (ended.returncode, given in error["message"]) == (78, True)
    assert "error[RUN701]" in ended.stderr
    assert "python -m runtime --help" in ended.stderr
    assert json.loads(log.read_text(encoding="utf-8"))["code"] == "RUN701"


@pytest.mark.parametrize("taken", ["file", "lock"])
def test_an_impossible_output_folder_is_not_an_error_of_the_runtime(tmp_path: Path, taken: str) -> None:
    manifest = yaml.safe_load(next(PLAN.glob("*.config.yaml")).read_text(encoding="utf-8"))
    config = tmp_path / "config.yaml"
    config.write_text(manifest["data"]["config.yaml"], encoding="utf-8")
    output = tmp_path / yaml.safe_load(config.read_text(encoding="utf-8"))["output"]
    if taken == "file":
        output.write_text("mine", encoding="utf-8")
    else:
        (output / ".lock").mkdir(parents=True)
    ended = runtime(str(config), TRAINSPEC_TERMINATION_LOG="", **dict.fromkeys(VARIABLES, str(tmp_path)))
    error = json.loads(ended.stdout.splitlines()[0])
    assert (ended.returncode, error["code"]) == (78, "RUN703"), ended.stderr
    assert f"cannot write to output folder `{output.name}`" in error["message"]
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({}, {"GOMP_SPINCOUNT": "3000"}),
        ({"GOMP_SPINCOUNT": "7"}, {"GOMP_SPINCOUNT": "7"}),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, {}),
    ],
)
def test_threads_spin_a_little_unless_the_pod_says_otherwise(given: dict[str, str], kept: dict[str, str]) -> None:
    plain = {name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    code = "import os; from runtime.stage.libraries import prepare_libraries as p; p(); print(os.environ.get('GOMP_SPINCOUNT'))"
    done = subprocess.run([sys.executable, "-c", code], env=plain | given, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == kept.get("GOMP_SPINCOUNT", "None")
