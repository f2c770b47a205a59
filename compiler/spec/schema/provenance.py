"""The base of evidence, with its metadata: who measured it, when, and from which file."""

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
    """Origin of figures."""

    source: Text = Field(description="Source of the measurement: a Job, a tool or a person.")
    date: datetime.date = Field(description="Date of the measurement.")
    digest: Sha256 = Field(description="SHA-256 of the file that the figures were computed from.")
    model: Text | None = Field(
        default=None,
        description="Model that was measured, as `name/revision`. If set, the figures count for no other model.",
    )
    note: Text | None = Field(default=None, description="Note for reviewers.")


class Estimate(Model):
    """A measured value with its 95 % interval."""

    value: Signed = Field(description="The value.")
    low: Signed = Field(description="Lower end of the interval.")
    high: Signed = Field(description="Upper end of the interval.")


class EvidenceDocument(Model):
    """A document of `specs/<name>/evidence/`; each kind adds its `spec`."""

    api_version: Version = API
    kind: str = KIND
    metadata: Provenance = Field(description="Source, date and digest of the figures.")
