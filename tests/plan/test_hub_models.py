"""Models of a hub in a spec: how they are pinned, and what a plan makes of them."""

from typing import Any

import pytest
import yaml
from conftest import PROFILE, ROUNDS, MakeSpec

from compiler.diagnostics import Diagnostic
from compiler.pipeline.phases import compile_spec, make_plan
from compiler.plan.model import Plan
from runtime.contract.stages import LoadStage

NAME, COMMIT, OTHER = "Qwen/Qwen3-8B", "0123456789abcdef" * 2 + "01234567", "f" * 40
MODEL = '    name: tiny\n    revision: "1"'
HUB = "hub: {endpoint: 'https://hub.example.com', secret: hub-token}"
BUCKET = "bucket: {uri: 's3://training/llm', endpoint: 'http://minio.storage:9000', secret: s3-keys}"


def of_hub(revision: str = COMMIT, name: str = NAME) -> tuple[str, str]:
    """An edit that names a hub's model; evidence of the other model then no longer counts."""
    return MODEL, f"    name: {name}\n    revision: {revision}"


def with_source(*sources: str) -> str:
    lines = "".join(f"      {each}\n" for each in sources)
    return PROFILE.replace("  storage:\n", f"  storage:\n    source:\n{lines}")


def errors(spec: Any) -> list[Diagnostic]:
    return [each for each in make_plan(spec, "spec.yaml").diagnostics if each.severity == "error"]


