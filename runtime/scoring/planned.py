"""The code and schemas of rewards and metrics must be the files of the plan."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from runtime.contract.errors import StageError


def require_planned(code: Mapping[str, str], data: Path, user: str) -> None:
    """Check each file of `code` (path to SHA-256) below `data`; `user` names what uses it.

    RUN721 if a file is missing, RUN711 if it differs from the plan.
    """
    for name, sha256 in code.items():
        try:
            content = (data / name).read_bytes()
        except OSError as error:
            message = f"cannot read `{name}`, which {user} uses: {(error.strerror or str(error)).lower()}"
            raise StageError("RUN721", message, "copy the file to the data volume") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            message = f"`{name}`, which {user} uses, is not the file of the plan"
            raise StageError("RUN711", message, "compile the plan again, and have the change reviewed")
