"""`ClusterProfile`: where plans run. Many specs share one profile."""

from typing import Annotated, Literal

from pydantic import Field, Strict, model_validator

from compiler.spec.schema.types import (
    BUCKET,
    REGION,
    RESOURCE,
    Amount,
    Bytes,
    Cpu,
    Endpoint,
    Flag,
    Label,
    LabelValue,
    Metadata,
    Model,
    Name,
    Positive,
    Text,
)
from compiler.spec.workloads import OUTPUTS, Output

*_FIRST, _LAST = (each.phrase for each in OUTPUTS.values())
_PHRASES = f"{', '.join(_FIRST)}, or {_LAST}"


class Topology(Model):
    """A level of the cluster: one of its domains holds the pods of a stage that trains on several nodes."""

    level: Label = Field(description="Node label of the level, such as `cloud.example.com/rack`.")
    required: Flag = Field(
        default=False,
        description="Whether pods wait for a domain with room for all of them; otherwise they may spread over several.",
    )


class Gpu(Model):
    """GPUs of one pod."""

    type: Text = Field(description="GPU model, for people and for the plan's digest.")
    count: Annotated[int, Strict(), Field(ge=1, le=16)] = Field(
        default=1, description="GPUs of a pod that trains, with one process each; other pods use one GPU."
    )
    nodes: Annotated[int, Strict(), Field(ge=1, le=64)] = Field(
        default=1, description="Pods of a stage that trains, one per node; other stages have one pod."
    )
    sharding: Literal["ddp", "fsdp", "zero2", "zero3"] = Field(
        default="ddp",
        description="How several GPUs share a model: as copies (`ddp`), or as shards of FSDP or DeepSpeed's ZeRO.",
    )
    memory_gib: Positive = Field(description="Memory of one GPU, in GiB.")
    hourly_usd: Amount | None = Field(default=None, description="Price of one GPU per hour, in US dollars.")
    resource: Annotated[str, Field(pattern=RESOURCE, max_length=253)] = Field(
        default="nvidia.com/gpu", description="Kubernetes resource name."
    )
    topology: Topology | None = Field(default=None, description="How close together Kueue places a stage's pods.")


class Bucket(Model):
    """A bucket of S3-compatible storage. Without `secret` and `serviceAccount` it is read anonymously."""

    uri: Annotated[str, Field(pattern=BUCKET, max_length=500)] = Field(
        description="Bucket and prefix that contain `models/` and `specs/`."
    )
    endpoint: Endpoint | None = Field(default=None, description="Address of the storage, unless it is Amazon S3.")
    region: Annotated[str, Field(pattern=REGION, max_length=63)] | None = Field(
        default=None, description="Region of the bucket; `us-east-1` if unset."
    )
    secret: Name | None = Field(
        default=None, description="Secret with the keys `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`."
    )
    service_account: Name | None = Field(default=None, description="ServiceAccount whose identity may read the bucket.")

    @model_validator(mode="after")
    def _one_identity(self) -> "Bucket":
        if self.secret is not None and self.service_account is not None:
            raise ValueError("it sets both `secret` and `serviceAccount`, but credentials come from only one of them")
        return self


class Folder(Model):
    """A volume that is mounted read only, such as a network share."""

    claim: Name = Field(description="PersistentVolumeClaim with `models/` and `specs/` in its root.")


class Hub(Model):
    """A model hub, or a mirror of one. Without `secret` only public models can be loaded."""

    endpoint: Endpoint | None = Field(
        default=None, description="Address of the hub or its mirror; the public hub if unset."
    )
    secret: Name | None = Field(
        default=None, description="Secret with the key `HF_TOKEN`, for private and gated models; only `load` gets it."
    )
    proxy: Endpoint | None = Field(
        default=None, description="HTTP proxy to the hub, without a password; a bucket is not read through it."
    )


