"""Validation of a stage config, which reports all faults at once."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from runtime.contract.errors import StageError
from runtime.contract.stages import AnyStage

RENDER_AGAIN = "render the plan again with `trainspec compile`, and do not edit its files by hand"
_ADAPTER: TypeAdapter[AnyStage] = TypeAdapter(Annotated[AnyStage, Field(discriminator="method")])


def read_stage(document: Mapping[Any, Any], name: str) -> AnyStage:
    """Return the stage of a config; RUN701 lists every fault. `name` is the config's name, for messages."""
    if "kind" in document:
        message = f"config `{name}` is a Kubernetes `{document['kind']}`, not a stage config"
        hint = "save the text under `data: config.yaml` of the plan's `NN-stage.config.yaml` as a file, and use that"
        raise StageError("RUN701", message, hint)
    try:
        return _ADAPTER.validate_python(document)
    except ValidationError as error:
        faults = "; ".join(_fault(dict(detail), document.get("method")) for detail in error.errors())
        raise StageError("RUN701", f"config `{name}`: {faults}", RENDER_AGAIN) from error


def _fault(detail: dict[str, Any], method: object) -> str:
    if detail["type"] == "union_tag_not_found":
        return "`method`: field required"
    # pydantic's discriminator prefixes the field path with the method's name, which is not a field of the file.
    steps = [str(step) for step in detail["loc"]]
    if steps and steps[0] == method:
        steps = steps[1:]
    message = str(detail["msg"])
    message = message.removeprefix("Value error, ")
    return f"`{'.'.join(steps) or 'config'}`: {message[:1].lower()}{message[1:]}"
