"""Two processes on CPU (gloo): they train one model, stop and fail together, and end with one exit code."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from training import methods

TWO = {"processes": 2, "strategy": "ddp"}


def config(workspace: Any, method: str, output: str, **fields: Any) -> Any:
    document = methods.config_of(workspace, method, output, distributed=TWO, **fields)
    return workspace.write_config(output, document)


def ranks(process: "subprocess.Popen[str]") -> dict[int, psutil.Process]:
    """The processes that train, by rank."""
    children = psutil.Process(process.pid).children()
    return {int(child.environ()["RANK"]): child for child in children if "RANK" in child.environ()}


@pytest.fixture(scope="module")
def undisturbed(shared_workspace: Any) -> Any:
    ended = shared_workspace.run(config(shared_workspace, "sft", "whole"))
    assert ended.code == 0, ended.stderr
    return ended


def test_two_processes_train_one_model_and_one_of_them_speaks(shared_workspace: Any, undisturbed: Any) -> None:
    metrics = shared_workspace.metrics("whole")
    assert (metrics["steps"], metrics["adapter"]) == (methods.STEPS, "whole/adapter")
    assert metrics["training"]["smoke_test"]["finite"] is True
    steps = [event["step"] for event in undisturbed.events if event["event"] == "step"]
    assert steps == list(range(1, methods.STEPS + 1))
    assert [event["event"] for event in undisturbed.events if event["event"] in ("start", "end")] == ["start", "end"]
    # 12 steps of 2 rows, accumulated twice, in each of two processes: twice as many tokens as one process would see
    alone = methods.config_of(shared_workspace, "sft", "alone")
    ended = shared_workspace.run(shared_workspace.write_config("alone", alone))
    seen, seen_alone = (
        sum(event["tokens"] for event in each.events if event["event"] == "step") for each in (undisturbed, ended)
    )
    assert 1.7 * seen_alone < seen < 2.3 * seen_alone


def test_a_stop_and_a_lost_process_end_all_and_the_rerun_is_bit_identical(
    shared_workspace: Any, undisturbed: Any
) -> None:
    path = config(shared_workspace, "sft", "disturbed")
    stopped = shared_workspace.interrupt(path, signal.SIGTERM, lambda event: event.get("step") == 4)
    assert (stopped.code, stopped.error) == (75, "RUN740"), stopped.stderr
    assert stopped.termination["exit_code"] == 75
    saved = max(event["step"] for event in stopped.events if event["event"] == "checkpoint")
    assert saved >= 5

    process = shared_workspace.start(path)
    events = []
    for event in shared_workspace.events(process):
        events.append(event)
        if event.get("step") == saved + 2:
            all_ranks = ranks(process)
            all_ranks[1].kill()
            break
    lost = shared_workspace.finish(process, events)
    assert (lost.code, lost.error) == (70, "RUN743"), lost.stderr
    assert "rank 1 was killed by SIGKILL" in lost.event("error")["message"]
    assert not psutil.pid_exists(all_ranks[0].pid)

    resumed = shared_workspace.run(path)
    assert resumed.code == 0, resumed.stderr
    begun = next(event for event in resumed.events if event.get("name") == "train")
    assert begun["resumed_from"]
    assert shared_workspace.metrics("disturbed")["steps"] == methods.STEPS
    assert shared_workspace.adapter_bytes("disturbed") == shared_workspace.adapter_bytes("whole")


def test_a_launcher_that_dies_takes_its_processes_with_it(shared_workspace: Any) -> None:
    process = shared_workspace.start(config(shared_workspace, "dpo", "orphans"))
    for event in shared_workspace.events(process):
        if event.get("step") == 1:
            all_ranks = ranks(process)
            break
    process.kill()
    process.wait()
    gone, alive = psutil.wait_procs(list(all_ranks.values()), timeout=10)
    assert (len(gone), alive) == (2, [])


@pytest.mark.parametrize("method", ["dpo", "grpo"])
def test_other_methods_train_in_two_processes(shared_workspace: Any, method: str) -> None:
    ended = shared_workspace.run(config(shared_workspace, method, f"two-{method}"))
    assert ended.code == 0, ended.stderr
    assert shared_workspace.metrics(f"two-{method}")["steps"] == methods.STEPS


def test_an_outside_launcher_is_taken_part_in(shared_workspace: Any, undisturbed: Any) -> None:
    path = config(shared_workspace, "sft", "outside")
    volumes = {name: str(getattr(shared_workspace, name)) for name in ("models", "data", "outputs")}
    environment = {
        **os.environ,
        **{f"TRAINSPEC_{name.upper()}": folder for name, folder in volumes.items()},
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "OMP_NUM_THREADS": "1",
    }
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "runtime", str(path)]
    done = subprocess.run(
        [sys.executable, *command],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=shared_workspace.root,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count('"event": "start"') == 1
    assert shared_workspace.adapter_bytes("outside") == shared_workspace.adapter_bytes("whole")


@pytest.mark.parametrize(
    ("distributed", "environment", "code", "text"),
    [
        ({"processes": 1}, {"WORLD_SIZE": "2", "RANK": "0"}, "RUN703", "the plan has 1 process for `sft`"),
        (TWO, {"WORLD_SIZE": "3", "RANK": "0"}, "RUN703", "the plan has 2 processes for `sft`"),
        (TWO, {"WORLD_SIZE": "2", "RANK": "x"}, "RUN703", "`RANK` is `x`"),
        ({"processes": 1, "strategy": "fsdp"}, {}, "RUN744", "there is none here"),
        ({"processes": 1, "strategy": "zero3"}, {}, "RUN744", "there is none here"),
    ],
)
def test_what_is_refused(
    workspace: Any, distributed: dict[str, Any], environment: dict[str, str], code: str, text: str
) -> None:
    document = methods.config_of(workspace, "sft", "refused", distributed=distributed)
    ended = workspace.run(workspace.write_config("refused", document), environment=environment)
    assert (ended.code, ended.error) == (78, code), ended.stderr
    assert text in ended.event("error")["message"]
    assert not any(event.get("name") == "load model" for event in ended.events)
