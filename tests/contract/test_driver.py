"""The output of `trainspec driver`, compared with Kubernetes' schemas, its plan, and network policies."""

import json
import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from conftest import DIGEST, PROFILE, MakeSpec
from support.command import Result, invoke

from compiler.render.plan_folder import folder_digest
from compiler.run.cluster.driver import MAX_BYTES, WAIT_SECONDS

DRIVEN = PROFILE.replace("  storage:\n", f"  driverImage: registry.example.com/driver@sha256:{DIGEST}\n  storage:\n")
LOADING = DRIVEN.replace(
    "  storage:\n",
    "  storage:\n    source: {bucket: {uri: 's3://models/team', endpoint: 'http://minio.example.com:9000'}}\n",
)
NETWORKS = ["172.18.0.2/32", "fd00::2/128"]


def trainspec(*arguments: object) -> Result:
    return invoke(*arguments)


@pytest.fixture
def plan(make_spec: MakeSpec) -> Path:
    path = make_spec(profile=DRIVEN)
    assert trainspec("compile", path).exit_code == 0
    return path.parent / "plan"


def objects(plan: Path) -> list[dict[str, Any]]:
    done = trainspec("driver", plan)
    assert (done.exit_code, done.stderr) == (0, "")
    return list(yaml.safe_load_all(done.stdout))


def test_kubernetes_accepts_both_objects(plan: Path) -> None:
    found = objects(plan)
    assert [each["kind"] for each in found] == ["ConfigMap", "Job"]
    for each in found:
        kubernetes_validate.validate(each, "1.36", strict=True)
        assert each["metadata"]["namespace"] == "training"
        assert re.fullmatch("shop-driver-[0-9a-f]{10}", each["metadata"]["name"])


def test_it_brings_the_plan_folder_byte_for_byte(plan: Path, tmp_path: Path) -> None:
    config_map, job = objects(plan)
    copy = tmp_path / "copy"
    copy.mkdir()
    for name, text in config_map["data"].items():
        (copy / name).write_bytes(text.encode())
        assert re.fullmatch("[-._a-zA-Z0-9]{1,253}", name), "the API server accepts no other keys"
    assert config_map["immutable"] is True
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert folder_digest(copy) == folder_digest(plan)
    assert container["args"] == ["apply", "specs/shop/plan", "--files-digest", folder_digest(plan), "--wait"]
    assert container["volumeMounts"][0]["mountPath"] == "/specs/shop/plan"


@pytest.mark.parametrize("task", ["a\u2028b", "你好：é – |", "no # 'x' \"y\" \\ {{ z }} {% y %}"])
def test_any_text_survives(make_spec: MakeSpec, task: str) -> None:
    path = make_spec(("task: answer questions about orders", f"task: {json.dumps(task)}"), profile=DRIVEN)
    assert trainspec("compile", path).exit_code == 0
    plan = path.parent / "plan"
    config_map, _ = objects(plan)
    assert config_map["data"] == {each.name: each.read_bytes().decode() for each in plan.iterdir()}


def test_its_pod_is_restricted_and_small(plan: Path) -> None:
    _, job = objects(plan)
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["serviceAccountName"] == "trainspec-driver"
    assert pod["automountServiceAccountToken"] is True
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["image"].endswith(f"@sha256:{DIGEST}")
    assert set(container["resources"]["limits"]) == {"cpu", "memory", "ephemeral-storage"}
    assert not any("/" in name for name in container["resources"]["requests"])


def test_it_outlasts_its_plan(plan: Path) -> None:
    _, job = objects(plan)
    stages = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in plan.glob("*.job.yaml")]
    deadlines = [each["spec"]["activeDeadlineSeconds"] for each in stages]
    assert job["spec"]["activeDeadlineSeconds"] == sum(deadlines) + len(deadlines) * WAIT_SECONDS
    assert len(deadlines) > 1


def test_another_plan_or_image_is_another_driver(plan: Path) -> None:
    (profile,) = plan.parent.parent.parent.glob("specs/clusters/*.yaml")
    spec = plan.parent / "spec.yaml"
    made = [objects(plan)[1]["metadata"]]
    for path, old, new in ((profile, "driver@sha256:0", "driver@sha256:f"), (spec, "spec:\n", "spec:\n  rerun: 1\n")):
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
        trainspec("compile", spec)
        made.append(objects(plan)[1]["metadata"])
    assert len({each["name"] for each in made}) == 3
    first, second, third = (each["annotations"]["trainspec.dev/plan-digest"] for each in made)
    assert first == second != third, "a plan stays approved, whatever image applies it"


