"""One plan as Jobs, JobSets and TrainJobs: the same work, and objects that the operators' schemas accept."""

import copy
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from conftest import PROFILE as PROFILE_ON_CPU
from conftest import MakeSpec
from support.operator_schemas import problems

from compiler.pipeline.phases import compile_spec

PROFILE = (Path(__file__).parents[1] / "golden" / "outputs" / "several-nodes" / "profile.yaml").read_text()
GROUPS = ("jobset.x-k8s.io/", "trainer.kubeflow.org/")
LONGEST = "a-plan-whose-name-takes-all-the-room-that-a-name-may-take"
LABEL = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")  # RFC 1035, as services have it
FOR_OPERATORS = ("jobset", "trainjob")


def rendered(make_spec: MakeSpec, output: str, nodes: int = 2, name: str = "shop") -> dict[str, dict[str, Any]]:
    """Every object of the small plan, by file name."""
    profile = PROFILE.replace("  cpu:", f"  output: {output}\n  cpu:").replace("nodes: 2", f"nodes: {nodes}")
    outcome = compile_spec(make_spec(("name: shop", f"name: {name}"), profile=profile), "spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    return {file.name: yaml.safe_load(file.text) for file in outcome.value.bundle.files if file.name.endswith(".yaml")}


def of_kind(objects: dict[str, dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each for each in objects.values() if each["kind"] == kind]


def inner_jobs(objects: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Return the specs of the Jobs of training stages, at any depth."""
    for each in objects.values():
        if each["kind"] == "Job" and each["metadata"]["labels"]["app.kubernetes.io/component"] in ("sft", "dpo"):
            yield each["spec"]
        if each["kind"] in ("JobSet", "TrainingRuntime"):
            jobset = each["spec"] if each["kind"] == "JobSet" else each["spec"]["template"]["spec"]
            (replicated,) = jobset["replicatedJobs"]
            yield replicated["template"]["spec"]


@pytest.mark.parametrize("nodes", [1, 2, 64])
@pytest.mark.parametrize("output", ["job", *FOR_OPERATORS])
def test_every_object_is_valid(make_spec: MakeSpec, output: str, nodes: int) -> None:
    objects = rendered(make_spec, output, nodes)
    operators = [each for each in objects.values() if each["apiVersion"].startswith(GROUPS)]
    assert len(operators) == {"job": 0, "jobset": 2, "trainjob": 4}[output]
    assert [problem for each in operators for problem in problems(each)] == []
    for each in objects.values():
        if each not in operators and each["kind"] != "Kustomization":
            kubernetes_validate.validate(each, "1.36", strict=True)
    for spec in inner_jobs(objects):
        job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "inner"}, "spec": spec}
        kubernetes_validate.validate(job, "1.36", strict=True)


@pytest.mark.parametrize(
    ("file", "path", "reported"),
    [
        ("02-sft.jobset.yaml", ("spec", "failurePolicy", "maxRetries"), "'maxRetries' was unexpected"),
        ("02-sft.trainjob.yaml", ("spec", "trainer", "numNodes"), "'two' is not of type 'integer'"),
        ("02-sft.runtime.yaml", ("spec", "mlPolicy", "torch", "numProcPerNode"), "'numProcPerNode' was unexpected"),
    ],
)
def test_a_field_that_an_operator_does_not_know_is_found(
    make_spec: MakeSpec, file: str, path: tuple[str, ...], reported: str
) -> None:
    each = copy.deepcopy(rendered(make_spec, "jobset" if "jobset" in file else "trainjob")[file])
    where = each
    for name in path[:-1]:
        where = where[name]
    where[path[-1]] = "two"
    (problem,) = problems(each)
    assert reported in problem


@pytest.mark.parametrize("nodes", [1, 2])
def test_the_same_plan_is_the_same_work_in_every_output(make_spec: MakeSpec, nodes: int) -> None:
    """Names, configs and pods are equal, except for how nodes find each other."""
    outputs = {output: rendered(make_spec, output, nodes) for output in ("job", *FOR_OPERATORS)}
    configs = [of_kind(objects, "ConfigMap") for objects in outputs.values()]
    assert configs[0] == configs[1] == configs[2]
    work = []
    for output, objects in outputs.items():
        specs = copy.deepcopy(list(inner_jobs(objects)))
        assert len(specs) == 2
        for spec in specs:
            pod = spec["template"]["spec"]
            (container,) = pod["containers"]
            assert container.pop("name") == ("node" if output == "trainjob" else "stage")
            rendezvous = [entry for entry in container["env"] if entry["name"].startswith("MASTER_")]
            assert len(rendezvous) == (2 if nodes > 1 and output != "trainjob" else 0)
            container["env"] = [entry for entry in container["env"] if entry not in rendezvous]
            assert (pod.pop("subdomain", None) is not None) == (nodes > 1 and output == "job")
            assert (spec.pop("completionMode", None) == "Indexed") == (nodes > 1 or output != "job")
            for rule in spec["podFailurePolicy"]["rules"]:
                rule.get("onExitCodes", {}).pop("containerName", None)
        work.append(specs)
    assert work[0] == work[1] == work[2]
    evaluations = [
        [each for each in of_kind(objects, "Job") if each["spec"]["parallelism"] == 1] for objects in outputs.values()
    ]
    assert [len(each) for each in evaluations] == [4 + 2 * (nodes == 1), 4, 4]


@pytest.mark.parametrize("output", ["job", *FOR_OPERATORS])
def test_the_first_node_is_found_by_a_name_that_it_has(make_spec: MakeSpec, output: str) -> None:
    """The names are those that Indexed Jobs and the two operators give their pods."""
    objects = rendered(make_spec, output, name=LONGEST)
    for spec, config in zip(inner_jobs(objects), ("sft", "dpo"), strict=True):
        job = next(
            each["metadata"]["name"]
            for each in of_kind(objects, "ConfigMap")
            if each["metadata"]["labels"]["app.kubernetes.io/component"] == config
        )
        assert spec["completions"] == spec["parallelism"] == 2
        pod = spec["template"]["spec"]
        host = next((entry["value"] for entry in pod["containers"][0]["env"] if entry["name"] == "MASTER_ADDR"), None)
        if output == "job":
            (service,) = (each for each in of_kind(objects, "Service") if each["metadata"]["name"] == pod["subdomain"])
            assert service["spec"]["clusterIP"] == "None"
            assert service["spec"]["publishNotReadyAddresses"] is True
            assert service["spec"]["selector"] == {"batch.kubernetes.io/job-name": job}
            assert LABEL.fullmatch(service["metadata"]["name"])
            assert host == f"{job}-0.{service['metadata']['name']}"
            hostname = f"{job}-63"
        else:  # a JobSet creates its service under its own name; a TrainJob passes the host to its pods
            assert host == (f"{job}-node-0-0.{job}" if output == "jobset" else None)
            hostname = f"{job}-node-0-63"
        assert LABEL.fullmatch(f"{hostname}-abcde")  # and the end of a pod's own name


def test_the_plan_page_shows_nodes_and_outputs(make_spec: MakeSpec) -> None:
    for nodes, output, shown in (
        (2, "jobset", "2 nodes × 4 × H100, 16 cores, 128Gi; trained as a jobset |"),
        (1, "job", "`small`: 4 × H100, 16 cores, 128Gi |"),
    ):
        profile = PROFILE.replace("  cpu:", f"  output: {output}\n  cpu:").replace("nodes: 2", f"nodes: {nodes}")
        outcome = compile_spec(make_spec(profile=profile), "spec.yaml")
        assert outcome.value is not None, outcome.diagnostics
        assert shown in next(file.text for file in outcome.value.bundle.files if file.name == "PLAN.md")


def test_kubectl_applies_a_runtime_before_its_trainjob(make_spec: MakeSpec, tmp_path: Path) -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    for name, each in rendered(make_spec, "trainjob").items():
        (tmp_path / name).write_text(yaml.safe_dump(each), encoding="utf-8")
    done = subprocess.run(["kubectl", "kustomize", str(tmp_path)], capture_output=True, text=True, check=True)
    kinds = [each["kind"] for each in yaml.safe_load_all(done.stdout)]
    before = kinds[: kinds.index("Job")]
    assert set(before) == {"NetworkPolicy", "PersistentVolumeClaim", "ConfigMap", "TrainingRuntime"}
    assert set(kinds[len(before) :]) == {"Job", "TrainJob"}


def test_a_trainjob_without_a_gpu_has_one_process(make_spec: MakeSpec) -> None:
    profile = PROFILE_ON_CPU.replace("  cpu:", "  output: trainjob\n  cpu:")
    outcome = compile_spec(make_spec(profile=profile), "spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    text = next(file.text for file in outcome.value.bundle.files if file.name == "02-sft.trainjob.yaml")
    assert yaml.safe_load(text)["spec"]["trainer"] == {"numNodes": 1, "numProcPerNode": 1}


def test_pods_reach_each_other_only_where_there_are_several(make_spec: MakeSpec) -> None:
    single, several = (rendered(make_spec, "job", nodes) for nodes in (1, 2))
    assert single["outputs-claim.yaml"]["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert several["outputs-claim.yaml"]["spec"]["accessModes"] == ["ReadWriteMany"]
    assert "nodes-policy.yaml" not in single
    assert single["network-policy.yaml"] == several["network-policy.yaml"]
    policy = several["nodes-policy.yaml"]["spec"]
    pods = policy["podSelector"]
    assert pods["matchExpressions"] == [{"key": "trainspec.dev/stage", "operator": "In", "values": ["sft", "dpo"]}]
    assert policy["ingress"] == [{"from": [{"podSelector": pods}]}]
    to_pods, names = policy["egress"]
    assert to_pods == {"to": [{"podSelector": pods}]}
    assert {port["port"] for port in names["ports"]} == {53}
    listed = several["kustomization.yaml"]["resources"]
    assert {"nodes-policy.yaml", "02-sft.service.yaml"} <= set(listed)
    assert sorted(listed) == sorted(name for name in several if name != "kustomization.yaml")


@pytest.mark.parametrize("output", ["job", *FOR_OPERATORS])
def test_the_queue_is_a_label_of_the_object_that_it_admits(make_spec: MakeSpec, output: str) -> None:
    objects = rendered(make_spec, output)
    kind = {"job": "Job", "jobset": "JobSet", "trainjob": "TrainJob"}[output]
    admitted = {"Job", kind}
    for each in objects.values():
        labels = {name: value for name, value in each.get("metadata", {}).get("labels", {}).items() if "kueue" in name}
        stage = each["kind"] in admitted and each["metadata"]["annotations"]["trainspec.dev/stage"]
        deadline = {"sft": "14400", "dpo": "14400", "pairs": "1800"}.get(str(stage), "3600")
        assert labels == (
            {
                "kueue.x-k8s.io/queue-name": "research",
                "kueue.x-k8s.io/priority-class": "overnight",
                "kueue.x-k8s.io/max-exec-time-seconds": deadline,
            }
            if stage
            else {}
        ), each["metadata"]["name"]
        assert "suspend" not in each.get("spec", {})
    for spec in inner_jobs(objects):
        notes = spec["template"]["metadata"]["annotations"]
        assert notes == {"kueue.x-k8s.io/podset-preferred-topology": "cloud.example.com/rack"}


def test_one_failure_of_a_group_counts_once(make_spec: MakeSpec) -> None:
    """Exit codes of the runtime: those that must not be retried come first, then those that are not failures."""
    from runtime.contract.exit_codes import ExitCode

    for output in ("job", *FOR_OPERATORS):
        for spec in inner_jobs(rendered(make_spec, output)):
            never, evicted, followed = spec["podFailurePolicy"]["rules"]
            assert (never["action"], ExitCode.GROUP_ENDED in never["onExitCodes"]["values"]) == ("FailJob", False)
            assert (evicted["action"], evicted["onPodConditions"][0]["type"]) == ("Ignore", "DisruptionTarget")
            assert (followed["action"], followed["onExitCodes"]["values"]) == ("Ignore", [ExitCode.GROUP_ENDED])
            assert spec["backoffLimit"] == 3
    for spec in inner_jobs(rendered(make_spec, "job", nodes=1)):
        assert len(spec["podFailurePolicy"]["rules"]) == 2
