"""The figures of a workload as a table, and its loss curves as a picture."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from tools.benchmarks.train.measure import Measured
from tools.benchmarks.train.work import Workload

Results = Mapping[str, Sequence[Measured]]


def median_rate(runs: Sequence[Measured]) -> float:
    """Median of useful tokens a second."""
    return statistics.median(run.rate for run in runs)


def show(
    console: Console, work: Workload, results: Results, failed: Mapping[str, str], mfus: Mapping[str, float]
) -> None:
    """Print a row for each contender, ours first; `mfus` are shares of the device's peak, where that is known."""
    memory = "peak GPU" if any(run.cuda_mib is not None for runs in results.values() for run in runs) else "peak RSS"
    table = Table(title=f"{work.name}: {work.steps - work.warmup} steps after {work.warmup}", title_justify="left")
    heads = (
        "useful tokens/s",
        "range",
        "ours is",
        "best step",
        "padding",
        memory,
        "MFU",
        f"{work.signal} apart",
        "load",
        "runs",
    )
    table.add_column("contender")
    for head in heads:
        table.add_column(head, justify="right")
    ours = results.get("ours", ())
    for name, runs in results.items():
        rates = sorted(run.rate for run in runs)
        positions = sum(run.positions for run in runs)
        padding = f"{1 - sum(run.tokens for run in runs) / positions:.0%}" if positions else ""
        table.add_row(
            name,
            f"{median_rate(runs):,.1f}",
            f"{rates[0]:,.1f} to {rates[-1]:,.1f}",
            f"{median_rate(ours) / median_rate(runs):.2f} ×" if ours else "",
            f"{max(run.best_rate for run in runs):,.1f}",
            padding,
            f"{statistics.median(run.peak_mib for run in runs):,.0f} MiB",
            f"{mfus[name]:.1%}" if name in mfus else "",
            f"{apart(ours[0], runs[0]):.4f}" if ours else "",
            f"{max(run.load_before for run in runs):.1f}",
            str(len(runs)),
        )
    console.print(table)
    for name, reason in failed.items():
        console.print(f"  {name}: not compared, {reason}", markup=False, highlight=False)


def apart(one: Measured, other: Measured) -> float:
    """The largest difference of the two losses at one step, as a share of the loss."""
    shared = one.losses.keys() & other.losses.keys()
    return max(
        (abs(one.losses[step] - other.losses[step]) / max(abs(one.losses[step]), 1e-3) for step in shared), default=0.0
    )


def draw(path: Path, work: Workload, results: Results) -> None:
    """Write the loss of each step of each contender's first run, and the rates of all, as PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (losses, rates) = pyplot.subplots(1, 2, figsize=(11, 4), width_ratios=(3, 2))
    for name, runs in results.items():
        curve = runs[0].losses
        losses.plot(list(curve), list(curve.values()), label=name, marker=".", linewidth=1)
    losses.set(xlabel="step", ylabel=work.signal, title=work.name)
    losses.legend()
    names = list(results)
    rates.barh(names, [median_rate(results[name]) for name in names])
    for position, name in enumerate(names):
        rates.plot([run.rate for run in results[name]], [position] * len(results[name]), "k|")
    rates.set(xlabel="useful tokens a second")
    rates.invert_yaxis()
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
