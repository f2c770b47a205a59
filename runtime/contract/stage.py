"""What the config of every stage has."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from runtime.contract.blocks import (
    Block,
    DataBlock,
    ModelBlock,
    Name,
    require_shapes,
)


class Stage(Block):
    """The fields of every stage. Rows of several `data` blocks are used one block after the other."""

    SHAPES: ClassVar[tuple[str, ...]] = ()

    schema_version: Literal["trainspec.dev/stage/v1"] = Field(alias="schema")
    plan: Name
    stage: Name
    output: Name
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    model: ModelBlock
    data: Annotated[list[DataBlock], Field(min_length=1)]

    @model_validator(mode="after")
    def _shapes_fit(self) -> "Stage":
        require_shapes(self.data, self.SHAPES)
        return self
