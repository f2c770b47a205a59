"""Open the source that a config names."""

import os
from pathlib import Path

from runtime.contract.blocks import SourceBlock
from runtime.contract.errors import StageError
from runtime.make.inputs.folder import Folder
from runtime.make.inputs.source import Source

VARIABLE = "TRAINSPEC_SOURCE"


def open_source(block: SourceBlock) -> Source:
    """Return the source that a config names; RUN703 if its folder is not mounted."""
    if block.bucket is not None:
        from runtime.make.inputs.bucket import Bucket

        return Bucket(block.bucket)
    value = os.environ.get(VARIABLE, "")
    if not Path(value).is_absolute() or not Path(value).is_dir():
        message = f"`{VARIABLE}` is not the absolute path of a folder: `{value}`"
        raise StageError("RUN703", message, "mount the claim of `storage.source.folder` and set the variable to it")
    return Folder(Path(value))
