"""The local executor on real processes: order, gates, retries, deadlines and resuming.

The stage process is a small script here, since what is tested is the executor; the real runtime runs under it in
tests/stages/train.
"""

import dataclasses
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import PROFILE, MakeSpec
from support.local_project import Project, make_project
from support.waiting import HUNG_SECONDS, ends_by_itself, wait_until

from compiler.cli.run_summary import conclusion
from compiler.run.local.jobs import LocalJob, read_plan
from compiler.run.local.results import Result
from runtime.contract.methods import METHODS


@pytest.fixture
def project(make_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return make_project(make_spec(), tmp_path, monkeypatch)


ONCE = {"evaluate-base": 1, "sft": 1, "evaluate-sft": 1, "pairs": 1, "dpo": 1, "evaluate-dpo": 1}


def test_stages_run_once_and_in_order(project: Project, capfd: pytest.CaptureFixture[str]) -> None:
    assert project.run() == []
    assert project.starts() == ONCE
    out, err = capfd.readouterr()
    assert "ran now" in out
    assert "0.500 (0.400 to 0.667)" in out
    assert f"trainspec collect {project.plan} --work {project.work}" in out
    assert str(project.work / "outputs") in out
    assert project.run() == []
    assert project.starts() == ONCE
    out, err = capfd.readouterr()
    assert err.count("already finished, not run again") == 6
    assert "had run" in out


def test_a_stage_sees_only_what_its_manifest_names(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    project.run()
    env = json.loads(next(project.work.glob("outputs/shop-sft-*/env.json")).read_text())
    assert env["TRAINSPEC_MODELS"] == str(project.models)
    assert env["TRAINSPEC_DATA"] == str(project.plan.parent)
    assert env["TRAINSPEC_OUTPUTS"] == str(project.work / "outputs")
    assert env["HF_HOME"].startswith(str(project.work))
    assert env["HF_HUB_OFFLINE"] == "1"
    assert "HF_TOKEN" not in env
    assert "PYTHONPATH" not in env


@pytest.mark.parametrize(
    ("verdict", "last"), [("target-met", "evaluate-sft"), ("no-gain", "evaluate-sft"), ("worse", "evaluate-sft")]
)
def test_a_gate_stops_the_plan(project: Project, verdict: str, last: str, capfd: pytest.CaptureFixture[str]) -> None:
    project.behave(evaluate_sft={"verdict": verdict})
    assert project.run() == []
    assert list(project.starts()) == sorted(["evaluate-base", "sft", last])
    out, _ = capfd.readouterr()
    assert "not needed" in out
    assert ("nothing to deploy" in out or "deploy what evaluate-base" in out) == (verdict in ("no-gain", "worse"))


def test_failures_are_retried_up_to_the_limit(project: Project) -> None:
    project.behave(sft={"failures": 3, "code": 70})
    assert project.run() == []
    assert project.starts()["sft"] == 4


def test_too_many_failures_end_the_plan_and_a_rerun_resumes(project: Project) -> None:
    project.behave(sft={"failures": 4, "code": 70})
    assert project.run() == ["RUN793"]
    assert project.starts() == {"evaluate-base": 1, "sft": 4}
    assert project.run() == []
    assert project.starts()["evaluate-base"] == 1


@pytest.mark.parametrize("code", [65, 66, 78])
def test_bad_input_is_never_retried(project: Project, code: int) -> None:
    project.behave(sft={"failures": 9, "code": code})
    (found,) = project.ended().diagnostics
    assert project.starts()["sft"] == 1
    assert (found.code, found.hint) == ("RUN793", "mend it")
    assert f"exit code {code}: it broke" in found.message


def test_no_table_is_printed_before_a_stage_has_finished(project: Project, capfd: pytest.CaptureFixture[str]) -> None:
    project.behave(evaluate_base={"failures": 9, "code": 65})
    assert project.run() == ["RUN793"]
    assert capfd.readouterr().out == ""
    project.behave(sft={"failures": 9, "code": 65})
    assert project.run() == ["RUN793"]
    out, _ = capfd.readouterr()
    assert "evaluate-base" in out
    assert "dpo" not in out


def test_preemption_does_not_count_as_a_failure(project: Project) -> None:
    project.behave(sft={"failures": 6, "code": 75})
    assert project.run() == []
    assert project.starts()["sft"] == 7


def test_a_deadline_ends_a_stage(project: Project) -> None:
    job = project.plan / "02-sft.job.yaml"
    job.write_text(
        job.read_text(encoding="utf-8").replace("activeDeadlineSeconds: 14400", "activeDeadlineSeconds: 1"),
        encoding="utf-8",
    )
    project.behave(sft={"sleep": 3600})
    with ends_by_itself("a stage past its deadline"):
        (found,) = project.ended().diagnostics
    assert "past its deadline of 1 s" in found.message


def test_a_missing_model_is_reported_before_anything_runs(project: Project) -> None:
    (project.models / "tiny" / "1" / "config.json").unlink()
    (found,) = project.ended().diagnostics
    assert found.code == "RUN792"
    assert "trainspec-runtime fetch tiny/1" in found.hint
    assert project.starts() == {}


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("02-sft.job.yaml", 'command: ["python", "-m", "runtime"]', 'command: ["sh", "-c", "touch /tmp/x"]'),
        ("02-sft.job.yaml", "name: HF_HUB_OFFLINE", "name: LD_PRELOAD"),
        ("02-sft.job.yaml", "backoffLimit: 3", "backoffLimit: many"),
        ("02-sft.job.yaml", "trainspec.dev/needs", "trainspec.dev/wants"),
        ("kustomization.yaml", '- "02-sft.job.yaml"', '- "../../other.yaml"'),
        ("02-sft.job.yaml", "kind: Job", "kind: [Job"),
    ],
)
def test_tampered_manifests_are_refused(project: Project, name: str, old: str, new: str) -> None:
    path = project.plan / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert project.run() in (["RUN791"], ["YML003"])
    assert project.starts() == {}


