"""The trackers that a spec names: each writes files below the stage's output folder, and nothing over the network."""

import importlib.util
import os
from pathlib import Path

from runtime.contract.errors import StageError
from runtime.contract.stages import AnyStage, TrainingStage

FOLDER = "tracking"


def check_trackers(stage: AnyStage) -> None:
    """RUN745 if a tracker of the stage is not installed: it would be told only after the model was loaded."""
    named = stage.tracking if isinstance(stage, TrainingStage) else []
    missing = [name for name in named if importlib.util.find_spec(name) is None]
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        message = f"`tracking` names what is not installed: {names}"
        raise StageError("RUN745", message, "install it with `pip install 'trainspec[tracking]'`, or leave it out")


def point_trackers(stage: TrainingStage, output: Path) -> None:
    """Set what the trackers read when training begins, so that each writes below `output`/tracking."""
    if not stage.tracking:
        return
    places = {name: output / FOLDER / name for name in stage.tracking}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    if "tensorboard" in places:
        os.environ["TENSORBOARD_LOGGING_DIR"] = str(places["tensorboard"])
    if "trackio" in places:
        os.environ["TRACKIO_DIR"] = str(places["trackio"])
    if "mlflow" in places:
        os.environ["MLFLOW_TRACKING_URI"] = places["mlflow"].as_uri()
        os.environ["MLFLOW_EXPERIMENT_NAME"] = stage.plan
        # its file store is what needs no server; since 3.x it must be asked for
        os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
