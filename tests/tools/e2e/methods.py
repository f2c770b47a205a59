"""Runs every training method for real: the plans of shipped specs, with a real model and real data, one after the other.

    python tests/tools/e2e/methods.py [SPEC ...]

Prints the README's table. What has run is not run again, so a run that was stopped goes on; remove `.trainspec/e2e` to
begin anew. Takes about as long as the times in the table together: this is no part of `make test-all`.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from judges import judge_of
from rich.console import Console
from rich.table import Table
from teachers import teacher_of

ROOT = Path(__file__).resolve().parents[3]
WORK = ROOT / ".trainspec" / "e2e"
# in the order in which a reader meets the methods; a spec may show several
SPECS = (
    "poetry-tutor",
    "tool-calls",
    "support-desk",
    "mail-triage",
    "parcel-address",
    "nl2sql",
    "reply-picker",
    "word-problems",
    "freight-quotes",
    "till-totals",
    "retention-scripts",
    "discharge-coding",
    "expense-checks",
)
NAMES = {"cpt": "CPT", "sft": "SFT", "cot": "CoT", "latent-cot": "latent CoT", "dpo": "DPO", "kto": "KTO"}
NAMES |= {"reward": "reward model", "grpo": "GRPO", "ppo": "PPO", "distill": "on-policy distillation"}
NAMES |= {"teacher": "teacher's answers", "pairs": "pairs", "sample": "sampling", "preflight": "pre-flight"}
# the names of a method's own figures in its step events, in addition to the loss
SIGNALS = ("reward", "rewards/margins", "kl", "mean_token_accuracy", "loss")
EDGE = 0.2  # the share of the steps that a beginning or an end is the mean of
Row = Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """A stage of a plan that was run: its config, metrics.json, and step events."""

    spec: str
    config: Mapping[str, Any]
    metrics: Mapping[str, Any]
    steps: tuple[Mapping[str, Any], ...]


def main(names: list[str]) -> int:
    """Run the plans, print the table; the exit code is that of the worst run."""
    worst, rows = 0, []
    for name in names or SPECS:
        started = time.monotonic()
        print(f"== specs/{name}", file=sys.stderr, flush=True)
        command = [Path(sys.executable).with_name("trainspec"), "run", f"specs/{name}/plan", "--work", WORK / name]
        with teacher_of(ROOT / "specs" / name), judge_of(ROOT / "specs" / name):
            done = subprocess.run(command, cwd=ROOT, check=False)
        worst = max(worst, done.returncode)
        print(f"== specs/{name}: exit code {done.returncode}, {time.monotonic() - started:.0f} s", file=sys.stderr)
        rows += list(rows_of(list(stages(name))))
    show(rows)
    text = markdown(rows)
    (WORK / "methods.md").write_text(text, encoding="utf-8")
    print(text)
    return worst


def stages(spec: str) -> Iterator[Ran]:
    """The stages of a spec's plan that have run here, in order."""
    for path in sorted((ROOT / "specs" / spec / "plan").glob("*.config.yaml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        config = yaml.safe_load(document["data"]["config.yaml"])
        result = WORK / spec / "outputs" / config["output"] / "metrics.json"
        if result.is_file():
            log = (WORK / spec / "logs" / f"{config['output']}.jsonl").read_text(encoding="utf-8")
            events = [json.loads(line) for line in log.splitlines()]
            steps = tuple(event for event in events if event["event"] == "step")
            metrics = json.loads(result.read_text(encoding="utf-8"))
            yield Ran(spec=spec, config=config, metrics=metrics, steps=steps)


def rows_of(ran: list[Ran]) -> Iterator[Row]:
    """A row for each stage that is no evaluation, with the evaluations before and after it."""
    for index, stage in enumerate(ran):
        method = stage.config["method"]
        if method == "evaluate":
            continue
        before = next((each for each in reversed(ran[:index]) if each.config["method"] == "evaluate"), None)
        after = next((each for each in ran[index + 1 :] if each.config["method"] == "evaluate"), None)
        trained = stage.metrics["steps"] > 0
        yield {
            "method": NAMES.get(method, method),
            "spec": stage.spec,
            "steps": str(stage.metrics["steps"]) if trained else "–",
            "time": minutes(stage.metrics["wall_seconds"]),
            "memory": f"{stage.metrics['peak_memory_mb'] / 1024:.1f} GiB",
            "before": score(before) if trained and method != "reward" else "–",
            "after": score(after) if trained and method != "reward" else "–",
            "own signal": "; ".join([*own_figures(stage), *(other_results(after) if trained and after else ())]),
        }


def score(evaluation: Ran | None) -> str:
    """The deciding metric with its interval."""
    if evaluation is None:
        return "–"
    values = evaluation.metrics["metrics"]
    return shown(values[evaluation.config.get("gate", {}).get("metric") or next(iter(values))])


def shown(value: Mapping[str, float]) -> str:
    """A figure with its interval."""
    return f"{value['value']:.3f} ({value['low']:.3f}–{value['high']:.3f})"


def own_figures(stage: Ran) -> list[str]:
    """Return the first of the method's own figures, at the beginning and at the end; otherwise its counts."""
    if not stage.steps:
        found = {**stage.metrics["training"], **stage.metrics["report"]}
        return [f"{name} {value}" for name, value in found.items() if isinstance(value, int)]
    measured = [f"{name} {shown(each)}" for name, each in stage.metrics["metrics"].items()]
    gap = stage.metrics["report"].get("teacher_kl")
    if gap:
        before, after = (gap[when]["on_teacher_answers"] for when in ("before", "after"))
        measured.append(f"KL from the teacher {before:.3f} → {after:.3f}")
    if removals := stage.metrics["report"].get("curriculum"):
        first, *_, last = (removal["chain_tokens_left"] for removal in removals)
        measured.append(f"chain tokens {first:.1f} → {last:.1f}")
    named = [name for name in SIGNALS if any(name in step for step in stage.steps)][:2]  # some are of rollouts alone
    return [*measured, *(change(stage.steps, name) for name in named)]


def other_results(evaluation: Ran) -> Iterator[str]:
    """Return the other results of an evaluation: the worth of a chain, and the loss on general text."""
    report = evaluation.metrics["report"]
    if "without_chain" in report:
        yield f"without its chain {shown(report['without_chain']['without_chain'])}"
    for each in report.get("general", ()):
        if each["gain"]:
            yield f"gain of {each['measure']} on general rows {shown(each['gain'])}"


def change(steps: tuple[Mapping[str, Any], ...], name: str) -> str:
    """Mean of a figure over the first and over the last steps."""
    values = [float(each[name]) for each in steps if name in each]
    edge = max(1, round(len(values) * EDGE))
    first, last = sum(values[:edge]) / edge, sum(values[-edge:]) / edge
    return f"{name.removeprefix('rewards/')} {first:.3f} → {last:.3f}"


def minutes(seconds: float) -> str:
    """A time as people read it."""
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s" if seconds >= 60 else f"{seconds:.0f} s"


def markdown(rows: list[Row]) -> str:
    """The table of the README."""
    if not rows:
        return "nothing has run\n"
    names = list(rows[0])
    lines = [names, ["---"] * len(names), *([row[name] for name in names] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def show(rows: list[Row]) -> None:
    """The table on a terminal."""
    table = Table(title="every method, run for real")
    for name in rows[0] if rows else ():
        table.add_column(name)
    for row in rows:
        table.add_row(*row.values())
    Console(stderr=True).print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
