"""Blocks of a load stage: where models and data come from."""

from typing import Annotated

from pydantic import Field, model_validator

from runtime.contract.blocks import Block, Name


class BucketBlock(Block):
    """An S3-compatible bucket; requests are anonymous, or `signed` with the pod's credentials."""

    uri: Annotated[str, Field(pattern=r"^s3://[a-z0-9][-.a-z0-9]{1,61}[a-z0-9](/[^\s/\\.][^\s/\\]*)*/?$")]
    endpoint: str | None = None
    region: str | None = None
    signed: bool


class FolderBlock(Block):
    """A claim mounted at `TRAINSPEC_SOURCE`; its name is for readers only."""

    claim: Name


class HubBlock(Block):
    """A model hub or its mirror; without an `endpoint`, the library's own, which `HF_ENDPOINT` overrides.

    With `authenticated`, requests carry the pod's `HF_TOKEN`.
    """

    endpoint: str | None = None
    proxy: str | None = None
    authenticated: bool


class SourceBlock(Block):
    """The source of models and data: a bucket or a folder, and a hub for the models that it has.

    A bucket or folder holds `models/<name>/<revision>` and `specs/<folder>`.
    """

    bucket: BucketBlock | None = None
    folder: FolderBlock | None = None
    hub: HubBlock | None = None

    @model_validator(mode="after")
    def _fits(self) -> "SourceBlock":
        if self.bucket is not None and self.folder is not None:
            raise ValueError("takes only one of `bucket` and `folder`")
        if self.bucket is None and self.folder is None and self.hub is None:
            raise ValueError("requires a `bucket`, a `folder` or a `hub`")
        return self

    @property
    def holds_data(self) -> bool:
        """Whether data come from it, and models that no hub has."""
        return self.bucket is not None or self.folder is not None
