"""Plots of a training run as PNG files: loss, rewards, learning rate, throughput, and what else a method measures."""

import math
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FOLDER = "plots"
# One picture each, with its unit and the figures that go together.
PICTURES: dict[str, tuple[str, tuple[str, ...]]] = {
    "loss": ("loss", ("loss",)),
    "rewards": ("reward", ("reward", "rewards/chosen", "rewards/rejected", "rewards/margins", "objective/rlhf_reward")),
    "accuracy": ("share of rows or tokens", ("rewards/accuracies", "accuracy", "mean_token_accuracy")),
    "kl": ("KL divergence", ("kl", "objective/kl", "approx_kl")),
    "completion_length": ("tokens", ("completions/mean_length",)),
    "entropy": ("nats", ("entropy",)),
    "gradient_norm": ("norm", ("grad_norm",)),
    "learning_rate": ("learning rate", ("learning_rate",)),
    "throughput": ("non-padding tokens a second", ("tokens_per_second",)),
}
_TERM = re.compile(r"rewards/.+/mean")  # of a reward with several terms
# Fonts with Chinese characters, where the machine has one.
FONTS = ("Noto Sans CJK SC", "Noto Sans SC", "WenQuanYi Zen Hei", "Source Han Sans SC", "PingFang SC", "DejaVu Sans")


def draw_plots(steps: Sequence[dict[str, Any]], folder: Path) -> list[Path]:
    """Draw what `steps` hold into `folder`/plots; return the files, in the order to show them."""
    if not steps:
        return []
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import font_manager

    terms = sorted({name for entry in steps for name in entry if _TERM.fullmatch(name)})
    pictures = PICTURES | {"rewards": (PICTURES["rewards"][0], (*PICTURES["rewards"][1], *terms))}
    here = {font.name for font in font_manager.fontManager.ttflist}
    target = folder / FOLDER
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    with matplotlib.rc_context({"font.sans-serif": [name for name in FONTS if name in here]}):
        drawn = [_draw(target / f"{name}.png", label, names, steps) for name, (label, names) in pictures.items()]
    return [path for path in drawn if path is not None]


def _draw(path: Path, label: str, names: Sequence[str], steps: Sequence[dict[str, Any]]) -> Path | None:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    lines = {name: points for name in names if (points := _points(steps, name))}
    if not lines:
        return None
    figure = Figure(figsize=(5.2, 3.0), dpi=110)
    axes = figure.add_subplot()
    for name, points in lines.items():
        marker = "o" if len(points) == 1 else None
        axes.plot(
            [step for step, _ in points], [value for _, value in points], label=name, linewidth=1.4, marker=marker
        )
    axes.set_title(path.stem.replace("_", " "), fontsize="medium")
    axes.set_xlabel("step")
    axes.set_ylabel(label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(visible=True, alpha=0.3)
    if len(lines) > 1:  # below the axes, where it hides no line
        axes.legend(fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2, frameon=False)
    figure.savefig(path, metadata={"Software": None}, bbox_inches="tight")
    return path


def _points(steps: Sequence[dict[str, Any]], name: str) -> list[tuple[int, float]]:
    values = ((int(entry["step"]), entry.get(name)) for entry in steps)
    return [(step, float(value)) for step, value in values if value is not None and math.isfinite(float(value))]
