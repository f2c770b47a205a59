"""Open the sources that a config names."""

import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.contract.errors import StageError
from runtime.contract.source_blocks import HubBlock, SourceBlock
from runtime.make.inputs.folder import Folder
from runtime.make.inputs.source import Source

if TYPE_CHECKING:
    from runtime.make.inputs.hub import Hub

VARIABLE = "TRAINSPEC_SOURCE"


def open_source(block: SourceBlock) -> Source:
    """Return the bucket or folder that a config names; RUN703 if the folder is not mounted."""
    if block.bucket is not None:
        from runtime.make.inputs.bucket import Bucket

        return Bucket(block.bucket)
    value = os.environ.get(VARIABLE, "")
    if not Path(value).is_absolute() or not Path(value).is_dir():
        message = f"`{VARIABLE}` is not the absolute path of a folder: `{value}`"
        raise StageError("RUN703", message, "mount the claim of `storage.source.folder` and set the variable to it")
    return Folder(Path(value))


def open_hub(block: HubBlock, code: Collection[str]) -> "Hub":
    """Return the hub that a config names; `code`: paths of the models whose Python files belong to them."""
    from runtime.make.inputs.hub import Hub

    return Hub(block, code)
