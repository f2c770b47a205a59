"""The options of each function of the reward library, read strictly before any model is loaded."""

import json
import re
from typing import Annotated, Any, Literal

import jsonschema
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from runtime.contract.blocks import RelativePath, RewardBlock
from runtime.contract.errors import StageError
from runtime.contract.volumes import Volumes

MAX_SCHEMA_BYTES = 1 << 20
HINT = "correct `spec.reward` and compile the plan again"


class Options(BaseModel):
    """`after`: only what follows the last such marker is judged; an answer without it scores 0."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    after: Annotated[str, Field(min_length=1, max_length=100)] | None = None


class Pattern(Options):
    """A regular expression that must be found in the answer; `^` and `$` tie it to the whole."""

    pattern: Annotated[str, Field(min_length=1, max_length=2000)]

    @model_validator(mode="after")
    def _compiles(self) -> "Pattern":
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"`pattern` is no regular expression: {error}") from error
        return self


class Schema(Options):
    """A file of the data volume with the JSON schema that the answer must fit."""

    schema_file: Annotated[RelativePath, Field(alias="schema")]


class Databases(Options):
    """A folder of the data volume with the SQL scripts of the databases."""

    databases: RelativePath


class Length(Options):
    """From `least` to `most` characters, or tokens where `unit` says so, an answer scores 1."""

    least: Annotated[int, Field(ge=0)] = 0
    most: Annotated[int, Field(ge=1)] | None = None
    unit: Literal["characters", "tokens"] = "characters"

    @model_validator(mode="after")
    def _bounds(self) -> "Length":
        if self.most is None and self.least == 0:
            raise ValueError("`least` or `most` must be given")
        if self.most is not None and self.most < self.least:
            raise ValueError("`most` is below `least`")
        if self.unit == "tokens" and self.after is not None:
            raise ValueError("`after` cuts text, so it goes with `unit: characters`")
        return self


LIBRARY: dict[str, type[Options]] = {
    "exact_match": Options,
    "numeric_answer": Options,
    "sql_execution": Databases,
    "tool_call": Options,
    "json_schema": Schema,
    "length": Length,
    "regex": Pattern,
}
COMPARED = ("exact_match", "numeric_answer", "sql_execution", "tool_call")  # they need a right answer in each row


def read_options(block: RewardBlock, volumes: Volumes) -> dict[str, Any]:
    """Return the options of a term as its function takes them, with a schema read; RUN750 if they are not right."""
    if ":" in block.use:
        if block.options:
            raise StageError("RUN750", f"`{block.use}` takes no options, but the columns of the rows", HINT)
        return {}
    known = LIBRARY.get(block.use)
    if known is None:
        names = ", ".join(f"`{name}`" for name in LIBRARY)
        raise StageError("RUN750", f"the reward library has no `{block.use}`", f"use one of {names}")
    try:
        options = known.model_validate(block.options)
    except ValidationError as error:
        faults = "; ".join(_fault(dict(detail)) for detail in error.errors())
        raise StageError("RUN750", f"options of reward `{block.use}`: {faults}", HINT) from error
    read = options.model_dump()
    if isinstance(options, Schema):
        read["schema"] = _schema(options.schema_file, volumes)
    if isinstance(options, Databases) and not (volumes.data / options.databases).is_dir():
        message = f"folder `{options.databases}` is not under `TRAINSPEC_DATA`"
        raise StageError("RUN721", message, "copy the databases to the data volume")
    return read


def _fault(detail: dict[str, Any]) -> str:
    message = str(detail["msg"]).removeprefix("Value error, ")
    place = ".".join(str(step) for step in detail["loc"])
    return f"`{place}`: {message[:1].lower()}{message[1:]}" if place else message


def _schema(name: str, volumes: Volumes) -> Any:
    path = volumes.data / name
    if not path.is_file() or not path.resolve().is_relative_to(volumes.data.resolve()):
        message = f"schema `{name}` is not a file under `TRAINSPEC_DATA`"
        raise StageError("RUN721", message, "copy the file to the data volume")
    if path.stat().st_size > MAX_SCHEMA_BYTES:
        raise StageError("RUN750", f"schema `{name}` is larger than 1 MiB", "give a smaller schema")
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
        jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator).check_schema(schema)
    except (ValueError, RecursionError, jsonschema.exceptions.SchemaError) as error:
        reason = str(error).strip().splitlines()[0]
        raise StageError("RUN750", f"schema `{name}` is not a JSON schema: {reason}", "correct the file") from error
    return schema
