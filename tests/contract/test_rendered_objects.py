"""Rendered objects, compared with their real readers: Kubernetes schemas, TRL's config classes, PyYAML and kubectl."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from conftest import PROFILE, MakeSpec
from support.command import invoke

from compiler.spec.yaml.load import load

ROOT = Path(__file__).parent.parent.parent
GPU_PROFILE = PROFILE.replace(
    "  storage:\n",
    "  gpu: {type: H100, count: 1, memoryGib: 80, hourlyUsd: 3.5}\n"
    "  queue: research\n"
    "  secrets:\n    - {env: HF_TOKEN, secret: hub, key: token}\n"
    "  storage:\n    outputsClass: fast\n",
)
HOSTILE = 'a: b # "c" \\ {{ x }} {% y %}\u2028- no | <b>`'


@pytest.fixture(params=["shipped", "gpu", "hostile"])
def plan_folder(request: pytest.FixtureRequest, make_spec: MakeSpec) -> Path:
    if request.param == "shipped":
        return ROOT / "specs" / "nl2sql" / "plan"
    if request.param == "gpu":
        path = make_spec(profile=GPU_PROFILE)
    else:
        import json

        text = json.dumps(HOSTILE)
        path = make_spec(
            ("task: answer questions about orders", f"task: {text}"),
            (
                "  gaps:\n",
                f"  training:\n    sft:\n      trainer: {{optim_args: {text}}}\n"
                f"      peft: {{target_modules: [{text}]}}\n  gaps:\n",
            ),
        )
    done = invoke("compile", str(path))
    assert done.exit_code == 0, done.stderr
    return path.parent / "plan"


def objects(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(folder.glob("*.yaml")):
        if path.name != "kustomization.yaml":
            yield path.name, yaml.safe_load(path.read_text(encoding="utf-8"))


def of_kind(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [each for _, each in objects(folder) if each["kind"] == kind]


def test_kubernetes_accepts_every_object(plan_folder: Path) -> None:
    found = list(objects(plan_folder))
    assert len(found) == 14
    for _, each in found:
        kubernetes_validate.validate(each, "1.36", strict=True)


@pytest.mark.parametrize(
    "source",
    [
        "bucket: {uri: 's3://training/llm', endpoint: 'http://minio.storage:9000', secret: keys}",
        "bucket: {uri: 's3://training', serviceAccount: loader}",
        "folder: {claim: share}",
    ],
)
def test_kubernetes_accepts_a_load(make_spec: MakeSpec, source: str) -> None:
    path = make_spec(profile=GPU_PROFILE.replace("  storage:\n", f"  storage:\n    source: {{{source}}}\n"))
    assert invoke("compile", str(path)).exit_code == 0
    found = list(objects(path.parent / "plan"))
    assert len(found) == 14 + 2 + ("bucket" in source)
    for _, each in found:
        kubernetes_validate.validate(each, "1.36", strict=True)


def test_both_yaml_versions_read_the_same(plan_folder: Path) -> None:
    for name, each in objects(plan_folder):
        ours = load(plan_folder / name, name)
        assert ours.value is not None
        assert ours.value.data == each


@pytest.mark.slow
def test_trl_accepts_every_config(plan_folder: Path, tmp_path: Path) -> None:
    import trl
    from peft import LoraConfig

    classes = {"sft": trl.SFTConfig, "dpo": trl.DPOConfig}
    seen = set()
    for each in of_kind(plan_folder, "ConfigMap"):
        config = yaml.safe_load(each["data"]["config.yaml"])
        if config["method"] in classes:
            values = {name: value for name, value in config["trainer"].items() if name != "optim_args"}
            parser = trl.TrlParser(dataclass_types=[classes[config["method"]]])
            (parsed,) = parser.parse_dict(
                values | {"output_dir": str(tmp_path), "use_cpu": True, "bf16": False}, allow_extra_keys=False
            )
            for name, value in values.items():
                shown = getattr(parsed, name)
                assert getattr(shown, "value", shown) == value, name
            LoraConfig(**config["peft"])
            seen.add(config["method"])
    assert seen == {"sft", "dpo"}


def test_names_are_hashed_and_shared_by_job_and_config(plan_folder: Path) -> None:
    jobs = [each["metadata"]["name"] for each in of_kind(plan_folder, "Job")]
    assert jobs == [each["metadata"]["name"] for each in of_kind(plan_folder, "ConfigMap")]
    assert len(set(jobs)) == 6
    assert all(len(name) <= 52 for name in jobs)
    assert all(each["immutable"] is True for each in of_kind(plan_folder, "ConfigMap"))


def test_pods_are_restricted(plan_folder: Path) -> None:
    for job in of_kind(plan_folder, "Job"):
        template = job["spec"]["template"]
        pod = template["spec"]
        (container,) = pod["containers"]
        assert "annotations" not in template["metadata"]
        assert pod["restartPolicy"] == "Never"
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["readOnlyRootFilesystem"] is True
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["requests"] == container["resources"]["limits"]
        assert "@sha256:" in container["image"]
        assert job["spec"]["activeDeadlineSeconds"] > 0
        assert "suspend" not in job["spec"]
        assert "ttlSecondsAfterFinished" not in job["spec"]


def test_secrets_are_references_only(make_spec: MakeSpec) -> None:
    path = make_spec(profile=GPU_PROFILE)
    invoke("compile", str(path))
    for job in of_kind(path.parent / "plan", "Job"):
        (container,) = job["spec"]["template"]["spec"]["containers"]
        (entry,) = (each for each in container["env"] if each["name"] == "HF_TOKEN")
        assert entry == {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hub", "key": "token"}}}
        assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "research"
        pairs = job["metadata"]["annotations"]["trainspec.dev/stage"] == "pairs"  # made without a model
        assert container["resources"]["limits"].get("nvidia.com/gpu") == (None if pairs else "1")


def test_kubectl_builds_the_plan(plan_folder: Path) -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    done = subprocess.run(["kubectl", "kustomize", str(plan_folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    built = [each for each in yaml.safe_load_all(done.stdout) if each]
    key = ("kind", "metadata")
    wanted = sorted((each["kind"], each["metadata"]["name"]) for _, each in objects(plan_folder))
    assert sorted((each[key[0]], each[key[1]]["name"]) for each in built) == wanted
