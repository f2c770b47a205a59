"""`trainspec init`: a first spec that compiles at once, to the phase that the answers call for, in an empty folder too."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PROFILE, badcases, held_out, write_rows
from hypothesis import given, settings
from hypothesis import strategies as st
from support.command import Result, invoke
from support.waiting import HUNG_SECONDS

import compiler.cli.init.command
from compiler.cli.init.texts import Answers, scalar, spec_text
from compiler.pipeline.phases import make_plan
from compiler.spec.schema.validate import validate
from compiler.spec.yaml.load import compose

FLAGS = ("--application", "rag", "--task", "回答售后问题", "--target", "0.9", "--model", "qwen3-8b/1.0")


def run(*arguments: object, answers: str | None = None) -> Result:
    return invoke("init", *arguments, answers=answers)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is where the command runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def phase(name: str) -> str:
    outcome = make_plan(Path("specs") / name / "spec.yaml", f"specs/{name}/spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    return outcome.value.selection.phase.value


def files() -> list[str]:
    return sorted(str(path) for path in Path().rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("more", "wanted", "rule"),
    [
        (["--no-runs"], "collect", "G1"),
        (["--runs"], "collect", "G2"),
        (["--runs", "--traces", "s3://追踪/"], "collect", "G3"),
        (["--runs", "--traces", "s3://追踪/", "--badcases", "b.jsonl"], "prompt", "P0"),
        (["--runs", "--traces", "s3://追踪/", "--badcases", "b.jsonl", "--evaluation", "e.jsonl"], "prompt", "P0"),
    ],
)
def test_the_spec_compiles_to_the_phase_of_the_answers(more: list[str], wanted: str, rule: str) -> None:
    write_rows(Path("b.jsonl"), badcases(35))
    write_rows(Path("e.jsonl"), held_out(35))
    done = run("shop", *FLAGS, *more)
    assert done.exit_code == 0, done.stderr
    assert f"do not train yet: {'collect' if wanted == 'collect' else 'work on the prompt'}" in done.stdout
    assert phase("shop") == wanted
    outcome = make_plan(Path("specs/shop/spec.yaml"), "spec.yaml")
    assert outcome.value is not None
    fired = [each.rule.id for each in outcome.value.selection.trace if each.finding.status == "fired"]
    assert rule in fired


def test_an_empty_folder_gets_a_profile_and_schemas_and_nothing_made_up() -> None:
    run("shop", *FLAGS, "--no-runs")
    assert files() == [
        ".gitattributes",
        ".gitignore",
        "specs/clusters/local.yaml",
        "specs/schema/cluster-profile.schema.json",
        "specs/schema/evidence.schema.json",
        "specs/schema/training-spec.schema.json",
        "specs/shop/data/README.md",
        "specs/shop/evidence/README.md",
        "specs/shop/spec.yaml",
    ]
    profile = compose(Path("specs/clusters/local.yaml").read_text(encoding="utf-8"), "local.yaml").value
    assert profile is not None
    assert validate(profile).ok


def test_existing_files_are_used_and_never_overwritten() -> None:
    Path("specs/clusters").mkdir(parents=True)
    Path("specs/clusters/small.yaml").write_text(PROFILE, encoding="utf-8")
    Path("specs/schema").mkdir()
    Path("specs/schema/evidence.schema.json").write_text("{}", encoding="utf-8")
    assert run("shop", *FLAGS, "--no-runs").exit_code == 0
    assert "profile: small # clusters/small.yaml" in Path("specs/shop/spec.yaml").read_text(encoding="utf-8")
    assert not Path("specs/clusters/local.yaml").exists()
    assert Path("specs/schema/evidence.schema.json").read_text(encoding="utf-8") == "{}"
    before = {name: Path(name).read_bytes() for name in files()}
    again = run("shop", *FLAGS, "--runs")
    assert again.exit_code == 2
    assert "`specs/shop` already exists" in again.stderr
    assert {name: Path(name).read_bytes() for name in files()} == before


def test_without_a_terminal_the_missing_flags_are_named() -> None:
    done = run("shop", "--task", "x")
    assert done.exit_code == 2
    for flag in ("--application", "--target", "--runs or --no-runs", "--model"):
        assert flag in done.stderr
    assert "--task" not in done.stderr
    assert "NAME" not in done.stderr
    assert files() == []


def test_all_wrong_answers_are_reported_at_once() -> None:
    flags = ("--application", "bot", "--task", " ", "--target", "90", "--model", "q", "--metric", "F1")
    done = run("商店", *flags, "--runs", "--badcases", "none.jsonl", "--profile", "big")
    assert done.exit_code == 2
    for text in ("`商店`", "`bot`", "the task", "`90`", "`q`", "`F1`", "`none.jsonl`", "`--profile`"):
        assert text in done.stderr
    assert files() == []


def test_a_hubs_model_is_given_with_its_commit() -> None:
    done = run("shop", *FLAGS[:-1], "Qwen/Qwen3-8B@main", "--runs")
    assert done.exit_code == 2
    assert "trainspec-runtime fetch Qwen/Qwen3-8B@main" in done.stderr
    assert run("shop", *FLAGS[:-1], f"Qwen/Qwen3-8B@{'0a' * 20}", "--runs").exit_code == 0
    spec = Path("specs/shop/spec.yaml").read_text(encoding="utf-8")
    assert f"name: Qwen/Qwen3-8B\n    revision: {'0a' * 20}\n" in spec


@pytest.mark.parametrize("task", ["a \udcff byte", "a \x01 control"])
def test_characters_that_are_no_text_are_reported(task: str) -> None:
    done = run("shop", *FLAGS, "--no-runs", "--task", task)
    assert done.exit_code == 2
    assert "holds a control character or a lone surrogate" in done.stderr


def test_data_that_does_not_fit_is_reported_and_nothing_is_kept() -> None:
    Path("b.jsonl").write_text(json.dumps({"id": "1", "prompt": "p"}) + "\n", encoding="utf-8")
    done = run("shop", *FLAGS, "--runs", "--badcases", "b.jsonl")
    assert done.exit_code == 1
    assert "CHK203" in done.stderr
    assert files() == ["b.jsonl"]


def test_a_folder_that_cannot_be_written_is_reported() -> None:
    Path("specs").write_text("a file", encoding="utf-8")
    done = run("shop", *FLAGS, "--no-runs")
    assert done.exit_code == 1
    assert "cannot write" in done.stderr


def test_prompts_repeat_until_the_answer_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler.cli.init.command, "_on_a_terminal", lambda: True)
    given_answers = [
        "商店",
        "shop",
        "bot",
        "rag",
        "回答：退换货 #1",
        "",
        "90",
        "0.8",
        "y",
        "s3://追踪/",
        "qwen3/1.0",
        "",
        "",
    ]
    done = run(answers="\n".join(given_answers) + "\n")
    assert done.exit_code == 0, done.stderr
    assert "`商店` cannot name Kubernetes objects" in done.output
    composed = compose(Path("specs/shop/spec.yaml").read_text(encoding="utf-8"), "").value
    assert composed is not None
    body = composed.data["spec"]  # type: ignore[index]
    assert body["goal"]["task"] == "回答：退换货 #1"
    assert body["goal"]["metrics"] == [{"name": "exact_match", "target": 0.8}]
    assert body["system"]["traces"]["location"] == "s3://追踪/"
    assert phase("shop") == "collect"


def test_answers_given_as_flags_are_not_prompted_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler.cli.init.command, "_on_a_terminal", lambda: True)
    done = run(*FLAGS, "--no-runs", answers="shop\n\n\n\n\n")
    assert done.exit_code == 0, done.output
    assert "Kind of application" not in done.output


def test_prompts_work_on_a_real_terminal() -> None:
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "compiler", "init", "shop", *FLAGS]
    process = subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower)
    os.close(follower)
    os.write(leader, b"\nn\n\n\n\n")  # metric, runs, traces, badcases, evaluation
    shown = b""
    while True:
        try:
            chunk = os.read(leader, 4096)
        except OSError:  # the other end is closed
            break
        if not chunk:
            break
        shown += chunk
    assert process.wait(timeout=HUNG_SECONDS) == 0, shown.decode()
    assert "Does the system run end to end" in shown.decode()
    assert phase("shop") == "collect"


@given(st.text(max_size=60))
@settings(deadline=None)
def test_any_task_is_read_back_as_it_was_given(task: str) -> None:
    text = " ".join(task.encode("utf-8", "ignore").decode().split()) or "x"
    composed = compose(f"key: {scalar(text)} # comment\n", "")
    if composed.ok:  # control characters are not allowed in a spec, and are reported
        assert composed.value is not None
        assert composed.value.data == {"key": text}
    else:
        assert {found.code for found in composed.diagnostics} == {"YML002"}


def test_every_commented_part_is_valid_once_it_is_used() -> None:
    answers = Answers(
        name="shop",
        application="agent",
        task="t",
        metric="exact_match",
        target=1.0,
        runs=True,
        traces="",
        model="m/1",
        badcases=None,
        evaluation=None,
        profile="local",
    )
    lines = spec_text(answers).splitlines()
    uncommented = [line.replace("# ", "", 1) if line.lstrip().startswith(STARTS) else line for line in lines]
    composed = compose("\n".join(uncommented), "spec.yaml")
    assert composed.ok, composed.diagnostics
    assert composed.value is not None
    assert validate(composed.value).diagnostics == ()
    assert {"data", "gaps"} <= composed.value.data["spec"].keys()  # type: ignore[index]
    assert {"traces"} <= composed.value.data["spec"]["system"].keys()  # type: ignore[index]


# comments of the spec that hold fields to be used
STARTS = (
    "# owner:",
    "# constraints:",
    "# traces:",
    "#   location:",
    "#   fullChain:",
    "# data:",
    "#   - name:",
    "#     purpose:",
    "#     shape:",
    "#     path:",
    "# gaps:",
    "#   - kind:",
    "#     statement:",
)
