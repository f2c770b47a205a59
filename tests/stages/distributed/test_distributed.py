"""Two processes on CPU (gloo): they train one model, stop and fail together, and end with one exit code."""

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from stages import methods
from support.waiting import HUNG_SECONDS

from runtime.contract.errors import StageError
from runtime.distributed.group import worst
from runtime.distributed.sharding import sharding
from runtime.stage.config import load_stage
from runtime.train.trainer_args import trainer_args

pytestmark = pytest.mark.filterwarnings("ignore")  # the libraries announce their next versions

TWO = {"processes": 2, "strategy": "ddp"}


def config(workspace: Any, method: str, output: str, **fields: Any) -> Any:
    document = methods.config_of(workspace, method, output, distributed=TWO, **fields)
    return workspace.write_config(output, document)


def ranks(process: "subprocess.Popen[str]") -> dict[int, psutil.Process]:
    """The processes that train, by rank."""
    children = psutil.Process(process.pid).children()
    return {int(child.environ()["RANK"]): child for child in children if "RANK" in child.environ()}


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port: int = held.getsockname()[1]
        return port


def node(workspace: Any, path: Path, index: int, port: int) -> "subprocess.Popen[str]":
    """The runtime as a pod of two starts it; both pods are processes of this machine that communicate over `lo`."""
    of_group = {"JOB_COMPLETION_INDEX": str(index), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    threads = str(max(1, (os.cpu_count() or 1) // 2))
    log = str(workspace.root / f"node-{index}.json")
    here = {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": threads, "TRAINSPEC_TERMINATION_LOG": log}
    process: subprocess.Popen[str] = workspace.start(path, environment=of_group | here)
    return process


def termination(workspace: Any, index: int) -> dict[str, Any]:
    message: dict[str, Any] = json.loads((workspace.root / f"node-{index}.json").read_text(encoding="utf-8"))
    return message


@pytest.fixture(scope="module")
def undisturbed(shared_workspace: Any) -> Any:
    ended = shared_workspace.run(config(shared_workspace, "sft", "whole"))
    assert ended.code == 0, ended.stderr
    return ended


def test_two_processes_train_one_model_and_one_of_them_logs(shared_workspace: Any, undisturbed: Any) -> None:
    metrics = shared_workspace.metrics("whole")
    assert (metrics["steps"], metrics["adapter"]) == (methods.STEPS, "whole/adapter")
    assert metrics["training"]["smoke_test"]["finite"] is True
    steps = [event["step"] for event in undisturbed.events if event["event"] == "step"]
    assert steps == list(range(1, methods.STEPS + 1))
    assert [event["event"] for event in undisturbed.events if event["event"] in ("start", "end")] == ["start", "end"]
    # 2 rows, accumulated twice, in each of two processes: 3 steps see all 24 rows once, each process its half of them
    first = [event for event in undisturbed.events if event["event"] == "step"][:3]
    assert first[-1]["epoch"] == 1
    assert sum(event["tokens"] for event in first) == undisturbed.event("data")["tokens"]


def test_a_stop_and_a_lost_process_end_all_and_the_rerun_is_bit_identical(
    shared_workspace: Any, undisturbed: Any
) -> None:
    path = config(shared_workspace, "sft", "disturbed")
    stopped = shared_workspace.interrupt(path, signal.SIGTERM, lambda event: event.get("step") == 4)
    assert (stopped.code, stopped.error) == (75, "RUN740"), stopped.stderr
    assert stopped.termination["exit_code"] == 75
    saved = max(event["step"] for event in stopped.events if event["event"] == "checkpoint")
    assert saved >= 5

    process = shared_workspace.start(path, lockstep=True)
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


@pytest.mark.usefixtures("undisturbed")
def test_two_nodes_train_one_model_lose_one_of_them_and_start_again(shared_workspace: Any, free_port: int) -> None:
    """The second pod is killed with all that runs in it. The first ends with it, and both resume from the checkpoint."""
    document = methods.config_of(shared_workspace, "sft", "nodes", distributed={"nodes": 2, "processes": 1})
    path = shared_workspace.write_config("nodes", document)
    first, second = (node(shared_workspace, path, index, free_port) for index in (0, 1))
    for event in shared_workspace.events(first):
        if event.get("step") == 6:
            break
    second.kill()
    assert first.wait(timeout=HUNG_SECONDS) == 79
    assert termination(shared_workspace, 0)["code"] == "RUN748"
    assert "node 1 ended first" in termination(shared_workspace, 0)["message"]

    again = [node(shared_workspace, path, index, free_port) for index in (1, 0)]
    assert [process.wait(timeout=HUNG_SECONDS) for process in again] == [0, 0]
    assert termination(shared_workspace, 0)["status"] == "complete"
    assert not (shared_workspace.root / "node-1.json").exists()  # only one node reports the outputs
    assert shared_workspace.metrics("nodes")["steps"] == methods.STEPS
    assert shared_workspace.adapter_bytes("nodes") == shared_workspace.adapter_bytes("whole")
    late = node(shared_workspace, path, 1, free_port)  # a pod lost after the end is recreated
    assert late.wait(timeout=HUNG_SECONDS) == 0
    assert termination(shared_workspace, 1)["status"] == "already-complete"
    assert shared_workspace.run(path, arguments=["--report"]).code == 0  # in its own pod, which is not a node


@pytest.mark.parametrize(
    ("codes", "cause"),
    [
        ({0: 0, 1: 0}, 0),
        ({0: 70, 1: 65}, 1),  # a lost peer is a fault inside to the other
        ({0: 70, 1: -9}, 1),
        ({0: 75, 1: 75}, 0),
        ({0: 75, 1: 74}, 1),
        ({0: 0, 1: 70}, 1),
    ],
)
def test_the_cause_is_distinguished_from_its_consequences(codes: dict[int, int], cause: int) -> None:
    assert worst(codes) == cause


def test_a_launcher_that_dies_takes_its_processes_with_it(shared_workspace: Any) -> None:
    process = shared_workspace.start(config(shared_workspace, "dpo", "orphans"), lockstep=True)
    for event in shared_workspace.events(process):
        if event.get("step") == 1:
            all_ranks = ranks(process)
            break
    process.kill()
    process.wait()
    gone, alive = psutil.wait_procs(list(all_ranks.values()), timeout=HUNG_SECONDS)
    assert (len(gone), alive) == (2, [])


def test_pairs_train_in_two_processes(shared_workspace: Any) -> None:
    ended = shared_workspace.run(config(shared_workspace, "dpo", "two-dpo"))
    assert ended.code == 0, ended.stderr
    assert shared_workspace.metrics("two-dpo")["steps"] == methods.STEPS


def test_rewards_are_optimised_under_an_outside_launcher(shared_workspace: Any) -> None:
    path = config(shared_workspace, "grpo", "outside")
    volumes = {name: str(getattr(shared_workspace, name)) for name in ("models", "data", "outputs")}
    environment = {
        **os.environ,
        **{f"TRAINSPEC_{name.upper()}": folder for name, folder in volumes.items()},
        "PYTHONPATH": str(Path(__file__).parents[3]),
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
    assert shared_workspace.metrics("outside")["steps"] == methods.STEPS


@pytest.mark.parametrize(
    ("distributed", "environment", "text"),
    [
        ({"processes": 1}, {"WORLD_SIZE": "2", "RANK": "0"}, "the plan has 1 process for `sft`"),
        (TWO, {"WORLD_SIZE": "3", "RANK": "0"}, "the plan has 2 processes for `sft`"),
        (TWO, {"WORLD_SIZE": "2", "RANK": "x"}, "`RANK` is `x`"),
        ({"nodes": 2, "processes": 1}, {}, "`JOB_COMPLETION_INDEX` is ``"),
        ({"nodes": 2, "processes": 1}, {"PET_NNODES": "4"}, "`PET_NNODES` is `4`, but the plan has 2 nodes for `sft`"),
    ],
)
def test_another_number_of_processes_is_refused(
    workspace: Any, distributed: dict[str, Any], environment: dict[str, str], text: str
) -> None:
    document = methods.config_of(workspace, "sft", "refused", distributed=distributed)
    ended = workspace.run(workspace.write_config("refused", document), environment=environment)
    assert (ended.code, ended.error) == (78, "RUN703"), ended.stderr
    assert text in ended.event("error")["message"]
    assert not any(event.get("name") == "load model" for event in ended.events)


def sharded(workspace: Any, strategy: str, **trainer: Any) -> Any:
    document = methods.config_of(workspace, "sft", "sharded", distributed={"processes": 2, "strategy": strategy})
    document["trainer"] |= trainer
    return load_stage(workspace.write_config("sharded", document))[0]


@pytest.mark.parametrize("strategy", ["fsdp", "zero2", "zero3"])
def test_a_model_is_sharded_over_gpus_only(workspace: Any, strategy: str, tmp_path: Path) -> None:
    from trl import SFTConfig

    with pytest.raises(StageError, match=f"{strategy}` shards a model over GPUs, but no GPU") as caught:
        trainer_args(SFTConfig, sharded(workspace, strategy), tmp_path)
    assert (caught.value.problem.code, caught.value.exit_code) == ("RUN744", 78)


def test_fsdp_replaces_the_trainers_own_checkpointing(workspace: Any, tmp_path: Path) -> None:
    from trl import SFTConfig

    fields = sharding(sharded(workspace, "fsdp", gradient_checkpointing=True), has_gpu=True)
    args = SFTConfig(output_dir=str(tmp_path), use_cpu=True, bf16=False, **fields)
    assert args.fsdp is True
    assert args.gradient_checkpointing is False
    wanted = {"fsdp_version": 2, "reshard_after_forward": True, "activation_checkpointing": True}
    assert wanted.items() <= args.fsdp_plugin_args.items()
    assert args.fsdp_plugin_args["state_dict_type"] == "FULL_STATE_DICT"


def test_zero_needs_its_library_and_takes_its_numbers_from_the_trainer(
    workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = sharded(workspace, "zero3")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(StageError, match="needs DeepSpeed, which is not installed"):
        sharding(stage, has_gpu=True)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    fields = sharding(stage, has_gpu=True)["deepspeed"]
    assert fields["zero_optimization"]["stage"] == 3
    assert fields["zero_optimization"]["stage3_gather_16bit_weights_on_model_save"] is True
    assert fields["train_micro_batch_size_per_gpu"] == "auto"
    assert sharding(sharded(workspace, "zero2"), has_gpu=True)["deepspeed"]["zero_optimization"]["stage"] == 2
