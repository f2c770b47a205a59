"""A profile with a source: the plan gets a first stage that fills the claims, and everything else stays as it was."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import PROFILE, MakeSpec
from support.local_project import make_project

from compiler.pipeline.phases import compile_spec, make_plan
from compiler.plan.model import Plan

SPECS = Path(__file__).resolve().parents[2] / "specs"
BUCKET = "bucket: {uri: 's3://training/llm', endpoint: 'http://minio.storage:9000', secret: s3-keys}"
IDENTITY = "bucket: {uri: 's3://training', region: eu-west-1, serviceAccount: loader}"
FOLDER = "folder: {claim: share}"


def with_source(source: str) -> str:
    return PROFILE.replace("  storage:\n", f"  storage:\n    source:\n      {source}\n")


def planned(spec: Path) -> Plan:
    outcome = make_plan(spec, "spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    return outcome.value


def rendered(spec: Path) -> dict[str, Any]:
    outcome = compile_spec(spec, "spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    files = outcome.value.bundle.files
    return {file.name: yaml.safe_load(file.text) for file in files if file.name.endswith(".yaml")}


def test_a_load_comes_first_and_leaves_the_other_names(make_spec: MakeSpec) -> None:
    without = planned(make_spec()).stages
    first, *rest = planned(make_spec(profile=with_source(BUCKET))).stages
    assert [stage.job for stage in rest] == [stage.job for stage in without]
    assert (first.order, first.needs, first.method, first.rules) == (1, "", "load", ())
    assert [stage.order for stage in rest] == [stage.order + 1 for stage in without]
    assert [stage.needs for stage in rest] == [first.job, *(stage.job for stage in without[:-1])]


def test_it_names_all_that_the_stages_read(make_spec: MakeSpec) -> None:
    config = planned(make_spec(profile=with_source(BUCKET))).stages[0].config
    assert config["model"]["path"] == "tiny/1"
    assert [block["path"] for block in config["data"]] == [
        "data/badcases.jsonl",
        "data/demos.jsonl",
        "data/held-out.jsonl",
    ]
    assert all(set(block) == {"path", "shape", "sha256", "rows"} for block in config["data"])
    assert config["folder"] == "shop"
    bucket = {"uri": "s3://training/llm", "endpoint": "http://minio.storage:9000", "signed": True}
    assert config["source"] == {"bucket": bucket}


def shipped(tmp_path: Path, name: str, profile: str) -> Plan:
    """The plan of a shipped spec whose profile has a source."""
    for each in (name, "clusters"):
        shutil.copytree(SPECS / each, tmp_path / each, ignore=shutil.ignore_patterns("plan"))
    path = tmp_path / "clusters" / f"{profile}.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("  storage:\n", f"  storage:\n    source:\n      {FOLDER}\n"), encoding="utf-8")
    return planned(tmp_path / name / "spec.yaml")


def test_a_teachers_weights_databases_and_reward_code_are_named(tmp_path: Path) -> None:
    distilled = shipped(tmp_path / "a", "parcel-address", "cpu-small")
    teacher = distilled.inputs.spec.spec.teacher
    assert teacher is not None
    assert distilled.stages[0].config["teachers"] == [f"{teacher.name}/{teacher.revision}"]
    queries = shipped(tmp_path / "b", "nl2sql", "cpu-small")
    assert queries.stages[0].config["folders"] == dict(queries.inputs.folders) != {}
    assert queries.stages[0].config["source"] == {"folder": {"claim": "share"}}


def test_only_the_load_writes_to_the_claims_and_gets_keys(make_spec: MakeSpec) -> None:
    files = rendered(make_spec(profile=with_source(BUCKET)))
    for name, job in ((name, each) for name, each in files.items() if name.endswith(".job.yaml")):
        pod = job["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        writes = name == "01-load.job.yaml"
        mounts = {each["name"]: each for each in container["volumeMounts"]}
        claims = {each["name"]: each.get("persistentVolumeClaim", {}) for each in pod["volumes"]}
        for volume in ("models", "data"):
            assert mounts[volume].get("readOnly", False) is not writes, name
            assert claims[volume].get("readOnly", False) is not writes, name
        keys = [each["valueFrom"]["secretKeyRef"] for each in container["env"] if each["name"].startswith("AWS_")]
        wanted = [{"name": "s3-keys", "key": key} for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
        assert keys == (wanted if writes else []), name
        assert "serviceAccountName" not in pod


@pytest.mark.parametrize(("source", "ports"), [(BUCKET, [9000]), (IDENTITY, [443]), (FOLDER, None)])
def test_only_a_bucket_opens_the_network_and_only_for_the_load(
    make_spec: MakeSpec, source: str, ports: list[int] | None
) -> None:
    files = rendered(make_spec(profile=with_source(source)))
    assert ("load-policy.yaml" in files["kustomization.yaml"]["resources"]) is (ports is not None)
    if ports is not None:
        policy = files["load-policy.yaml"]["spec"]
        labels = {"app.kubernetes.io/part-of": "shop", "trainspec.dev/stage": "load"}
        assert policy["podSelector"] == {"matchLabels": labels}
        assert policy["policyTypes"] == ["Egress"]
        assert [rule["port"] for rule in policy["egress"][1]["ports"]] == ports


def test_an_identity_is_the_loads_alone(make_spec: MakeSpec) -> None:
    files = rendered(make_spec(profile=with_source(IDENTITY)))
    jobs = {name: each["spec"]["template"]["spec"] for name, each in files.items() if name.endswith(".job.yaml")}
    accounts = {name: pod.get("serviceAccountName") for name, pod in jobs.items()}
    assert {name for name, account in accounts.items() if account} == {"01-load.job.yaml"}
    assert accounts["01-load.job.yaml"] == "loader"
    assert jobs["01-load.job.yaml"]["automountServiceAccountToken"] is False


def test_a_folder_is_mounted_read_only_for_the_load(make_spec: MakeSpec) -> None:
    files = rendered(make_spec(profile=with_source(FOLDER)))
    pod = files["01-load.job.yaml"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert {"name": "source", "mountPath": "/source", "readOnly": True} in container["volumeMounts"]
    claim = {"claimName": "share", "readOnly": True}
    assert {"name": "source", "persistentVolumeClaim": claim} in pod["volumes"]
    assert {"name": "TRAINSPEC_SOURCE", "value": "/source"} in container["env"]
    others = [each for name, each in files.items() if name.endswith(".job.yaml") and name != "01-load.job.yaml"]
    assert "/source" not in str(others)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{}", "needs a `bucket`, a `folder` or a `hub`"),
        ("bucket: {uri: 's3://training'}\n      folder: {claim: share}", "sets both `bucket` and `folder`"),
        ("bucket: {uri: 's3://training', secret: a, serviceAccount: b}", "sets both `secret` and `serviceAccount`"),
        ("bucket: {uri: 'gs://training'}", "`gs://training`"),
        ("bucket: {uri: 's3://training/../other'}", "has the wrong form"),
        ("bucket: {uri: 's3://training//x'}", "has the wrong form"),
        ("bucket: {uri: 's3://KEY:SECRET@training'}", "has the wrong form"),
        ("hub: {endpoint: hub.example.com}", "has the wrong form"),
        ("hub: {proxy: 'http://me:word@proxy.example.com'}", "has the wrong form"),
    ],
)
def test_invalid_sources(make_spec: MakeSpec, source: str, message: str) -> None:
    (found,) = make_plan(make_spec(profile=with_source(source)), "spec.yaml").diagnostics
    assert found.code == "SPC104"
    assert message in found.message
    assert found.location.path.endswith("small.yaml")


def test_a_local_run_continues_without_it_and_results_keep_its_name(
    make_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    spec = make_spec(profile=with_source(BUCKET))
    project = make_project(spec, tmp_path, monkeypatch)
    before = planned(spec).stages
    assert project.run() == []
    assert list(project.starts()) == ["dpo", "evaluate-base", "evaluate-dpo", "evaluate-sft", "pairs", "sft"]
    out, err = capfd.readouterr()
    assert f"load: not run here; models are read from `{project.models}`, data from `{spec.parent}`" in err
    assert "not run here" in out
    assert project.collect().exit_code == 0
    after = planned(spec).stages
    assert [stage.job for stage in after] == [stage.job for stage in before]
    assert all(stage.finished for stage in after)  # nothing is left to be loaded for


def test_a_load_is_not_finished_while_something_reads(
    make_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = make_spec(profile=with_source(BUCKET))
    project = make_project(spec, tmp_path, monkeypatch)
    project.behave(dpo={"failures": 9, "code": 78})
    assert project.run() == ["RUN793"]
    assert project.collect().exit_code == 0
    first, *rest = planned(spec).stages
    assert not first.finished
    assert [stage.finished for stage in rest] == [True, True, True, False, False, False]
