"""What every evidence document says of itself: who measured it, when, and from which file."""

import datetime
from typing import Literal

from pydantic import Field

from compiler.spec.schema.types import (
    Model,
    Sha256,
    Signed,
    Text,
)

Version = Literal["trainspec.dev/v1"]


API = Field(description="Version of the spec language.")


KIND = Field(description="Kind of the document.")


class Provenance(Model):
    """Where figures come from."""

    source: Text = Field(description="Who or what measured: a Job, a tool, a person.")
    date: datetime.date = Field(description="Day of the measurement.")
    digest: Sha256 = Field(description="SHA-256 of the file that the figures were computed from.")
    model: Text | None = Field(
        default=None,
        description="Model that the figures are of, as `name/revision`. When given, they count for no other model.",
    )
    note: Text | None = Field(default=None, description="Something that a reviewer should know.")


class Estimate(Model):
    """A measured value with its 95 % interval."""

    value: Signed = Field(description="The value.")
    low: Signed = Field(description="Lower end of the interval.")
    high: Signed = Field(description="Upper end of the interval.")
