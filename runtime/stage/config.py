"""Read a stage config, the YAML that the compiler renders."""

import hashlib
from pathlib import Path
from typing import Any

import yaml

from runtime.contract.errors import StageError
from runtime.contract.read import RENDER_AGAIN, read_stage
from runtime.contract.stages import AnyStage


def load_stage(path: Path) -> tuple[AnyStage, str]:
    """Return the stage of the config at `path`, and the SHA-256 of the file.

    RUN701 names every fault at once.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StageError(
            "RUN701", f"config `{path}` cannot be read: {error.strerror}", "give the path of a rendered config"
        ) from error
    return parse_stage(content, str(path)), hashlib.sha256(content).hexdigest()


def parse_stage(content: bytes, name: str) -> AnyStage:
    """Return the stage in the YAML bytes `content`; `name` is for messages.

    RUN701 names every fault at once.
    """
    return read_stage(_document(content, name), name)


def _document(content: bytes, name: str) -> dict[Any, Any]:
    try:
        document = yaml.safe_load(content.decode("utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        fault = f"is not YAML in UTF-8: {' '.join(str(error).split())}"
        raise StageError("RUN701", f"config `{name}` {fault}", RENDER_AGAIN) from error
    except RecursionError as error:
        raise StageError("RUN701", f"config `{name}` is nested too deeply", RENDER_AGAIN) from error
    except Exception as error:  # for values such as `2024-99-99`, PyYAML passes on the errors of Python's types
        fault = f"holds a value that is not of its YAML type ({type(error).__name__}: {error})"
        raise StageError("RUN701", f"config `{name}` {fault}", RENDER_AGAIN) from error
    if not isinstance(document, dict):
        raise StageError("RUN701", f"config `{name}` is not a mapping", RENDER_AGAIN)
    return document