def planned(spec: Any) -> Plan:
    outcome = make_plan(spec, "spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    return outcome.value


def rendered(spec: Any) -> dict[str, Any]:
    outcome = compile_spec(spec, "spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    files = outcome.value.bundle.files
    return {file.name: yaml.safe_load(file.text) for file in files if file.name.endswith(".yaml")}


@pytest.mark.parametrize(
    ("revision", "what", "looked_up"),
    [
        ("main", "a branch or tag", "main"),
        ("v1.0", "a branch or tag", "v1.0"),
        ("0123abc", "not a whole commit", "main"),
        (f'"{COMMIT[:39]}"', "not a whole commit", "main"),
        (COMMIT.upper(), "a commit in capitals", "main"),
    ],
)
def test_only_a_whole_commit_pins_a_model(make_spec: MakeSpec, revision: str, what: str, looked_up: str) -> None:
    spec = make_spec(of_hub(revision))
    (found,) = errors(spec)
    assert found.code == "CHK216"
    assert found.location.line is not None
    assert revision in spec.read_text(encoding="utf-8").splitlines()[found.location.line - 1]
    assert what in found.message
    assert f"trainspec-runtime fetch {NAME}@{looked_up}`" in found.hint


@pytest.mark.parametrize("name", ["a--b/c", "a/b..c", "a/b.git", "-a/b", "a/b-", f"a/{'b' * 97}", "a/b/c", "/a", "a/"])
def test_names_that_no_hub_can_have(make_spec: MakeSpec, name: str) -> None:
    (found,) = errors(make_spec(of_hub(name=f'"{name}"')))
    assert found.code in ("CHK216", "SPC104")


def test_a_folder_of_the_team_needs_no_commit(make_spec: MakeSpec) -> None:
    assert errors(make_spec()) == []


TEACHER = """\
  teacher:
    name: acme/large
    revision: main
    license: Apache-2.0
    outputsMayTrain: true
    access: %s
  data:
"""


@pytest.mark.parametrize(
    ("access", "codes"), [("weights", ["CHK216"]), ("text\n    endpoint: https://llm.example.com/v1", [])]
)
def test_a_teacher_is_pinned_if_its_weights_are_read(make_spec: MakeSpec, access: str, codes: list[str]) -> None:
    found = errors(make_spec(("  data:\n", TEACHER % access)))
    assert [each.code for each in found] == codes


def test_the_commit_is_part_of_every_jobs_name(make_spec: MakeSpec) -> None:
    first = planned(make_spec(of_hub(), profile=with_source(HUB))).stages
    second = planned(make_spec(of_hub(OTHER), profile=with_source(HUB))).stages
    assert [stage.name for stage in first] == [stage.name for stage in second] != []
    assert {stage.job for stage in first} & {stage.job for stage in second} == set()
    assert {stage.config["model"]["path"] for stage in first} == {f"{NAME}/{COMMIT}"}


def test_a_hub_alone_brings_models_and_leaves_the_data(make_spec: MakeSpec) -> None:
    files = rendered(make_spec(of_hub(), profile=with_source(HUB)))
    config = yaml.safe_load(files["01-load.config.yaml"]["data"]["config.yaml"])
    assert config["source"] == {"hub": {"endpoint": "https://hub.example.com", "authenticated": True}}
    assert config["data"] == []
    LoadStage.model_validate(config)
    pod = files["01-load.job.yaml"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    read_only = {each["name"]: each.get("readOnly", False) for each in container["volumeMounts"]}
    assert (read_only["models"], read_only["data"]) == (False, True)


def test_the_token_is_the_loads_alone(make_spec: MakeSpec) -> None:
    files = rendered(make_spec(of_hub(), profile=with_source(HUB)))
    wanted = {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hub-token", "key": "HF_TOKEN"}}}
    for name, job in ((name, each) for name, each in files.items() if name.endswith(".job.yaml")):
        (container,) = job["spec"]["template"]["spec"]["containers"]
        variables = {each["name"]: each for each in container["env"]}
        assert variables.get("HF_TOKEN") == (wanted if name == "01-load.job.yaml" else None), name
        assert variables["HF_HUB_OFFLINE"]["value"] == "1"
    others = [each for name, each in files.items() if name != "01-load.job.yaml"]
    assert "hub-token" not in str(others)


@pytest.mark.parametrize(
    ("sources", "ports"),
    [
        (["hub: {}"], [443]),
        (["hub: {endpoint: 'http://hub.storage:8080'}"], [443, 8080]),
        (["hub: {proxy: 'http://proxy.example.com:3128'}"], [3128]),
        (["hub: {}", BUCKET], [443, 9000]),
        (["hub: {}", "folder: {claim: share}"], [443]),
    ],
)
def test_only_the_load_reaches_the_hub(make_spec: MakeSpec, sources: list[str], ports: list[int]) -> None:
    files = rendered(make_spec(of_hub(), profile=with_source(*sources)))
    policies = [each for each in files.values() if each["kind"] == "NetworkPolicy" and each["spec"].get("egress")]
    (policy,) = policies
    assert policy["spec"]["podSelector"]["matchLabels"]["trainspec.dev/stage"] == "load"
    assert [rule["port"] for rule in policy["spec"]["egress"][1]["ports"]] == ports


def test_beside_a_bucket_the_hub_brings_models_only(make_spec: MakeSpec) -> None:
    stage = planned(make_spec(of_hub(), profile=with_source(HUB, BUCKET))).stages[0]
    assert set(stage.config["source"]) == {"hub", "bucket"}
    assert stage.config["data"] != []
    LoadStage.model_validate(stage.config)


def test_a_hub_alone_has_nothing_to_load_for_a_folder_of_the_team(make_spec: MakeSpec) -> None:
    assert planned(make_spec(profile=with_source(HUB))).stages[0].name == "evaluate-base"


def test_without_a_source_the_model_is_in_the_claim(make_spec: MakeSpec) -> None:
    stages = planned(make_spec(of_hub())).stages
    assert stages[0].config["model"]["path"] == f"{NAME}/{COMMIT}"


@pytest.mark.parametrize("name", ["HF_TOKEN", "AWS_ACCESS_KEY_ID"])
def test_a_variable_of_the_load_is_not_set_twice(make_spec: MakeSpec, name: str) -> None:
    secret = f"  secrets:\n    - {{env: {name}, secret: other, key: token}}\n  storage:\n"
    profile = with_source(HUB, BUCKET).replace("  storage:\n", secret)
    (found,) = errors(make_spec(of_hub(), profile=profile))
    assert found.code == "CHK209"
    assert name in found.message


@pytest.mark.parametrize(("commit", "codes"), [(COMMIT, []), (OTHER, ["CHK240"])])
def test_evidence_of_another_commit_does_not_count(make_spec: MakeSpec, commit: str, codes: list[str]) -> None:
    rounds = ROUNDS.replace("tiny/1", f"{NAME}/{commit}")
    found = make_plan(make_spec(of_hub(), evidence={"prompt-rounds": rounds}), "spec.yaml").diagnostics
    assert [each.code for each in found if each.code == "CHK240"] == codes
