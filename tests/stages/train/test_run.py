"""From a spec to a trained adapter: compiled, run by `trainspec run` with the real runtime, killed, and run again."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import yaml
from conftest import SPEC, MakeSpec
from support.waiting import HUNG_SECONDS, wait_until

TRAINING = (
    "  training:\n    {method}:\n      trainer: {{max_length: 128, save_steps: 2, {more}}}\n      peft: {{r: 4}}\n"
    "  evaluation: {{maxNewTokens: 4, batchSize: 20}}\n"
)


def one_gap(gap: str, method: str, more: str) -> list[tuple[str, str]]:
    gaps = SPEC[SPEC.index("  gaps:\n") :]
    return [(gaps, f"  gaps:\n    - kind: {gap}\n" + TRAINING.format(method=method, more=more))]


def trainspec(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "compiler", *map(str, arguments)]


class Plan:
    """A compiled plan and a way to run it in its own work folder."""

    def __init__(self, spec: Path, models: Path, root: Path) -> None:
        self.folder, self.models, self.root = spec.parent / "plan", models, root
        self.environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
        subprocess.run(trainspec("compile", spec), check=True, env=self.environment, capture_output=True)

    def command(self, work: str) -> list[str]:
        return trainspec("run", self.folder, "--work", self.root / work, "--models", self.models)

    def run(self, work: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(work), capture_output=True, text=True, check=False, env=self.environment)

    def collect(self, work: str) -> subprocess.CompletedProcess[str]:
        command = trainspec("collect", self.folder, "--work", self.root / work)
        return subprocess.run(command, capture_output=True, text=True, check=False, env=self.environment)

    def start(self, work: str) -> "subprocess.Popen[bytes]":
        pipe = subprocess.DEVNULL
        return subprocess.Popen(
            self.command(work), stdout=pipe, stderr=pipe, env=self.environment, start_new_session=True
        )

    def metrics(self, work: str, stage: str) -> dict:
        (path,) = self.root.glob(f"{work}/outputs/shop-{stage}-*/metrics.json")
        return json.loads(path.read_text(encoding="utf-8"))

    def adapter(self, work: str, stage: str) -> bytes:
        (path,) = self.root.glob(f"{work}/outputs/shop-{stage}-*/adapter/adapter_model.safetensors")
        return path.read_bytes()

    def wait_for_step(self, work: str, stage: str, step: int) -> None:
        """Wait until the stage's log has a training step."""

        def steps() -> Iterator[int]:
            for path in self.root.glob(f"{work}/logs/shop-{stage}-*.jsonl"):
                for line in path.read_text().splitlines():
                    yield json.loads(line).get("step", 0) if line.endswith("}") else 0

        wait_until(lambda: max(steps(), default=0) >= step, f"`{stage}` gets to step {step}")


def trainers(process: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    return [child for child in psutil.Process(process.pid).children(recursive=True) if "runtime" in child.cmdline()]


@pytest.mark.xdist_group("run")
def test_a_killed_run_resumes_and_ends_as_an_undisturbed_one(
    make_spec: MakeSpec, tiny_models: Path, tmp_path: Path
) -> None:
    plan = Plan(make_spec(*one_gap("unstable", "sft", "num_train_epochs: 5")), tiny_models, tmp_path)
    whole = plan.run("whole")
    assert whole.returncode == 0, whole.stderr
    assert plan.metrics("whole", "sft")["steps"] == 40

    # long before its last step, so that it cannot have ended: the trainer dies, and the executor starts it again, as a Job's controller does
    running = plan.start("trainer-killed")
    plan.wait_for_step("trainer-killed", "sft", 5)
    (trainer,) = trainers(running)
    trainer.send_signal(signal.SIGKILL)
    assert running.wait(timeout=HUNG_SECONDS) == 0

    # everything dies: a second run resumes
    running = plan.start("all-killed")
    plan.wait_for_step("all-killed", "sft", 5)
    for process in (psutil.Process(running.pid), *trainers(running)):
        process.send_signal(signal.SIGKILL)
    running.wait(timeout=HUNG_SECONDS)
    again = plan.run("all-killed")
    assert again.returncode == 0, again.stderr
    assert "evaluate-base: already finished, not run again" in again.stderr

    for work in ("trainer-killed", "all-killed"):
        assert plan.metrics(work, "sft")["steps"] == 40
        assert plan.adapter(work, "sft") == plan.adapter("whole", "sft")
        log = next(tmp_path.glob(f"{work}/logs/shop-sft-*.jsonl")).read_text()
        assert '"resumed_from": "checkpoint-' in log.replace('":"', '": "')


@pytest.mark.xdist_group("run")
def test_an_executor_that_dies_leaves_a_stage_that_the_next_run_waits_for(
    make_spec: MakeSpec, tiny_models: Path, tmp_path: Path
) -> None:
    plan = Plan(make_spec(*one_gap("unstable", "sft", "num_train_epochs: 40")), tiny_models, tmp_path)
    running = plan.start("work")
    plan.wait_for_step("work", "sft", 3)
    (trainer,) = trainers(running)
    running.kill()
    running.wait(timeout=HUNG_SECONDS)
    assert trainer.is_running()
    again = plan.run("work")
    assert again.returncode == 0, again.stderr
    assert not trainer.is_running()
    # one process trained, from the first step to the last: nothing was trained twice
    steps = [json.loads(line) for line in next(tmp_path.glob("work/logs/shop-sft-*.jsonl")).read_text().splitlines()]
    numbers = [event["step"] for event in steps if event["event"] == "step"]
    assert numbers == list(range(1, plan.metrics("work", "sft")["steps"] + 1))


@pytest.mark.xdist_group("run")
def test_dpo_trains_from_badcases_and_its_gate_decides(make_spec: MakeSpec, tiny_models: Path, tmp_path: Path) -> None:
    plan = Plan(make_spec(*one_gap("preference", "dpo", "learning_rate: 0.001")), tiny_models, tmp_path)
    done = plan.run("work")
    assert done.returncode == 0, done.stderr
    assert plan.metrics("work", "dpo")["steps"] == 10
    assert plan.metrics("work", "evaluate-dpo")["gate"]["verdict"] == "no-gain"
    assert "nothing to deploy" in done.stdout
    assert "no gain" in done.stdout

    collected = plan.collect("work")
    assert collected.returncode == 0, collected.stderr
    (found,) = plan.folder.parent.glob("evidence/stage-shop-evaluate-dpo-*.yaml")
    result = yaml.safe_load(found.read_text(encoding="utf-8"))["spec"]
    assert (result["method"], result["questions"], result["gate"]) == ("dpo", 40, "no-gain")
    assert result["metrics"][0]["value"] == plan.metrics("work", "evaluate-dpo")["metrics"]["exact_match"]["value"]