def test_two_runs_do_not_share_a_work_folder(project: Project) -> None:
    import fcntl

    project.work.mkdir()
    with (project.work / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert project.run() == ["RUN794"]


def test_a_work_folder_that_cannot_be_written(project: Project) -> None:
    project.work.write_text("a file")
    assert project.run() == ["RUN795"]


def start_command(project: Project, tmp_path: Path) -> "subprocess.Popen[str]":
    """Start `trainspec run` with its output in a pipe, as a person would."""
    code = (
        "import sys; from compiler.run.local import process; from compiler.__main__ import main\n"
        f"process.COMMAND = ['python', {str(tmp_path / 'stage.py')!r}]\n"
        f"sys.argv = ['trainspec', 'run', {str(project.plan)!r}, '--work', {str(project.work)!r}, '--models', {str(project.models)!r}]\n"
        "main()"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
        # tests that run in the background inherit that interrupts are ignored
        preexec_fn=lambda: [signal.signal(each, signal.SIG_DFL) for each in (signal.SIGINT, signal.SIGHUP)],
    )


def alive(project: Project) -> list[str]:
    """The processes of the stages that still run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
            if str(project.work / "jobs") in command and "stage.py" in command:
                found.append(command)
    return found


ENDS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]


@pytest.mark.parametrize(("number", "ended"), ENDS)
def test_stopping_the_command_stops_the_stage_and_a_rerun_resumes(
    project: Project, tmp_path: Path, number: int, ended: int
) -> None:
    project.behave(sft={"sleep": 3600, "checkpoint": True})
    command = start_command(project, tmp_path)
    wait_until(lambda: project.starts().get("sft") == 1, "the stage starts")
    wait_until(lambda: any(project.work.glob("outputs/shop-sft-*/asleep")), "the stage is under way")
    command.send_signal(number)
    _, err = command.communicate(timeout=HUNG_SECONDS)
    assert command.returncode == ended, err
    assert alive(project) == []
    assert "Traceback" not in err
    assert "stopping `sft` at step 1 of 2" in err
    again = f"trainspec run {project.plan} --work {project.work} --models {project.models}"
    assert f"stopped `sft` at step 1 of 2 (last checkpoint: step 1); the next run goes on from there: {again}\n" in err
    project.behave()
    assert project.run() == []
    assert project.starts() == ONCE | {"sft": 2}


@pytest.mark.parametrize(
    ("stage", "where"), [("evaluate-base", "in phase `load model`"), ("evaluate-sft", "at 3 of 9 questions")]
)
def test_a_run_says_where_it_was_stopped(project: Project, tmp_path: Path, stage: str, where: str) -> None:
    event = {"load model": {"event": "phase", "name": "load model"}}.get("load model" if "phase" in where else "")
    event = event or {"event": "progress", "done": 3, "total": 9}
    project.behave(**{stage.replace("-", "_"): {"sleep": 3600, "events": [event]}})
    command = start_command(project, tmp_path)
    wait_until(lambda: any(project.work.glob(f"outputs/shop-{stage}-*/asleep")), "the stage is under way")
    command.send_signal(signal.SIGINT)
    _, err = command.communicate(timeout=HUNG_SECONDS)
    assert command.returncode == 130, err
    assert f"stopped `{stage}` {where}; the next run goes on" in err


def test_a_second_interrupt_ends_a_stage_that_does_not_stop(project: Project, tmp_path: Path) -> None:
    project.behave(sft={"sleep": 3600, "stubborn": True})
    command = start_command(project, tmp_path)
    wait_until(lambda: any(project.work.glob("outputs/shop-sft-*/asleep")), "the stage is under way")
    command.send_signal(signal.SIGINT)
    assert command.stderr is not None
    lines = []
    for line in command.stderr:
        lines.append(line)
        if "Ctrl-C again" in line:
            break
    assert alive(project)
    command.send_signal(signal.SIGINT)
    with ends_by_itself("a stage that ignores SIGTERM"):
        _, err = command.communicate(timeout=HUNG_SECONDS)
    assert command.returncode == 130
    assert "stopped `sft` at step 1 of 2" in err
    assert "Traceback" not in err
    assert alive(project) == []


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("job", "trains on 2 nodes, but this machine is one"),
        ("jobset", "is rendered as a JobSet, which only an operator in a cluster runs"),
        ("trainjob", "is rendered as a TrainJob, which only an operator in a cluster runs"),
    ],
)
def test_a_stage_that_needs_a_cluster_is_refused_before_anything_runs(
    make_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str, message: str
) -> None:
    gpu = f"  output: {output}\n  gpu: {{type: H100, nodes: 2, memoryGib: 80}}\n  storage:\n"
    path = make_spec(profile=PROFILE.replace("  storage:\n", gpu))
    project = make_project(path, tmp_path, monkeypatch)
    (found,) = project.ended().diagnostics
    assert found.code == "RUN796"
    assert "`shop-sft-" in found.message
    assert message in found.message
    assert project.starts() == {}


@pytest.mark.parametrize("method", ["dream", "optimise"])
def test_a_method_that_the_runtime_lacks_is_refused_before_anything_runs(project: Project, method: str) -> None:
    for name in ("02-sft", "05-dpo"):
        path = project.plan / f"{name}.config.yaml"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(f'method: "{name[3:]}"', f'method: "{method}"'), encoding="utf-8")
    found = project.ended().diagnostics
    assert [each.code for each in found] == ["RUN796", "RUN796"]
    assert f"stage `dpo` needs `{method}`" in found[1].message
    assert ", ".join(f"`{name}`" for name in METHODS) in found[1].hint
    assert project.starts() == {}


@pytest.mark.parametrize("text", ["[]", "3", "{", '{"status": "complete"'])
def test_a_damaged_result_does_not_count(project: Project, text: str) -> None:
    assert project.run() == []
    (path,) = project.work.glob("outputs/shop-sft-*/metrics.json")
    path.write_text(text)
    assert project.run() == []
    assert project.starts() == ONCE | {"sft": 2}


def test_a_stage_that_only_kept_general_ability_is_not_deployed(project: Project) -> None:
    def result(job: LocalJob, verdict: str) -> Result:
        return Result(job=job, metrics={"gate": {"verdict": verdict, "reason": "as told"}}, ran_now=True)

    def lines(*, needs_gain: bool) -> str:
        jobs = {job.stage: job for job in read_plan(project.plan).value or ()}
        evaluations = [jobs[name] for name in ("evaluate-base", "evaluate-sft", "evaluate-dpo")]
        gate = {**evaluations[1].config["gate"], "needs_gain": needs_gain}
        evaluations[1] = dataclasses.replace(evaluations[1], config={**evaluations[1].config, "gate": gate})
        verdicts = ("continue", "continue", "worse")
        results = {job.name: result(job, verdict) for job, verdict in zip(evaluations, verdicts, strict=True)}
        return "\n".join(conclusion(evaluations, results, Path()))

    assert "deploy what evaluate-sft measured" in lines(needs_gain=True)
    assert "nothing to deploy" in lines(needs_gain=False)


def test_a_plan_that_only_makes_rows_names_them_and_nothing_to_deploy(project: Project) -> None:
    job = next(each for each in read_plan(project.plan).value or () if each.stage == "evaluate-base")
    made = dataclasses.replace(job, method="augment")
    result = Result(job=made, metrics={}, ran_now=True)
    lines = conclusion([made], {made.name: result}, Path("out"))
    assert lines[-1] == f"  out/{made.name}/prompt-completion.jsonl"
    assert "deploy" not in "".join(lines)
