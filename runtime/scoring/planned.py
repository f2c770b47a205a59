"""The code and schemas of rewards and metrics must be the files of the plan."""

from collections.abc import Mapping
from pathlib import Path

from runtime.contract.digests import content_digest
from runtime.contract.errors import StageError
from runtime.stage.pointers import refuse_pointers


def require_planned(code: Mapping[str, str], data: Path, user: str) -> None:
    """Check each file of `code` (path to SHA-256) below `data`; `user` names what uses it.

    RUN721 if a file is missing, RUN706 if it is a Git LFS pointer, RUN711 if it differs from the plan.
    """
    for name, sha256 in code.items():
        try:
            content = (data / name).read_bytes()
        except OSError as error:
            message = f"cannot read `{name}`, which {user} uses: {(error.strerror or str(error)).lower()}"
            raise StageError("RUN721", message, "copy the file to the data volume") from error
        refuse_pointers(data / name, name)
        if content_digest(content) != sha256:
            message = f"`{name}`, which {user} uses, is not the file of the plan"
            raise StageError("RUN711", message, "compile the plan again, and have the change reviewed")
