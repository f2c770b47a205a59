"""Summary of a local run: a table of the stages, and what to deploy."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from compiler.run.local.jobs import LocalJob
from compiler.run.local.results import Result
from runtime.contract.outputs import NOT_PASSED, PROMPT_FILE, verdict_words


def summary(jobs: Sequence[LocalJob], results: Mapping[str, Result]) -> Table:
    """Return a table with one row per stage: its scores, then its state and cost.

    Each column folds, so that the table fits a console of any width.
    """
    table = Table(show_lines=True)
    table.add_column("stage", overflow="fold")
    table.add_column("result (95 % interval)", overflow="fold", ratio=1)
    for job in jobs:
        result = results.get(job.name)
        lines = _lines(result) if result else [_absent(job)]
        table.add_row(Text(job.stage), Text("\n".join(lines)))
    return table


def _absent(job: LocalJob) -> str:
    if job.method == "load":
        return "not run here"
    return "finished elsewhere" if job.finished else "not needed"


def _lines(result: Result) -> list[str]:
    """Return a line for each metric, or the score of a stage without one; then findings, and state and cost."""
    metrics, gate = result.metrics, result.metrics.get("gate")
    scores = _scores(result) or [str(metrics.get("score") or "")]
    state = "ran now" if result.ran_now else "had run"
    verdict = f", gate: {verdict_words(gate['verdict'])}" if gate else ""
    return [line for line in (*scores, _findings(result), f"{state}{verdict}; {_cost(metrics)}") if line]


def _scores(result: Result) -> list[str]:
    """Return each metric with its interval and gain, the deciding one first."""
    metrics, gate = result.metrics.get("metrics") or {}, result.metrics.get("gate") or {}
    decides = (result.job.config.get("gate") or {}).get("metric")
    names = sorted(metrics, key=lambda name: name != decides)
    gains = dict((result.metrics.get("report") or {}).get("gains") or {})
    if names and gate.get("gain") is not None:
        gains[names[0]] = {"value": gate["gain"], "low": gate["gain_low"], "high": gate["gain_high"]}
    return [f"{name} {_score(metrics[name])}{_gain(gains.get(name))}, n {metrics[name]['n']}" for name in names]


def _score(score: Mapping[str, Any]) -> str:
    return "{value:.3f} ({low:.3f} to {high:.3f})".format(**score)


def _gain(gain: Mapping[str, Any] | None) -> str:
    return "" if gain is None else ", gain {value:+.3f} ({low:+.3f} to {high:+.3f})".format(**gain)


def _findings(result: Result) -> str:
    """Return further findings of an evaluation: badcases fixed, answers newly wrong, change on general rows."""
    report = (result.metrics.get("report") or {}) if result.job.method == "evaluate" else {}
    rates, broken = report.get("badcases"), report.get("broken")
    gains = [f"{each['gain']['value']:+.3f}" for each in report.get("general") or [] if each.get("gain")]
    found = [
        f"badcases fixed {rates['fixed']}/{rates['n']}" if rates else "",
        f"newly wrong {broken['count']}" if broken else "",
        f"general {', '.join(gains)}" if gains else "",
    ]
    return ", ".join(filter(None, found))


def _cost(metrics: Mapping[str, Any]) -> str:
    steps, runs = metrics.get("steps"), len(metrics.get("parts") or [])
    cost = [
        f"{steps:,} steps" if steps else "",
        _duration(metrics["wall_seconds"]) + (f" in {runs} runs" if runs > 1 else ""),
        f"{metrics['peak_memory_mb'] / 1024:.1f} GiB",
    ]
    return ", ".join(filter(None, cost))


# files that people take over, by the method that makes them
_TAKEN_OVER = {
    "optimize-prompt": ("the best prompt, to copy over the file of `spec.prompt.path`:", PROMPT_FILE),
    "augment": (
        "review these rows; then they may be data of purpose `demonstrations`, with `synthetic: true`:",
        "prompt-completion.jsonl",
    ),
}


def _may_be_deployed(result: Result) -> bool:
    """Return whether an evaluation passed a gate that needs a gain, or measured the base model."""
    needs_gain = result.job.config.get("gate", {}).get("needs_gain", True)
    return bool(result.job.method == "evaluate" and needs_gain and result.verdict not in NOT_PASSED)


def _duration(seconds: float) -> str:
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"


def conclusion(jobs: Sequence[LocalJob], results: Mapping[str, Result], outputs: Path) -> list[str]:
    """Return the conclusion of the run, as lines: what to deploy, and where it is."""
    done = [results[job.name] for job in jobs if job.name in results]
    gates = [result for result in done if result.metrics.get("gate")]
    gained = [result for result in gates if _may_be_deployed(result)]
    best = gained[-1] if gained else None
    lines = []
    for result in gates[-1:]:
        reason = result.metrics["gate"]["reason"]
        lines.append(f"gate of {result.job.stage}: {verdict_words(result.verdict)} ({reason})")
    adapters: list[Any] = best.job.config["model"]["adapters"] if best else []
    if adapters:
        lines.append(
            f"deploy what {best.job.stage} measured: the base model with these adapters, merged in this order:"
            if best
            else ""
        )
        lines += [f"  {outputs / adapter}" for adapter in adapters]
    elif any(job.finished and job.name not in results for job in jobs):
        lines.append("see PLAN.md for the results of the stages that finished elsewhere")
    elif done and any(job.config["model"]["adapters"] for job in jobs):
        lines.append("nothing to deploy: no training stage gained over the base model")
    return [*lines, *_made(done, outputs)]


def _made(done: Sequence[Result], outputs: Path) -> Iterator[str]:
    """Yield where the files are that people take over from a plan: the best prompt, and rows to review."""
    for result in done:
        if result.job.method in _TAKEN_OVER:
            what, name = _TAKEN_OVER[result.job.method]
            yield what
            yield f"  {outputs / result.job.name / name}"
