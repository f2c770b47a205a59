"""One page of HTML for each stage: what was asked for, what came of it, and with what; it needs nothing beside it."""

import base64
import math
import re
import shutil
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from runtime.contract.errors import as_write_failure
from runtime.contract.stages import AnyStage
from runtime.contract.training_stages import TrainingStage
from runtime.stage.events import EventStream
from runtime.stage.files import write_text

PAGE_FILE = "report.html"
LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "tokenizers", "safetensors", "trainspec")


def write_page(document: dict[str, Any], stage: AnyStage, folder: Path, events: EventStream) -> None:
    """Write plots/*.png and report.html into `folder` out of metrics.json's `document` and what lies there.

    A page that cannot be drawn costs no training: it is told by a `warning` event. A failed write is raised.
    """
    from runtime.stage.steps import read_steps

    try:
        plots = draw_plots(read_steps(folder), folder)
        write_text(folder / PAGE_FILE, page(document, stage, plots))
    except Exception as error:
        failure = as_write_failure(error)
        if failure is not None:
            raise failure from error
        reason = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
        print(f"the report could not be drawn: {reason}", file=sys.stderr)
        events.emit("warning", message=f"the report could not be drawn: {reason}")


def page(document: dict[str, Any], stage: AnyStage, plots: list[Path]) -> str:
    """Return the page; `plots` are PNG files, which it takes in."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["shown"] = shown
    images = [(path.stem, base64.b64encode(path.read_bytes()).decode("ascii")) for path in plots]
    return environment.get_template("page.html.j2").render(
        document=document,
        stage=stage,
        settings=_settings(stage),
        figures=_figures(document),
        notes=_flat(document["report"]),
        images=images,
        versions=versions(),
    )


def versions() -> dict[str, str]:
    """Return the version of each library that a stage stands on, where it is installed."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def shown(value: object) -> str:
    """Return a value as people read it: numbers of at most six figures, up to 30 items of a list."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list):
        rest = f" and {len(value) - 30:,} more" if len(value) > 30 else ""
        return ", ".join(map(shown, value[:30])) + rest or "none"
    return "none" if value is None else str(value)


def _settings(stage: AnyStage) -> dict[str, object]:
    """The settings of the config, by their dotted paths, apart from what the page shows elsewhere."""
    fields = stage.model_dump(by_alias=True, exclude={"schema_version", "plan", "stage", "output", "method", "data"})
    return _flat(fields)


def _figures(document: dict[str, Any]) -> dict[str, object]:
    names = ("steps", "max_steps", "wall_seconds", "peak_memory_mb", "peak_gpu_memory_mb", "adapter", "model")
    figures = {name: document[name] for name in names if document.get(name) is not None}
    return {**figures, **_flat(document["training"])}


def _flat(fields: dict[str, Any], prefix: str = "", limit: int = 200) -> dict[str, object]:
    """Return nested mappings as one, with dotted names; of long lists their length, of more than `limit` the first."""
    flat: dict[str, object] = {}
    for name, value in fields.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict) and value:
            flat |= _flat(value, f"{path}.", limit)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            short = value[:20]
            for index, item in enumerate(short):
                flat |= _flat(item if isinstance(item, dict) else {"": item}, f"{path}.{index}.", limit)
            if len(value) > len(short):
                flat[f"{path}.length"] = len(value)
        else:
            flat[path] = value
    return dict(list(flat.items())[:limit])


def is_training(stage: AnyStage) -> bool:
    """Tell whether the stage changes weights."""
    return isinstance(stage, TrainingStage)


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
