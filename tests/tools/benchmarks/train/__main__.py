"""Speed and memory of our training against others: `python -m tools.benchmarks.train [--quick] [--only NAME …]`.

All contenders train the same rows for the same steps, in turn, in an order that moves on from round to round, so that a
slow moment of the machine hits all of them. Ratios are of medians. A useful token is one that the model reads and that
is not padding: of the prompt, of the answer, and in GRPO of what was sampled. Of a run, only the steps after the
warm-up are timed; loading, preparing data and saving are left out. Machines with a GPU get the GPU's workloads.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from tools.benchmarks.train import rows as text
from tools.benchmarks.train import table
from tools.benchmarks.train.contenders import Contender, Place, contenders
from tools.benchmarks.train.flops import mfu, training_flops
from tools.benchmarks.train.measure import Measured, RunError, run_once
from tools.benchmarks.train.shapes import SHAPES, write_model
from tools.benchmarks.train.work import Workload, on_cpu, on_gpu, quick

from runtime.model.cpu import has_fast_bfloat16

LIMIT = 1800.0  # seconds that one run may take


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the selected measurements, print a table for each workload as it finishes, write JSON and PNG."""
    options = _parser().parse_args(arguments)
    gpu = gpu_name()
    chosen = quick() if options.quick else on_gpu() if gpu else on_cpu()
    chosen = [work for work in chosen if not options.only or work.name in options.only]
    compared = [each for each in contenders() if not options.contender or each.name in options.contender]
    options.out.mkdir(parents=True, exist_ok=True)
    console = Console(width=150)
    console.print(machine_line(gpu), markup=False, highlight=False)
    document: dict[str, Any] = {"machine": machine_line(gpu), "rounds": options.rounds, "workloads": {}}
    with tempfile.TemporaryDirectory(prefix="trainspec-bench-", dir=options.scratch) as name:
        for work in chosen:
            results, failed = compare(work, compared, Path(name), options, gpu)
            mfus = _mfus(work, results, gpu, Path(name))
            table.show(console, work, results, failed, mfus)
            if results:
                table.draw(options.out / f"{work.name}.png", work, results)
            runs = {each: [asdict(run) | {"rate": run.rate} for run in runs] for each, runs in results.items()}
            document["workloads"][work.name] = {"runs": runs, "failed": failed, "mfu": mfus}
            (options.out / "train.json").write_text(json.dumps(document, indent=2), encoding="utf-8")
    console.print(f"load average at the end: {os.getloadavg()[0]:.1f}; written: {options.out}")
    return 0 if all(each["runs"].get("ours") for each in document["workloads"].values()) else 1


def compare(
    work: Workload, compared: Sequence[Contender], scratch: Path, options: argparse.Namespace, gpu: str
) -> tuple[dict[str, list[Measured]], dict[str, str]]:
    """Run all contenders in turn; one that fails is left out of later rounds, with the reason."""
    compared = [each for each in compared if each.takes(work)]
    data = scratch / work.name / "data"
    models = models_for(work, scratch, options.models)
    text.write(data / "rows.jsonl", work.rows())
    failed = {each.name: each.missing for each in compared if each.missing}
    failed |= {
        each.name: f"has no {work.method}" for each in compared if work.method not in each.methods and not each.missing
    }
    takers = [each for each in compared if each.name not in failed]
    results: dict[str, list[Measured]] = {each.name: [] for each in takers}
    for number in range(options.rounds):
        turn = number % max(len(takers), 1)
        for contender in [*takers[turn:], *takers[:turn]]:
            if contender.name in failed:
                continue
            run = scratch / work.name / f"{contender.name.replace(' ', '-')}-{number}"
            place = Place(
                models=models, data=data, run=run, has_gpu=bool(gpu), has_bf16=bool(gpu) or has_fast_bfloat16()
            )
            try:
                results[contender.name].append(run_once(contender, work, place, limit=LIMIT))
            except RunError as error:
                failed[contender.name] = str(error)
            if options.keep is not None and run.exists():
                _keep_logs(run, options.keep / f"{work.name}-{run.name}")
            shutil.rmtree(run, ignore_errors=True)
    return {name: runs for name, runs in results.items() if runs}, failed


def models_for(work: Workload, scratch: Path, cache: Path) -> Path:
    """The models volume of a workload; random weights are written by another process, whose memory goes away."""
    if not work.is_random:
        return cache
    models = scratch / "models"
    if work.model == "tiny":
        write_model(models / work.model, SHAPES[work.model], "float32")
    else:
        command = [sys.executable, "-m", "tools.benchmarks.train.shapes", work.model, str(models / work.model)]
        subprocess.run(command, check=True)
    return models


def gpu_name() -> str:
    """Return the name of the first GPU, or an empty text; another process reads it, so this one holds no GPU memory."""
    query = "import torch; print(torch.cuda.get_device_name() if torch.cuda.is_available() else '')"
    return subprocess.run([sys.executable, "-c", query], capture_output=True, text=True, check=True).stdout.strip()


def machine_line(gpu: str) -> str:
    """Describe the machine of the figures."""
    cores = len(os.sched_getaffinity(0))
    cpu = next((line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")), platform.machine())
    return f"{gpu or cpu}, {cores} cores, Python {platform.python_version()}, load average {os.getloadavg()[0]:.1f}"


def _mfus(work: Workload, results: dict[str, list[Measured]], gpu: str, scratch: Path) -> dict[str, float]:
    if not gpu or not work.is_random or work.method == "grpo":
        return {}
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(scratch / "models" / work.model)
    shares = {}
    for name, runs in results.items():
        middle = sorted(runs, key=lambda run: run.rate)[len(runs) // 2]
        flops = training_flops(config, tokens=middle.tokens, squares=middle.squares, lora=work.lora is not None)
        if work.method == "dpo":  # the reference reads the same rows forward: half of what LoRA's two passes cost
            flops *= 1.5 if work.lora else 4 / 3
        share = mfu(flops, middle.seconds, gpu)
        if share is not None:
            shares[name] = share
    return shares


def _keep_logs(run: Path, kept: Path) -> None:
    kept.mkdir(parents=True, exist_ok=True)
    for path in run.glob("*.*"):
        if path.is_file() and path.suffix in (".txt", ".json", ".yaml"):
            shutil.copy(path, kept / path.name)


def _cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tools.benchmarks.train", description=__doc__)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trainspec" / "models"
    parser.add_argument("--quick", action="store_true", help="a tiny model and a few steps: does it all work?")
    parser.add_argument("--only", action="append", metavar="NAME", help="only this workload; may be given again")
    parser.add_argument("--contender", action="append", metavar="NAME", help="only this one; may be given again")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each contender")
    parser.add_argument("--out", type=Path, default=Path(".trainspec/bench-train"), help="folder for JSON and PNG")
    parser.add_argument("--models", type=Path, default=cache, help="folder of real models")
    parser.add_argument("--scratch", type=Path, help="where to train; must hold the models of random weights")
    parser.add_argument("--keep", type=Path, help="folder for the configs and logs of each run")
    return parser


if __name__ == "__main__":
    sys.exit(main())
