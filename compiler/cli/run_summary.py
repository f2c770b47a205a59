"""Summary of a local run: a table of the stages, and what to deploy."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from compiler.run.local.jobs import LocalJob
from compiler.run.local.results import Result
from runtime.contract.outputs import NOT_PASSED, verdict_words


def summary(jobs: Sequence[LocalJob], results: Mapping[str, Result]) -> Table:
    """Return a table with one row per stage: its scores, cost and state."""
    table = Table(title_justify="left")
    found = {name: _findings(result) for name, result in results.items()}
    seen = [name for name in _FINDINGS if any(name in each for each in found.values())]
    for name in ("stage", "metric", "score (95 %)", "gain (95 %)"):
        table.add_column(name, no_wrap=True)
    for name in ("n", *seen, "steps", "wall", "peak memory"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("state")
    for job in jobs:
        result = results.get(job.name)
        more = [found.get(job.name, {}).get(name, "") for name in seen]
        cells = _cells(result) if result else (*[""] * 7, _absent(job))
        table.add_row(job.stage, *cells[:4], *more, *cells[4:])
    return table


_FINDINGS = ("fixed", "broken", "general")


def _findings(result: Result) -> dict[str, str]:
    """Return further findings of an evaluation: badcases fixed, answers newly wrong, change on general rows."""
    report = (result.metrics.get("report") or {}) if result.job.method == "evaluate" else {}
    cells = {}
    if rates := report.get("badcases"):
        cells["fixed"] = f"{rates['fixed']}/{rates['n']}"
    if broken := report.get("broken"):
        cells["broken"] = str(broken["count"])
    gains = [each["gain"]["value"] for each in report.get("general") or [] if each.get("gain")]
    if gains:
        cells["general"] = ", ".join(f"{gain:+.3f}" for gain in gains)
    return cells


def _absent(job: LocalJob) -> str:
    if job.method == "load":
        return "not run here"
    return "finished elsewhere" if job.finished else "not needed"


def _cells(result: Result) -> tuple[str, ...]:
    metrics = result.metrics
    gate, scores, steps = metrics.get("gate") or {}, metrics.get("metrics", {}), metrics.get("steps")
    decides = result.job.config.get("gate", {}).get("metric")
    names = sorted(scores, key=lambda name: name != decides)  # one line each
    gains = dict((metrics.get("report") or {}).get("gains") or {})
    if names and gate.get("gain") is not None:
        gains[names[0]] = {"value": gate["gain"], "low": gate["gain_low"], "high": gate["gain_high"]}
    return (
        "\n".join(names),
        "\n".join("{value:.3f} ({low:.3f} to {high:.3f})".format(**scores[name]) for name in names),
        "\n".join(
            "{value:+.3f} ({low:+.3f} to {high:+.3f})".format(**gains[name]) if name in gains else "" for name in names
        ),
        "\n".join(str(scores[name]["n"]) for name in names),
        str(steps) if steps else "",
        _duration(metrics["wall_seconds"]),
        f"{metrics['peak_memory_mb'] / 1024:.1f} GiB",
        ("ran now" if result.ran_now else "had run") + (f", gate: {verdict_words(gate['verdict'])}" if gate else ""),
    )


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
    elif done:
        lines.append("nothing to deploy: no training stage gained over the base model")
    return lines
