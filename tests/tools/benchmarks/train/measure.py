"""One run of one contender, and what it took: speed after warm-up, memory, losses."""

import itertools
import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.benchmarks.train.contenders import HERE, Contender, Place
from tools.benchmarks.train.work import Workload


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """Figures of one run. `tokens` are those of the timed steps that are not padding, prompts and answers alike.

    `positions` counts padding too; both are 0 where a trainer does not show its batches. `squares` is the sum of the
    squares of the rows' lengths. `best_rate` is that of the fastest step, which another process may have spared.
    `losses` are of each step, and rewards where the loss says nothing. Memory is that of the training process up to the
    end of training.
    """

    contender: str
    seconds: float
    tokens: int
    positions: int
    squares: int
    rss_mib: float
    cuda_mib: float | None
    best_rate: float
    losses: dict[int, float]
    wall: float
    load_before: float
    settings: dict[str, Any]

    @property
    def rate(self) -> float:
        """Useful tokens a second."""
        return self.tokens / self.seconds

    @property
    def peak_mib(self) -> float:
        """Of the GPU where there is one, else of the process."""
        return self.rss_mib if self.cuda_mib is None else self.cuda_mib


class RunError(Exception):
    """A contender that did not end well; the message is the end of what it said."""


def run_once(contender: Contender, work: Workload, place: Place, *, limit: float) -> Measured:
    """Run a contender to its end and read what the watch wrote; RunError with the end of its log otherwise."""
    place.run.mkdir(parents=True)
    run = contender.prepare(work, place)
    watch, log = place.run / "watch.json", place.run / "log.txt"
    hook = [str(HERE / "hook"), run.environment.pop("PYTHONPATH", "")]
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment = inherited | {
        "PYTHONPATH": os.pathsep.join(filter(None, hook)),
        "BENCH_WATCH": str(watch),
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HOME": str(place.data / "hf"),
    }
    load, start = os.getloadavg()[0], time.perf_counter()
    with log.open("w", encoding="utf-8") as stream:
        try:
            ended = subprocess.run(
                run.command,
                env=environment | run.environment,
                stdout=stream,
                stderr=subprocess.STDOUT,
                cwd=place.run,
                timeout=limit,
            ).returncode
        except subprocess.TimeoutExpired as error:
            raise RunError(f"took longer than {limit:.0f} s") from error
    if ended != 0 or not watch.is_file():
        raise RunError(f"exit code {ended}: {_last_words(log)}")
    wall = time.perf_counter() - start
    return read(contender.name, work, json.loads(watch.read_text(encoding="utf-8")), wall=wall, load=load)


def read(name: str, work: Workload, report: dict[str, Any], *, wall: float, load: float) -> Measured:
    """Turn the watch's report into figures of the steps after the warm-up."""
    steps = {step["step"]: step for step in report["steps"]}
    if work.steps not in steps:
        raise RunError(f"made {max(steps, default=0)} of {work.steps} steps")
    timed = [step for number, step in steps.items() if number > work.warmup]
    tokens = sum(step["tokens"] for step in timed) or _sampled_tokens(report["logs"], work.warmup)
    if not tokens:
        raise RunError("showed no tokens")
    settings = ("bf16", "dtype", "gradient_checkpointing", "threads", "torch")
    return Measured(
        contender=name,
        seconds=steps[work.steps]["ended"] - steps[work.warmup]["ended"],
        tokens=tokens,
        positions=sum(step["positions"] for step in timed),
        squares=sum(step["squares"] for step in timed),
        rss_mib=report["peak_rss_mib"],
        cuda_mib=report["peak_cuda_mib"],
        best_rate=_best_rate(report, work, tokens),
        losses={log["step"]: log[work.signal] for log in report["logs"] if work.signal in log},
        wall=wall,
        load_before=load,
        settings={key: report[key] for key in settings},
    )


def _sampled_tokens(logs: list[dict[str, Any]], warmup: int) -> int:
    """TRL's own count of prompts and sampled answers, where the batch holds only prompts."""
    counted = {log["step"]: log["num_tokens"] for log in logs if "num_tokens" in log}
    return int(counted[max(counted)] - counted[warmup]) if warmup in counted else 0


def _best_rate(report: dict[str, Any], work: Workload, tokens: int) -> float:
    """Useful tokens a second of the fastest timed step; where batches do not show theirs, each has the same."""
    steps = report["steps"]
    each = tokens / (work.steps - work.warmup)
    timed = [(one, two) for one, two in itertools.pairwise(steps) if two["step"] > work.warmup]
    return max((two["tokens"] or each) / (two["ended"] - one["ended"]) for one, two in timed)


def _last_words(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line or "error[" in line]
    return (errors or lines or ["no output"])[-1][:300]
