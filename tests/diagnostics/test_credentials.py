"""Credentials: recognised by their form, reported with their place, and never printed."""

import json
from pathlib import Path

import pytest
from conftest import EVIDENCE, PROFILE, MakeSpec
from support.command import Result, invoke
from support.local_project import Project, make_project

from compiler.diagnostics.credentials import masked
from runtime.contract.credentials import credentials_in

# split, so that scanners of this repository do not report them
HUB = "hf_" + "aB3dE5" * 6
SECRETS = {
    "a Hugging Face token": HUB,
    "an AWS access key": "AKIA" + "Q7R2" * 4,
    "a GitHub token": "ghp_" + "x9Yz" * 9,
    "a GitLab token": "glpat-" + "x9Yz_" * 4,
    "a Slack token": "xoxb-" + "123456789012-abcdef",
    "a Google API key": "AIza" + "x9Yz-" * 7,
    "an API key": "sk-" + "proj-" + "x9Yz" * 10,
    "a bearer token": ".".join(("eyJ" + "hbGciOiJSUzI1NiJ9", "eyJ" + "pc3MiOiJrdWJlIn0", "c2lnbmF0dXJl" * 3)),
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "a password in an address": "://me:" + "pa55word@bucket/rows.jsonl",
}
ALIKE = [
    "task-list-for-the-new-shop-assistants-of-2026",
    "sk-learn-style-estimators-and-pipelines",
    "0123456789abcdef" * 4,
    "registry.example.com/runtime@sha256:" + "0123456789abcdef" * 4,
    "https://models.example.com:8443/v1, or write to me@example.com",
    "hf_transfer and hf_xet are packages",
    "-----BEGIN CERTIFICATE-----",
]


def run(*arguments: object) -> Result:
    return invoke(*arguments)


@pytest.mark.parametrize("name", SECRETS)
def test_a_credential_is_known_by_its_shape(name: str) -> None:
    (found,) = credentials_in(f"it is {SECRETS[name]}, as ever")
    assert found.name == name
    shown = masked(f"it is {SECRETS[name]}, as ever")
    assert SECRETS[name][6:] not in shown
    assert (len(shown), shown[:9]) == (len(f"it is {SECRETS[name]}, as ever"), f"it is {SECRETS[name][:3]}")


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "])
def test_a_private_key_is_known_in_base64(kind: str) -> None:
    import base64

    text = base64.b64encode(f"-----BEGIN {kind}PRIVATE KEY-----\nMIIE".encode()).decode()
    assert [found.name for found in credentials_in(f"client-key-data: {text}")] == ["a private key"]


@pytest.mark.parametrize("text", ALIKE)
def test_text_that_looks_like_a_credential_is_left_alone(text: str) -> None:
    assert list(credentials_in(text)) == []


def test_hostile_texts_take_no_time() -> None:
    for text in ("-----BEGIN " * 20_000 + "PRIVATE KEY-----", "-eyJ" * 80_000, "sk-a-" * 60_000, "a://" * 50_000 + "@"):
        list(credentials_in(text))


SPEC_EDIT = ("task: answer questions about orders", f"task: ask with {HUB}")
WHERE = {
    "spec": ((SPEC_EDIT,), {}, "spec.yaml:9:20"),
    "comment": ((("kind: TrainingSpec", f"kind: TrainingSpec # {HUB}"),), {}, "spec.yaml:2:22"),
    "block": ((("task: answer", f"task: |\n      one\n      {HUB}\n      "),), {}, "spec.yaml:11:7"),
    "profile": (
        (),
        {"profile": PROFILE.replace("  name: small\n", f"  name: small\n  owner: {HUB}\n")},
        "small.yaml:5",
    ),
    "evidence": (
        (("source: the shop's test set", f"source: {HUB}"),),
        {"evidence": EVIDENCE},
        "prompt-rounds.yaml:4:11",
    ),
}


@pytest.mark.parametrize("case", WHERE)
@pytest.mark.parametrize("command", ["check", "compile"])
def test_a_credential_is_refused_with_its_place_and_not_shown(make_spec: MakeSpec, command: str, case: str) -> None:
    edits, rest, place = WHERE[case]
    path = make_spec(*edits, **rest)
    done = run(command, path, "--no-cache")
    assert done.exit_code == 1
    assert "error[CHK245]: this looks like a Hugging Face token" in done.stderr
    assert place in done.stderr
    assert "hf_***" in done.stderr
    assert HUB[3:] not in done.output + done.stderr
    assert not (path.parent / "plan").exists()


def test_a_credential_written_with_escapes_is_found_in_rendered_files(make_spec: MakeSpec) -> None:
    path = make_spec((SPEC_EDIT[0], f'task: "ask with \\x68{HUB[1:]}"'))
    done = run("compile", path, "--no-cache")
    assert done.exit_code == 1
    assert "error[CHK245]: `PLAN.md` would contain what looks like a Hugging Face token" in done.stderr
    assert "spec.yaml:9:11" in done.stderr
    assert not (path.parent / "plan").exists()


def test_no_format_and_no_other_message_shows_a_credential(make_spec: MakeSpec) -> None:
    path = make_spec(("target: 0.9", f"target: {HUB}"), ("kind: preference", f"kind: {HUB}"), SPEC_EDIT)
    for style in ("text", "concise", "json", "sarif", "github"):
        done = run("check", path, "--no-cache", "--format", style)
        assert done.exit_code == 1
        assert HUB[3:] not in done.output + done.stderr, style


def test_a_result_that_holds_a_credential_is_not_collected(
    make_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project: Project = make_project(make_spec(), tmp_path, monkeypatch)
    project.run()
    (path,) = project.work.glob("outputs/shop-evaluate-sft-*/metrics.json")
    metrics = json.loads(path.read_text(encoding="utf-8"))
    metrics["gate"]["reason"] = f"as {HUB} says"
    path.write_text(json.dumps(metrics), encoding="utf-8")
    done = project.collect()
    assert done.exit_code == 1
    assert "error[RUN797]: the result of `evaluate-sft` holds what looks like a Hugging Face token" in done.stderr
    assert HUB[3:] not in done.stdout + done.stderr
    assert not list((project.plan.parent / "evidence").glob("stage-*"))
