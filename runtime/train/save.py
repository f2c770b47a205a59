"""Trained weights on their way to the disk: saved by the trainer, described, tried, and only then given their name."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.contract.stages import TrainingStage
from runtime.distributed.ranks import wait_for_all
from runtime.stage.context import StageContext
from runtime.stage.files import finish_folder
from runtime.train.model_card import name_the_base, write_card
from runtime.train.smoke import check_saved

if TYPE_CHECKING:
    from transformers import Trainer


def save_weights(trainer: "Trainer", context: StageContext, folder: Path, figures: dict[str, Any]) -> dict[str, Any]:
    """Save the adapter or model to `folder`, which holds either all of it or is not there; return the smoke test's
    result. `figures` of the training go into the model card. All processes must call it.
    """
    stage = context.stage
    assert isinstance(stage, TrainingStage)  # noqa: S101
    temporary = folder.with_name(f".{folder.name}.tmp")
    if context.is_main:
        shutil.rmtree(temporary, ignore_errors=True)
    wait_for_all()
    trainer.save_model(str(temporary))  # by all processes: shards are gathered
    wait_for_all()
    found: dict[str, Any] = {}
    if context.is_main:
        (temporary / "training_args.bin").unlink(missing_ok=True)  # a pickle that names folders of this machine
        found = _smoke(trainer, stage, temporary)
        name_the_base(temporary, stage.model.path)
        write_card(stage, figures, context.config_sha256, context.volumes.models / stage.model.path, temporary)
        shutil.rmtree(folder, ignore_errors=True)
        finish_folder(temporary, folder)
    wait_for_all()
    return found


def _smoke(trainer: "Trainer", stage: TrainingStage, folder: Path) -> dict[str, Any]:
    if stage.distributed.strategy != "ddp":  # no process holds all weights, so that one of them could not answer
        return {"skipped": f"weights are sharded ({stage.distributed.strategy}): `runtime.export` tries them"}
    model = trainer.accelerator.unwrap_model(trainer.model)
    return check_saved(model, trainer.processing_class, folder)
