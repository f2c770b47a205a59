"""The options of a reward, validated before the stage loads a model."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runtime.contract.blocks import RewardBlock
from runtime.contract.errors import StageError
from runtime.contract.json_schema import schema_fault
from runtime.contract.options import LengthClash, length_clashes, option_faults
from runtime.contract.rewards import DEFAULTS, REWARDS
from runtime.contract.volumes import Volumes
from runtime.stage.pointers import refuse_pointers

MAX_SCHEMA_BYTES = 1 << 20
HINT = "fix `spec.reward`, then compile the plan again"
_CLASHES: dict[LengthClash, str] = {
    "no bound": "requires `least` or `most`",
    "bounds crossed": "`most` is below `least`",
    "marker and tokens": "`after` cuts text, so it requires `unit: characters`",
}


def read_options(block: RewardBlock, volumes: Volumes) -> dict[str, Any]:
    """Return the options of a term with defaults, and with the schema loaded.

    RUN750 if they are invalid, RUN721 if a file or folder is missing, RUN706 if a file is a Git LFS pointer.
    """
    if ":" in block.use:
        if block.options:
            raise StageError("RUN750", f"`{block.use}` takes no options, only the columns of the rows", HINT)
        return {}
    function = REWARDS.get(block.use)
    if function is None:
        names = ", ".join(f"`{name}`" for name in REWARDS)
        raise StageError("RUN750", f"the reward library has no `{block.use}`", f"use one of {names}")
    faults = "; ".join(_faults(block))
    if faults:
        raise StageError("RUN750", f"options of reward `{block.use}`: {faults}", HINT)
    read = {name: block.options.get(name, DEFAULTS.get(name)) for name in function.known}
    if "schema" in read:
        read["schema"] = read_schema(read["schema"], volumes.data)
    if "databases" in read and not (volumes.data / read["databases"]).is_dir():
        message = f"folder `{read['databases']}` is missing under `TRAINSPEC_DATA`"
        raise StageError("RUN721", message, "copy the databases to the data volume")
    if "databases" in read:
        refuse_pointers(volumes.data / read["databases"], read["databases"])
    return read


def _faults(block: RewardBlock) -> Iterator[str]:
    function, options = REWARDS[block.use], block.options
    wrong = list(option_faults(options, function.known, function.needed))
    yield from wrong
    if block.use == "length" and not wrong:
        yield from (_CLASHES[clash] for clash in length_clashes(options))


def read_schema(name: str, data: Path) -> Any:
    """Return the JSON schema of a file below `data`; RUN721 if it is missing, RUN750 if it is no schema."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for

    path = data / name
    if not path.is_file() or not path.resolve().is_relative_to(data.resolve()):
        message = f"schema `{name}` is missing under `TRAINSPEC_DATA`"
        raise StageError("RUN721", message, "copy the file to the data volume")
    refuse_pointers(path, name)
    if path.stat().st_size > MAX_SCHEMA_BYTES:
        raise StageError("RUN750", f"schema `{name}` is larger than 1 MiB", "use a smaller schema")
    try:
        text = path.read_text(encoding="utf-8")
        if fault := schema_fault(text):
            raise StageError("RUN750", f"schema `{name}` {fault}", "fix the file")
        schema = json.loads(text)
        validator_for(schema, default=Draft202012Validator).check_schema(schema)
    except (ValueError, RecursionError, SchemaError) as error:
        reason = str(error).strip().splitlines()[0]
        raise StageError("RUN750", f"schema `{name}` is not a JSON schema: {reason}", "fix the file") from error
    return schema