def refused(plan: Path, *options: str) -> str:
    done = trainspec("driver", plan, *options)
    assert (done.exit_code, done.stdout) == (1, "")
    return done.stderr


def test_only_what_was_approved_gets_a_driver(plan: Path) -> None:
    digest = objects(plan)[1]["metadata"]["annotations"]["trainspec.dev/plan-digest"]
    assert trainspec("driver", plan, "--plan-digest", digest).exit_code == 0
    assert "CLU608" in refused(plan, "--plan-digest", "0" * 64)
    (plan / "02-sft.job.yaml").write_text("kind: Job\n", encoding="utf-8")
    assert "CLU608" in refused(plan)


def test_a_missing_driver_image_is_reported_at_the_profile(make_spec: MakeSpec) -> None:
    path = make_spec(profile=PROFILE)
    trainspec("compile", path)
    stderr = refused(path.parent / "plan")
    assert "CLU617" in stderr
    assert "small.yaml:" in stderr
    assert "`driverImage`" in stderr


def test_a_plan_too_large_for_a_config_map_is_refused(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compiler.run.cluster.driver.MAX_BYTES", 1000)
    assert "a ConfigMap holds at most 1,000" in refused(plan)
    assert sum(each.stat().st_size for each in plan.iterdir()) < MAX_BYTES / 10


def test_a_plan_without_jobs_has_nothing_to_drive(make_spec: MakeSpec) -> None:
    path = make_spec(("runsEndToEnd: true", "runsEndToEnd: false"), profile=DRIVEN)
    assert trainspec("compile", path).exit_code == 0
    assert "CLU616" in refused(path.parent / "plan")


@pytest.fixture
def policies(make_spec: MakeSpec) -> tuple[Path, list[dict[str, Any]]]:
    """A plan with a load stage, and all policies of its namespace."""
    path = make_spec(profile=LOADING)
    assert trainspec("compile", path).exit_code == 0
    (profile,) = path.parent.parent.glob("clusters/*.yaml")
    options = [part for each in NETWORKS for part in ("--driver", each)]
    found = list(yaml.safe_load_all(trainspec("access", profile, *options).stdout))
    plan = path.parent / "plan"
    found += [yaml.safe_load(each.read_text(encoding="utf-8")) for each in plan.glob("*-policy.yaml")]
    return plan, [each for each in found if each["kind"] == "NetworkPolicy"]


def reached(labels: dict[str, str], policies: list[dict[str, Any]]) -> set[tuple[str, str, int]] | None:
    """The (address, protocol, port) that a pod may send to, by all policies that select it."""
    chosen = [
        each
        for each in policies
        if (each["spec"]["podSelector"].get("matchLabels") or {}).items() <= labels.items()
        and "Egress" in each["spec"]["policyTypes"]
    ]
    if not chosen:
        return None  # no policy restricts it
    return {
        (to.get("ipBlock", {}).get("cidr", "?"), port["protocol"], port["port"])
        for each in chosen
        for rule in each["spec"].get("egress", [])
        for to in rule.get("to", [{"ipBlock": {"cidr": "anywhere"}}])
        for port in rule["ports"]
    }


NAMES = {("anywhere", "UDP", 53), ("anywhere", "TCP", 53)}


def test_policies_add_up_to_what_each_pod_needs(policies: tuple[Path, list[dict[str, Any]]]) -> None:
    plan, found = policies
    assert len(found) == 4
    _, job = objects(plan)
    driver = reached(job["spec"]["template"]["metadata"]["labels"], found)
    assert driver == NAMES | {(each, "TCP", port) for each in NETWORKS for port in (443, 6443)}
    stages = {path.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in plan.glob("*.job.yaml")}
    may = {name: reached(each["spec"]["template"]["metadata"]["labels"], found) for name, each in stages.items()}
    assert may.pop("01-load.job.yaml") == NAMES | {("anywhere", "TCP", 9000)}
    assert len(may) > 3
    assert set(map(str, may.values())) == {"set()"}
    assert reached({}, found) == set(), "a pod without labels"
