"""A stopped or killed stage resumes, and ends with the exact weights of an undisturbed run."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from stages import methods

from runtime.contract.stages import AnyStage
from runtime.contract.training_stages import TrainingStage

PROGRAM = Path(__file__).with_name("interrupted.py")
STOPPED_AT = 7  # in the second epoch, where a resumed run could use another order of rows
TRAINING = [
    method
    for stage in get_args(AnyStage)
    if issubclass(stage, TrainingStage)
    for method in get_args(stage.model_fields["method"].annotation)
]


@pytest.fixture(scope="module")
def interrupted(shared_workspace: Any) -> dict[str, dict[str, Any]]:
    """The results of each method: undisturbed, stopped, and run again."""
    (shared_workspace.root / "models").symlink_to(shared_workspace.models)
    runs = []
    for method in TRAINING:
        configs = [
            str(shared_workspace.write_config(name, methods.config_of(shared_workspace, method, name)))
            for name in (f"{method}-a", f"{method}-b")
        ]
        runs.append([str(shared_workspace.root), method, *configs, STOPPED_AT])
    environment = {**os.environ, "PYTHONPATH": str(PROGRAM.parents[3])}
    done = subprocess.run(
        [sys.executable, str(PROGRAM)],
        input=json.dumps(runs),
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=shared_workspace.root,
    )
    assert done.returncode == 0, done.stderr
    return {each["method"]: each for each in json.loads(done.stdout)}


def test_every_method_that_trains_is_interrupted_here() -> None:
    assert set(TRAINING) <= methods.METHODS.keys()


@pytest.mark.parametrize("method", TRAINING)
def test_a_stopped_stage_resumes_bit_identical(interrupted: dict[str, dict[str, Any]], method: str) -> None:
    whole, stopped, resumed = (interrupted[method][name] for name in ("whole", "stopped", "resumed"))
    assert whole["code"] == 0, whole["errors"]
    assert stopped["code"] == 75, stopped["errors"]
    assert STOPPED_AT < stopped["steps"][-1] < whole["steps"][-1]
    assert resumed["code"] == 0, resumed["errors"]
    assert resumed["resumed_from"] == f"checkpoint-{stopped['steps'][-1]}"
    assert stopped["steps"] + resumed["steps"] == whole["steps"]  # no step twice, none left out
    assert interrupted[method]["difference"] == 0


# what an interruption may change: the clock
_TIMES = {"tokens_per_second": None}


def steps_in(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "steps.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("method", TRAINING)
def test_a_resumed_run_reports_every_step_and_token_once(
    interrupted: dict[str, dict[str, Any]], shared_workspace: Any, method: str
) -> None:
    whole, resumed = (shared_workspace.outputs / f"{method}-{name}" for name in "ab")
    figures = [
        [(each["step"], each["loss"], each.get("tokens")) for each in steps_in(folder)] for folder in (whole, resumed)
    ]
    assert figures[0] == figures[1]
    assert [step for step, *_ in figures[1]] == interrupted[method]["whole"]["steps"]
    one, other = (shared_workspace.metrics(folder.name)["training"] for folder in (whole, resumed))
    assert {**one, **_TIMES} == {**other, **_TIMES}


@pytest.mark.parametrize("method", TRAINING)
def test_the_time_of_a_stage_is_that_of_all_its_runs(
    interrupted: dict[str, dict[str, Any]], shared_workspace: Any, method: str
) -> None:
    whole, resumed = (shared_workspace.metrics(f"{method}-{name}") for name in "ab")
    assert (len(whole["parts"]), len(resumed["parts"])) == (1, 2)
    for each in (whole, resumed):
        assert each["wall_seconds"] == pytest.approx(sum(each["parts"]), abs=0.01)
        assert min(each["parts"]) > 0


@pytest.fixture(scope="module")
def sft(shared_workspace: Any, build: Any) -> dict[str, Any]:
    """A longer stage, for signals from outside."""
    rows = shared_workspace.write_rows("train.jsonl", build.sft_rows(24), "prompt-completion")
    config: dict[str, Any] = build.sft_config(rows)
    return config


@pytest.fixture(scope="module")
def undisturbed(shared_workspace: Any, sft: dict[str, Any]) -> Any:
    ended = shared_workspace.run(shared_workspace.write_config("sft", sft))
    assert ended.code == 0, ended.stderr
    return ended


def test_an_undisturbed_run_leaves_its_adapter_its_report_and_no_checkpoints(
    shared_workspace: Any, undisturbed: Any
) -> None:
    metrics = shared_workspace.metrics("plan-sft")
    assert (metrics["steps"], metrics["max_steps"], metrics["status"]) == (60, 60, "complete")
    assert metrics["adapter"] == "plan-sft/adapter"
    assert metrics["training"]["sequences"] == 24
    steps = [event["step"] for event in undisturbed.events if event["event"] == "step"]
    assert steps == list(range(1, 61))
    left = {path.name for path in (shared_workspace.outputs / "plan-sft").iterdir()}
    made = {"adapter", "check-rows.json", "metrics.json", "plots", "report.html", "stage.yaml", "steps.jsonl"}
    assert left == {".lock", *made}
    assert undisturbed.termination["status"] == "complete"


def test_sigterm_then_a_kill_then_a_broken_checkpoint_still_ends_bit_identical(
    shared_workspace: Any, sft: dict[str, Any], undisturbed: Any
) -> None:
    config = shared_workspace.write_config("killed", {**sft, "output": "killed"})
    folder = shared_workspace.outputs / "killed"
    stopped = shared_workspace.interrupt(
        config, signal.SIGTERM, lambda event: event["event"] == "step" and event["step"] == 10
    )
    assert (stopped.code, stopped.error) == (75, "RUN740"), stopped.stderr
    assert stopped.event("end")["status"] == "try-later"
    assert not (folder / "metrics.json").exists()
    assert not (folder / "adapter").exists()

    process = shared_workspace.start(config, lockstep=True)
    for event in shared_workspace.events(process):
        if event["event"] == "checkpoint" and event["step"] >= 28:
            # While it runs, no other process may use its folder.
            process.send_signal(signal.SIGSTOP)
            second = shared_workspace.run(config)
            assert (second.code, second.error) == (75, "RUN741")
            process.send_signal(signal.SIGKILL)
            break
    assert shared_workspace.finish(process, []).code == -signal.SIGKILL

    whole = sorted(folder.glob("checkpoints/checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    whole = [path for path in whole if (path / "trainspec-manifest.json").exists()]
    assert len(whole) == 2
    (whole[-1] / "optimizer.pt").unlink()  # the trainer would resume from it silently

    resumed = shared_workspace.run(config)
    assert resumed.code == 0, resumed.stderr
    trained = next(event for event in resumed.events if event.get("name") == "train")
    assert trained["resumed_from"] == whole[0].name
    assert whole[-1].name in trained["discarded"]
    assert shared_workspace.metrics("killed")["steps"] == 60
    assert shared_workspace.adapter_bytes("killed") == shared_workspace.adapter_bytes("plan-sft")
    # the runs that were stopped and killed count, and the steps after the last checkpoint are there once
    metrics = shared_workspace.metrics("killed")
    assert len(metrics["parts"]) == 3
    assert metrics["wall_seconds"] == pytest.approx(sum(metrics["parts"]), abs=0.01)
    tokens = [(each["step"], each["tokens"]) for each in steps_in(folder)]
    assert tokens == [(each["step"], each["tokens"]) for each in steps_in(shared_workspace.outputs / "plan-sft")]
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "in 3 runs" in page
    assert metrics["score"] in page
    assert resumed.event("end")["score"] == metrics["score"] == resumed.termination["score"]
    assert f"sft  done  {metrics['score']}" in resumed.stderr


def test_a_log_of_several_steps_loses_none_to_an_interruption(
    shared_workspace: Any, sft: dict[str, Any], undisturbed: Any
) -> None:
    trainer = {**sft["trainer"], "logging_steps": 5}
    config = shared_workspace.write_config("rare", {**sft, "output": "rare", "trainer": trainer})
    stopped = shared_workspace.interrupt(config, signal.SIGTERM, lambda event: event["event"] == "checkpoint")
    assert stopped.code == 75, stopped.stderr
    assert shared_workspace.run(config).code == 0
    rare, whole = (steps_in(shared_workspace.outputs / name) for name in ("rare", "plan-sft"))
    assert {5, 7, 10, 60} <= {each["step"] for each in rare}
    assert sum(each["tokens"] for each in rare) == sum(each["tokens"] for each in whole)
    trained = [shared_workspace.metrics(name)["training"]["trained_tokens"] for name in ("rare", "plan-sft")]
    assert trained[0] == trained[1] > 0


def test_a_complete_stage_is_not_run_again(shared_workspace: Any, undisturbed: Any) -> None:
    before = shared_workspace.adapter_bytes("plan-sft")
    again = shared_workspace.run(shared_workspace.root / "sft.yaml")
    assert again.code == 0
    assert again.event("end")["status"] == "already-complete"
    assert [event["event"] for event in again.events] == ["start", "end"]
    assert "has already finished" in again.stderr
    assert shared_workspace.adapter_bytes("plan-sft") == before


def test_report_prints_the_result_and_runs_nothing(shared_workspace: Any, undisturbed: Any) -> None:
    config = shared_workspace.root / "sft.yaml"
    report = shared_workspace.run(config, arguments=["--report"])
    assert report.code == 0
    assert report.event("end")["status"] == "already-complete"
    never = shared_workspace.root / "never.yaml"
    never.write_text(
        config.read_text(encoding="utf-8").replace("output: plan-sft", "output: never-ran"), encoding="utf-8"
    )
    refused = shared_workspace.run(never, arguments=["--report"])
    assert (refused.code, refused.error) == (66, "RUN749")
    assert not list((shared_workspace.outputs / "never-ran").glob("checkpoints*"))
