"""The self-contained HTML page of a stage: settings, results, and training curves.

`write_page` draws the plots with matplotlib and fills the template `page.html.j2`.
"""

import base64
import math
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType
from typing import Any

from runtime.contract.errors import as_write_failure
from runtime.contract.outputs import verdict_words
from runtime.contract.stages import AnyStage, EvaluateStage
from runtime.stage.events import EventStream
from runtime.stage.files import write_text
from runtime.stage.samples import read_samples

PAGE_FILE = "report.html"
PLOTS_FOLDER = "plots"
LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "tokenizers", "safetensors", "trainspec")
# Each plot with the label of its y axis and the figures that belong together.
PLOTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "loss": ("loss", ("loss",)),
    "rewards": ("reward", ("reward", "rewards/chosen", "rewards/rejected", "rewards/margins", "objective/rlhf_reward")),
    "accuracy": ("share of rows or tokens", ("rewards/accuracies", "accuracy", "mean_token_accuracy")),
    "reward_spread": ("share of groups with equal rewards", ("frac_reward_zero_std",)),
    "cut_answers": ("share of answers", ("completions/clipped_ratio",)),
    "kl": ("KL divergence", ("kl", "objective/kl", "approx_kl")),
    "completion_length": ("tokens", ("completions/mean_length",)),
    "entropy": ("nats", ("entropy",)),
    "gradient_norm": ("norm", ("grad_norm",)),
    "learning_rate": ("learning rate", ("learning_rate",)),
    "throughput": ("non-padding tokens a second", ("tokens_per_second",)),
}
# Fonts with Chinese characters; matplotlib uses the first that the machine has.
FONTS = ("Noto Sans CJK SC", "Noto Sans SC", "WenQuanYi Zen Hei", "Source Han Sans SC", "PingFang SC", "DejaVu Sans")
_SHOWN_ELSEWHERE = ("warnings", "gains")
_TERM = re.compile(r"rewards/.+/mean")  # of a reward with several terms


def write_page(document: dict[str, Any], stage: AnyStage, folder: Path, events: EventStream) -> None:
    """Write plots/*.png and report.html to `folder`, from metrics.json and the steps.

    A page that cannot be drawn does not fail the stage: a `warning` event reports it. A failed write is raised.
    """
    from runtime.stage.curves import read_steps

    try:
        plots = draw_plots(read_steps(folder), folder)
        write_text(folder / PAGE_FILE, render_page(document, stage, plots, read_samples(folder)))
    except Exception as error:
        failure = as_write_failure(error)
        if failure is not None:
            raise failure from error
        reason = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
        print(f"cannot draw the report page: {reason}", file=sys.stderr)
        events.emit("warning", message=f"cannot draw the report page: {reason}")


def render_page(
    document: dict[str, Any], stage: AnyStage, plots: list[Path], samples: Mapping[str, Any] = MappingProxyType({})
) -> str:
    """Return the HTML; `plots` are PNG files, which the page embeds, and `samples` are sample answers.

    The page loads nothing and runs no script, and its policy says so to the browser: answers are foreign text.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"readable": readable, "verdict_words": verdict_words, "duration": duration}
    images = [(path.stem, base64.b64encode(path.read_bytes()).decode("ascii")) for path in plots]
    return environment.get_template("page.html.j2").render(
        document=document,
        stage=stage,
        scores=_scores(document, stage),
        settings=_settings(stage),
        figures=_figures(document),
        notes=_flatten({name: value for name, value in document["report"].items() if name not in _SHOWN_ELSEWHERE}),
        warnings=document["report"].get("warnings") or [],
        parts=document.get("parts") or [],
        samples=samples,
        images=images,
        versions=versions(),
    )


def duration(seconds: float) -> str:
    """Return seconds for people: `3.2 s`, `4 min 05 s`, `2 h 03 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def versions() -> dict[str, str]:
    """Return the version of each installed library that a stage depends on."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def readable(value: object) -> str:
    """Return a value as text: at most six digits of a number, at most 30 items of a list."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list):
        rest = f" and {len(value) - 30:,} more" if len(value) > 30 else ""
        return ", ".join(map(readable, value[:30])) + rest or "none"
    return "none" if value is None else str(value)


def draw_plots(steps: Sequence[dict[str, Any]], folder: Path) -> list[Path]:
    """Draw the curves of `steps` into `folder`/plots; return the files in display order."""
    if not steps:
        return []
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import font_manager

    terms = sorted({name for entry in steps for name in entry if _TERM.fullmatch(name)})
    plots = PLOTS | {"rewards": (PLOTS["rewards"][0], (*PLOTS["rewards"][1], *terms))}
    installed = {font.name for font in font_manager.fontManager.ttflist}
    target = folder / PLOTS_FOLDER
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    with matplotlib.rc_context({"font.sans-serif": [name for name in FONTS if name in installed]}):
        drawn = [_draw(target / f"{name}.png", label, names, steps) for name, (label, names) in plots.items()]
    return [path for path in drawn if path is not None]


def _scores(document: dict[str, Any], stage: AnyStage) -> list[dict[str, Any]]:
    """Return each metric with its value, its target, and its gain; the last two may be None."""
    gate = stage.gate if isinstance(stage, EvaluateStage) else None
    targets = {gate.metric: gate.target, **{each.metric: each.target for each in gate.others}} if gate else {}
    decided, gains = document["gate"] or {}, dict(document["report"].get("gains", {}))
    if decided.get("gain") is not None:
        first = gate.metric if gate else next(iter(document["metrics"]))
        gains[first] = {"value": decided["gain"], "low": decided["gain_low"], "high": decided["gain_high"]}
    return [
        {"name": name, "score": score, "target": targets.get(name), "gain": gains.get(name)}
        for name, score in document["metrics"].items()
    ]


def _settings(stage: AnyStage) -> dict[str, object]:
    """Return the settings by dotted path, without those that the page shows elsewhere."""
    fields = stage.model_dump(by_alias=True, exclude={"schema_version", "plan", "stage", "output", "method", "data"})
    return _flatten(fields)


def _figures(document: dict[str, Any]) -> dict[str, object]:
    names = ("steps", "max_steps", "wall_seconds", "peak_memory_mb", "peak_gpu_memory_mb", "adapter", "model")
    figures = {name: document[name] for name in names if document.get(name) is not None}
    return {**figures, **_flatten(document["training"])}


def _flatten(fields: dict[str, Any], prefix: str = "", limit: int = 200) -> dict[str, object]:
    """Return nested mappings as one with dotted names, of at most `limit` entries.

    A list of mappings contributes 20 items and its length.
    """
    flat: dict[str, object] = {}
    for name, value in fields.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict) and value:
            flat |= _flatten(value, f"{path}.", limit)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            short = value[:20]
            for index, item in enumerate(short):
                flat |= _flatten(item if isinstance(item, dict) else {"": item}, f"{path}.{index}.", limit)
            if len(value) > len(short):
                flat[f"{path}.length"] = len(value)
        else:
            flat[path] = value
    return dict(list(flat.items())[:limit])


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