class Source(Model):
    """Where models (`models/<name>/<revision>/`) and data (`specs/<spec>/`) are loaded from.

    A bucket or a folder holds both. A hub holds the models whose name has an owner; the other models and the data then
    come from the bucket or folder beside it, or are in the claims already.
    """

    bucket: Bucket | None = Field(default=None, description="A bucket of S3-compatible storage.")
    folder: Folder | None = Field(default=None, description="A mounted volume.")
    hub: Hub | None = Field(default=None, description="A hub, for models named `owner/name` only.")

    @model_validator(mode="after")
    def _fits(self) -> "Source":
        if self.bucket is not None and self.folder is not None:
            raise ValueError("it sets both `bucket` and `folder`, but data come from only one of them")
        if self.bucket is None and self.folder is None and self.hub is None:
            raise ValueError("it needs a `bucket`, a `folder` or a `hub`")
        return self

    @property
    def holds_data(self) -> bool:
        """Whether data come from it, and models that no hub has."""
        return self.bucket is not None or self.folder is not None


class Storage(Model):
    """Volumes that Jobs mount."""

    models_claim: Name = Field(description="PersistentVolumeClaim with base models; only a `load` stage writes to it.")
    data_claim: Name = Field(
        description="PersistentVolumeClaim with one folder per spec; only a `load` stage writes to it."
    )
    source: Source | None = Field(
        default=None, description="Where a `load` stage fills both claims from; without it, you fill them yourself."
    )
    outputs_class: Name | None = Field(
        default=None, description="StorageClass of the outputs claim; none uses the cluster's default."
    )
    outputs_size: Bytes = Field(description="Size of the outputs claim.")


class SecretRef(Model):
    """A secret that pods read as an environment variable; its value is never in the repository."""

    env: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")] = Field(description="Environment variable.")
    secret: Name = Field(description="Name of the Kubernetes Secret.")
    key: Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]+$")] = Field(description="Key in the Secret.")


class Toleration(Model):
    """A taint that pods tolerate."""

    key: Label = Field(description="Key of the taint.")
    value: LabelValue | None = Field(default=None, description="Value of the taint; none tolerates every value.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        default=None, description="Effect of the taint; none tolerates every effect."
    )


class ProfileBody(Model):
    """The profile itself."""

    namespace: Name = Field(description="Namespace of the rendered objects.")
    image: Text = Field(description="Runtime image, pinned by digest (`name@sha256:…`).")
    driver_image: Text | None = Field(
        default=None, description="Compiler image, pinned by digest, in which `trainspec driver` runs a plan."
    )
    cpu: Cpu = Field(description="CPU request and limit of a pod.")
    memory: Bytes = Field(description="Memory request and limit of a pod.")
    gpu: Gpu | None = Field(default=None, description="GPUs; none trains on CPU.")
    storage: Storage = Field(description="Volumes.")
    queue: Name | None = Field(default=None, description="Kueue LocalQueue.")
    priority_class: Name | None = Field(default=None, description="Kueue WorkloadPriorityClass.")
    output: Output = Field(
        default="job",
        description=f"Workload that runs a stage that trains: {_PHRASES}. Other stages are Jobs.",
    )
    node_selector: dict[Label, LabelValue] = Field(default={}, description="Labels that a node must have to run pods.")
    tolerations: list[Toleration] = Field(default=[], description="Taints that pods tolerate.")
    image_pull_secrets: list[Name] = Field(default=[], description="Names of the Secrets to pull the image with.")
    secrets: list[SecretRef] = Field(default=[], description="Secrets that pods read.")


class ClusterProfile(Model):
    """Where plans run. Many specs share one profile."""

    api_version: Literal["trainspec.dev/v1"] = Field(description="Version of the spec language.")
    kind: Literal["ClusterProfile"] = Field(description="Kind of the document.")
    metadata: Metadata = Field(description="Name and owner.")
    spec: ProfileBody = Field(description="Where Jobs run, and with which resources.")
