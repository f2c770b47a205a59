"""`spec.augmentation`: which questions an augmentation Job writes, and what it may cost."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from compiler.spec.schema.served import Usd
from compiler.spec.schema.types import Minutes, Model
from runtime.contract.methods import MAX_AUGMENTED_ROWS


class Augmentation(Model):
    """Settings of the augmentation Job (G3)."""

    kinds: Annotated[list[Literal["atomic", "aggregated", "multi-hop"]], Field(min_length=1, max_length=3)] | None = (
        Field(
            default=None,
            description="Kinds of questions: of one fact, of several facts together, and of one fact found by way of "
            "another.",
        )
    )
    max_rows: Annotated[int, Strict(), Field(ge=1, le=MAX_AUGMENTED_ROWS)] | None = Field(
        default=None, description="Most rows to write."
    )
    max_calls: Annotated[int, Strict(), Field(ge=1, le=10_000_000)] | None = Field(
        default=None, description="Most requests to all models; without it, an estimate by the size of the corpus."
    )
    max_usd: Usd | None = Field(
        default=None,
        description="Most US dollars to spend on endpoints, by their prices; the Job ends with what it has.",
    )
    deadline_minutes: Minutes | None = Field(default=None, description="Wall-clock limit of the Job.")
