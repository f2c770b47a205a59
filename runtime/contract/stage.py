"""Fields that all stage configs share."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from runtime.contract.blocks import (
    Block,
    DataBlock,
    ModelBlock,
    Name,
    require_shapes,
)
from runtime.contract.methods import METHODS, STAGE_SCHEMA


def _is_stage_schema(value: str) -> str:
    if value != STAGE_SCHEMA:
        raise ValueError(f"must be `{STAGE_SCHEMA}`, not `{value}`")
    return value


class Stage(Block):
    """The fields of every stage; its `data` blocks are read in order."""

    schema_version: Annotated[str, AfterValidator(_is_stage_schema)] = Field(alias="schema")
    plan: Name
    stage: Name
    output: Name
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    model: ModelBlock
    data: Annotated[list[DataBlock], Field(min_length=1)]

    @model_validator(mode="after")
    def _shapes_fit(self) -> "Stage":
        require_shapes(self.data, METHODS[self.method].shapes)  # type: ignore[attr-defined]
        return self
