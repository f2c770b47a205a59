"""The model card (README.md) of trained weights."""

from pathlib import Path
from typing import Any

from runtime.contract.blocks import DataBlock
from runtime.contract.hub import hub_model
from runtime.contract.methods import METHODS
from runtime.contract.training_stages import TrainingStage
from runtime.stage.page import readable, versions

CARD_FILE = "README.md"
_LIMITS = (
    "Trained for the task of the plan above, in the format of its data. The terms and limits of the base model apply."
    " The reports of the plan's evaluation stages give the gains, with intervals; without such a report, the quality of"
    " these weights is unknown."
)


def write_card(stage: TrainingStage, figures: dict[str, Any], config_sha256: str, base: Path, folder: Path) -> None:
    """Write README.md to `folder`; the card in the folder `base` may give the licence."""
    from huggingface_hub import ModelCard

    card = ModelCard(f"---\n{_header(stage, base, folder)}\n---\n\n{_body(stage, figures, config_sha256)}")
    (folder / CARD_FILE).write_text(str(card), encoding="utf-8")


def licence_of(base: Path) -> str | None:
    """Return the licence in the base model's card; None if the card is missing or has none."""
    from huggingface_hub import ModelCard

    try:
        licence = ModelCard.load(base / CARD_FILE).data.license
    except (OSError, ValueError):
        licence = None
    return licence if isinstance(licence, str) else None


def _header(stage: TrainingStage, base: Path, folder: Path) -> str:
    from huggingface_hub import ModelCardData

    is_adapter = (folder / "adapter_config.json").is_file()
    known = hub_model(stage.model.path)
    data = ModelCardData(
        base_model=known.name if known else stage.model.path,
        library_name="peft" if is_adapter else "transformers",
        license=licence_of(base),
        pipeline_tag="text-classification" if _method(stage) == "reward" else "text-generation",
        tags=["trainspec", "trl", _method(stage), *(["lora"] if is_adapter else [])],
    )
    return str(data.to_yaml())


def _body(stage: TrainingStage, figures: dict[str, Any], config_sha256: str) -> str:
    earlier = "".join(f", after `{adapter}`" for adapter in stage.model.adapters)
    settings = {**stage.trainer, **{f"peft.{name}": value for name, value in _peft(stage).items()}, "seed": stage.seed}
    parts = [
        f"# {stage.plan}: {stage.stage}\n",
        f"Made by {METHODS[_method(stage)].title} (`{_method(stage)}`) of `{stage.model.path}`{earlier}.\n",
        _table("Origin", _origin(stage, config_sha256)),
        "## Data\n\n" + "\n".join(map(_data_line, stage.data)) + "\n",
        _table("Settings", settings),
        _table("Training figures", figures),
        _table("Versions", dict(versions())),
        f"## Use and limits\n\n{_LIMITS}\n",
    ]
    return "\n".join(parts)


def _method(stage: TrainingStage) -> str:
    return str(stage.model_dump()["method"])


def _peft(stage: TrainingStage) -> dict[str, Any]:
    return {} if stage.peft is None else stage.peft.as_arguments()


def _origin(stage: TrainingStage, config_sha256: str) -> dict[str, Any]:
    return {
        "plan": stage.plan,
        "stage": stage.stage,
        "output": stage.output,
        "config (SHA-256)": config_sha256,
        "processes": stage.distributed.world,
    }


def _data_line(block: DataBlock) -> str:
    if block.volume == "outputs":
        return f"- `{block.path}` ({block.shape}), made by an earlier stage of the plan"
    return f"- `{block.path}` ({block.shape}): {block.rows} rows, SHA-256 `{block.sha256}`"


def _table(title: str, rows: dict[str, Any]) -> str:
    lines = [f"| {name} | {readable(value)} |" for name, value in rows.items() if not isinstance(value, dict)]
    return "\n".join([f"## {title}\n", "| | |", "|---|---|", *(line.replace("\n", " ") for line in lines), ""])
