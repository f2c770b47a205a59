"""The command as a user runs it: exit codes, what goes where, and help."""

import json
from pathlib import Path

import pytest
from conftest import MakeSpec
from support.command import Result, invoke


def run(*arguments: object) -> Result:
    return invoke(*arguments)


def test_compile_then_check_then_edit(make_spec: MakeSpec) -> None:
    path = make_spec()
    assert run("compile", path, "--check").exit_code == 5
    assert not (path.parent / "plan").exists()
    done = run("compile", path)
    assert done.exit_code == 0
    assert "train: SFT → DPO" in done.stdout
    again = run("compile", path)
    assert "unchanged" in again.stdout
    assert run("compile", path, "--check").exit_code == 0
    path.write_text(
        path.read_text(encoding="utf-8").replace("seed: 42", "").replace("target: 0.9", "target: 0.91"),
        encoding="utf-8",
    )
    checked = run("compile", path, "--check")
    assert checked.exit_code == 5
    assert "RND502" in checked.stderr


@pytest.mark.parametrize("tamper", ["edit", "delete", "extra"])
def test_check_finds_a_tampered_plan(make_spec: MakeSpec, tamper: str) -> None:
    path = make_spec()
    run("compile", path)
    target = path.parent / "plan" / "02-sft.job.yaml"
    if tamper == "edit":
        target.write_text(
            target.read_text(encoding="utf-8").replace("runAsNonRoot: true", "runAsNonRoot: false"), encoding="utf-8"
        )
    elif tamper == "delete":
        target.unlink()
    else:
        (target.parent / "99-extra.yaml").write_text("kind: Job\n", encoding="utf-8")
    assert run("compile", path, "--check").exit_code == 5


def test_every_edit_of_the_spec_or_its_evidence_is_a_difference(make_spec: MakeSpec) -> None:
    path = make_spec()
    run("compile", path)
    text = path.read_text(encoding="utf-8")
    for old, new in (
        ("answer questions about orders", "answer all questions"),
        ('revision: "1"', 'revision: "2"'),
        ("kind: TrainingSpec\n", "kind: TrainingSpec\n# a comment\n"),
        ("name: shop", "name: store"),
    ):
        path.write_text(text.replace(old, new), encoding="utf-8")
        assert run("compile", path, "--check").exit_code == 5, (old, new)
    path.write_text(text, encoding="utf-8")
    assert run("compile", path, "--check").exit_code == 0
    rounds = path.parent / "evidence" / "prompt-rounds.yaml"
    rounds.write_text(rounds.read_text(encoding="utf-8").replace("score: 0.31", "score: 0.312"), encoding="utf-8")
    assert run("compile", path, "--check").exit_code == 5


def test_two_compiles_give_equal_bytes(make_spec: MakeSpec) -> None:
    path = make_spec()
    run("compile", path)
    first = {file.name: file.read_bytes() for file in (path.parent / "plan").iterdir()}
    import shutil

    shutil.rmtree(path.parent / "plan")
    run("compile", path)
    assert {file.name: file.read_bytes() for file in (path.parent / "plan").iterdir()} == first


def test_errors_leave_the_old_plan_and_other_specs_compile(make_spec: MakeSpec) -> None:
    good, bad = make_spec(name="good"), make_spec(("kind: unstable", "kind: unstabel"), name="bad")
    done = run("compile", good.parent.parent)
    assert done.exit_code == 1
    assert (good.parent / "plan").is_dir()
    assert not (bad.parent / "plan").exists()
    assert "SPC104" in done.stderr


def test_no_spec_is_an_error(tmp_path: Path) -> None:
    done = run("check", tmp_path)
    assert done.exit_code == 1
    assert "the path has no spec" in done.stderr


def test_json_diagnostics_are_json(make_spec: MakeSpec) -> None:
    done = run("check", make_spec(("  profile: small", "  profil: small")), "--format", "json")
    found = json.loads(done.stderr)["diagnostics"]
    assert {each["code"] for each in found} == {"SPC101", "SPC102"}
    assert all(each["location"]["line"] for each in found)


