"""Faults around training (memory, disks, pipes, long calls) are reported with the right code, and nothing is lost."""

import io
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from stages import methods
from support.waiting import HUNG_SECONDS

from runtime import run as stage_module
from runtime.stage.events import EventStream
from runtime.stage.stop import StopRequest
from runtime.train import checkpoint


def test_memory_that_runs_out_says_what_to_change(
    workspace: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import torch

    def allocate(*_: Any) -> None:
        torch.empty(1 << 50, dtype=torch.uint8)

    monkeypatch.setattr("runtime.train.methods.sft.run", allocate)
    for name in ("models", "data", "outputs"):
        monkeypatch.setenv(f"TRAINSPEC_{name.upper()}", str(getattr(workspace, name)))
    monkeypatch.setenv("TRAINSPEC_TERMINATION_LOG", str(tmp_path / "termination.json"))
    config = methods.config_of(workspace, "sft", "large")
    log = io.StringIO()
    code = stage_module.run_stage(str(workspace.write_config("large", config)), EventStream(log), StopRequest())
    error = next(event for line in log.getvalue().splitlines() if (event := json.loads(line))["event"] == "error")
    assert (code, error["code"]) == (71, "RUN742")
    assert "allocate memory" in error["message"]
    assert "`per_device_train_batch_size` 1 with `gradient_accumulation_steps` 4" in error["hint"]
    assert "`gradient_checkpointing: true`" in error["hint"]
    assert "a lower `max_length` than 256" in error["hint"]


def test_a_report_that_does_not_fit_on_the_disk_costs_no_training(workspace: Any) -> None:
    path = workspace.write_config("full", methods.config_of(workspace, "sft", "full"))

    def limit_file_size() -> None:
        # larger than any file of a checkpoint, smaller than the report
        resource.setrlimit(resource.RLIMIT_FSIZE, (110 << 10, resource.RLIM_INFINITY))

    ended = workspace.run(path, preexec_fn=limit_file_size)
    assert (ended.code, ended.error) == (74, "RUN730"), ended.stderr
    folder = workspace.outputs / "full"
    assert not (folder / "metrics.json").exists()
    assert not (folder / "report.html").exists()
    assert (folder / "adapter").is_dir()
    trained = workspace.adapter_bytes("full")

    again = workspace.run(path)
    assert again.code == 0, again.stderr
    assert next(event for event in again.events if event.get("name") == "train")["resumed_from"] == "checkpoint-12"
    assert not [event for event in again.events if event["event"] == "step"]
    assert workspace.adapter_bytes("full") == trained
    assert workspace.metrics("full")["training"]["mean_loss"] > 0
    assert (folder / "report.html").exists()
    assert not (folder / "checkpoints").exists()


def test_a_reader_that_goes_away_changes_no_exit_code(workspace: Any) -> None:
    config = methods.config_of(workspace, "sft", "unread") | {"data": []}
    process = workspace.start(workspace.write_config("unread", config))
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=HUNG_SECONDS) == 78
    assert "Traceback" not in (workspace.root / "stderr.txt").read_text(encoding="utf-8")


def test_a_checkpoint_counts_only_when_it_is_whole(tmp_path: Path) -> None:
    for step in (3, 6, 9):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "optimizer.pt").write_bytes(b"weights")
    checkpoint.seal(tmp_path / "checkpoint-3", "a")
    checkpoint.seal(tmp_path / "checkpoint-6", "a")
    # the newest was being written, the one before it has lost a part since, and the last belongs to this config
    (tmp_path / "checkpoint-6" / "optimizer.pt").write_bytes(b"weigh")
    newest, discarded = checkpoint.newest_whole(tmp_path, "a")
    assert (newest, discarded) == (tmp_path / "checkpoint-3", ["checkpoint-9", "checkpoint-6"])
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint-3", "broken-checkpoint-6"}
    assert checkpoint.newest_whole(tmp_path, "b")[0] is None


LONG_CALL = """
import hashlib, sys
from runtime.stage.stop import catch_signals
stop = catch_signals()
stop.patience = 0.3
stop.overdue = lambda: print("overdue", stop.signal_name, flush=True)
print("ready", flush=True)
hashlib.pbkdf2_hmac("sha256", b"x", b"y", 2**31 - 1)  # many minutes in C, where no handler in Python runs
"""
WORKER = """
import os, signal, time
from runtime.stage.stop import catch_signals
stop = catch_signals()
stop.patience = 0.2
reading, writing = os.pipe()
worker = os.fork()
if worker == 0:
    os.write(writing, b"forked")
    time.sleep(3600)
    os._exit(1)
os.read(reading, 6)
os.kill(worker, signal.SIGTERM)
print(os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]), flush=True)
time.sleep(1)
print(stop.is_set, flush=True)
"""


def program(text: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    return subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True, env=environment)


def test_a_call_that_does_not_return_is_ended_within_the_grace_period() -> None:
    process = program(LONG_CALL)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "overdue SIGTERM\n"
    assert process.wait(timeout=HUNG_SECONDS) == 75


def test_a_worker_that_is_ended_does_not_end_its_stage() -> None:
    process = program(WORKER)
    output, _ = process.communicate(timeout=HUNG_SECONDS)
    assert output.split() == [str(-signal.SIGTERM), "False"]
    assert process.returncode == 0


def test_a_stop_while_the_model_loads_is_reported_and_leaves_no_partial_file(workspace: Any) -> None:
    path = workspace.write_config("early", methods.config_of(workspace, "sft", "early"))
    ended = workspace.interrupt(path, signal.SIGTERM, lambda event: event.get("name") == "load model")
    assert (ended.code, ended.error) == (75, "RUN740"), ended.stderr
    assert not [event for event in ended.events if event["event"] == "step"]
    left = {path.name for path in (workspace.outputs / "early").rglob("*") if path.is_file()}
    assert left == {".lock", ".parts.json", "stage.yaml"}  # the times of the parts so far count
