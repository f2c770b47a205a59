"""Reads a stage config: the YAML that the compiler renders, with all faults reported at once."""

import hashlib
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from runtime.contract.errors import StageError
from runtime.contract.stages import AnyStage

_ADAPTER: TypeAdapter[AnyStage] = TypeAdapter(Annotated[AnyStage, Field(discriminator="method")])
_RENDER_AGAIN = "render the plan again with `trainspec compile`, and do not edit its files by hand"


def load_stage(path: Path) -> tuple[AnyStage, str]:
    """Read the config at `path`; return the stage and the SHA-256 of the file. RUN701 names every fault at once."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StageError(
            "RUN701", f"config `{path}` cannot be read: {error.strerror}", "give the path of a rendered config"
        ) from error
    return parse_stage(content, str(path)), hashlib.sha256(content).hexdigest()


def parse_stage(content: bytes, name: str) -> AnyStage:
    """Return the stage held by the YAML bytes `content`; `name` is used in messages. RUN701 names every fault."""
    document = _document(content, name)
    if "kind" in document:
        message = f"config `{name}` is a Kubernetes `{document['kind']}`, not the config of a stage"
        hint = "save the text under `data: config.yaml` of the plan's `NN-stage.config.yaml` as a file, and give that"
        raise StageError("RUN701", message, hint)
    try:
        return _ADAPTER.validate_python(document)
    except ValidationError as error:
        faults = "; ".join(_fault(dict(detail), document.get("method")) for detail in error.errors())
        raise StageError("RUN701", f"config `{name}`: {faults}", _RENDER_AGAIN) from error


def _document(content: bytes, name: str) -> dict[Any, Any]:
    try:
        document = yaml.safe_load(content.decode("utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        fault = f"is not YAML in UTF-8: {' '.join(str(error).split())}"
        raise StageError("RUN701", f"config `{name}` {fault}", _RENDER_AGAIN) from error
    except RecursionError as error:
        raise StageError("RUN701", f"config `{name}` is nested too deeply", _RENDER_AGAIN) from error
    except Exception as error:  # a value such as `2024-99-99`: PyYAML lets through what Python's types raise
        fault = f"holds a value that is not of its YAML type ({type(error).__name__}: {error})"
        raise StageError("RUN701", f"config `{name}` {fault}", _RENDER_AGAIN) from error
    if not isinstance(document, dict):
        raise StageError("RUN701", f"config `{name}` is not a mapping", _RENDER_AGAIN)
    return document


def _fault(detail: dict[str, Any], method: object) -> str:
    if detail["type"] == "union_tag_not_found":
        return "`method`: field required"
    # The discriminator puts the method's name in front of the field path; it is no field of the file.
    steps = [str(step) for step in detail["loc"]]
    if steps and steps[0] == method:
        steps = steps[1:]
    message = str(detail["msg"])
    message = message.removeprefix("Value error, ")
    return f"`{'.'.join(steps) or 'config'}`: {message[:1].lower()}{message[1:]}"