def test_concise_diagnostics_are_one_a_line(make_spec: MakeSpec) -> None:
    done = run("check", make_spec(("  profile: small", "  profil: small")), "--format", "concise")
    assert "spec.yaml:6:3: error[SPC102] unknown field `profil` (did you mean `profile`?)" in done.stderr


@pytest.mark.parametrize(
    ("subject", "text"), [("SPC102", "unknown field"), ("m3", "DPO for a preference gap"), ("G1", "先跑通框架")]
)
def test_explain_codes_and_rules(subject: str, text: str) -> None:
    done = run("explain", subject)
    assert done.exit_code == 0
    assert text in done.stdout


def test_explain_a_spec(make_spec: MakeSpec) -> None:
    done = run("explain", make_spec().parent)
    assert done.exit_code == 0
    assert "train: SFT → DPO" in done.stdout
    assert len(done.stdout.splitlines()) <= 25
    assert done.stdout.splitlines()[-1].split()[:3] == ["more", "trainspec", "explain"]


def test_explain_a_spec_with_the_whole_trace(make_spec: MakeSpec) -> None:
    done = run("explain", make_spec().parent, "--full")
    assert done.exit_code == 0
    for text in ("train: SFT → DPO", "✓ M2", "“模型能理解内容但行为不稳定", "demonstrations`: 60 rows, 50 needed"):
        assert text in done.stdout


def test_explain_as_json(make_spec: MakeSpec) -> None:
    done = run("explain", make_spec(), "--format", "json")
    (made,) = json.loads(done.stdout)["decisions"]
    assert (made["name"], made["phase"], made["methods"]) == ("shop", "train", ["sft", "dpo"])
    assert made["complete"]
    assert {"gaps", "stages", "cost", "flips", "measureNext", "advice", "rules"} <= made.keys()
    assert made["gaps"][0] == {"kind": "unstable", "counts": True, "declared": True, "measured": None}
    assert all(
        {"figure", "file", "from", "to", "phase", "methods", "sentence"} == each.keys() for each in made["flips"]
    )


def test_a_spec_with_errors_is_explained_after_them(make_spec: MakeSpec) -> None:
    spec = make_spec(("  gaps:\n", "  training: {sft: {trainer: {no_such_field: 1}}}\n  gaps:\n"))
    done = run("explain", spec)
    assert done.exit_code == 1
    assert "no_such_field" in done.stderr
    assert "shop: fix the errors of the spec first; as far as it can be read" in done.stdout
    full = run("explain", spec, "--full").stdout
    assert full.startswith(done.stdout)
    assert "every rule" in full
    assert "✓ M2" in full


def test_explain_something_unknown() -> None:
    done = run("explain", "nothing-like-it")
    assert done.exit_code == 2
    assert "M3" in done.stderr


def test_help_teaches() -> None:
    text = run("--help").stdout
    for word in ("check", "compile", "explain", "run", "schema", "Exit codes"):
        assert word in text
    assert run("run", "--help").exit_code == 0
    assert run("compile", "--nonsense").exit_code == 2


def test_running_a_folder_without_a_plan(tmp_path: Path) -> None:
    done = run("run", tmp_path)
    assert done.exit_code == 1
    assert "RUN791" in done.stderr


def test_two_specs_of_one_name_are_refused(make_spec: MakeSpec) -> None:
    make_spec(name="one")
    path = make_spec(name="two")
    done = run("compile", path.parent.parent)
    assert done.exit_code == 1
    assert "CHK206" in done.stderr
    assert not (path.parent / "plan").exists()


def test_a_path_that_is_too_long_is_reported(tmp_path: Path) -> None:
    assert run("check", "a" * 400).exit_code == 1


def test_compiles_at_once_do_not_disturb_each_other(make_spec: MakeSpec) -> None:
    import subprocess
    import sys

    path = make_spec()
    command = [sys.executable, "-m", "compiler", "compile", str(path)]
    started = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(4)]
    ended = {(process.communicate()[1], process.returncode) for process in started}
    assert {code for _, code in ended} == {0}
    assert len(ended) == 1
    assert run("compile", path, "--check").exit_code == 0
