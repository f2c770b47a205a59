"""The three volumes of a stage, and the paths under them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from runtime.contract.errors import StageError

VARIABLES = ("TRAINSPEC_MODELS", "TRAINSPEC_DATA", "TRAINSPEC_OUTPUTS")


@dataclass(frozen=True, kw_only=True, slots=True)
class Volumes:
    """Absolute folders: a stage reads `models` and `data`, and writes `outputs`."""

    models: Path
    data: Path
    outputs: Path


def volumes_from_environment(environment: Mapping[str, str] = os.environ) -> Volumes:
    """Return the volumes that the environment names; RUN703 unless each is an absolute path of a folder."""
    faults = [fault for name in VARIABLES if (fault := _fault(name, environment.get(name)))]
    if faults:
        raise StageError("RUN703", "; ".join(faults), "set each variable to the absolute path of a folder")
    models, data, outputs = (Path(environment[name]) for name in VARIABLES)
    return Volumes(models=models, data=data, outputs=outputs)


def _fault(name: str, value: str | None) -> str | None:
    if not value:
        return f"`{name}` is not set"
    if not Path(value).is_absolute():
        return f"`{name}` is not an absolute path: `{value}`"
    if not Path(value).is_dir():
        return f"`{name}` is not a folder: `{value}`"
    return None


def check_relative(value: str) -> str:
    """Return `value` if it is a normalised relative POSIX path inside its volume; raise ValueError otherwise."""
    path = PurePosixPath(value)
    clean = value and not path.is_absolute() and ".." not in path.parts and "\\" not in value and "\0" not in value
    if not clean or str(path) != value or value == ".":
        raise ValueError("must be a relative path inside its volume, such as `data/train.jsonl`")
    return value
