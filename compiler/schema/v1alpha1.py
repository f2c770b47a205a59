"""`trainspec.dev/v1alpha1`, the first version of the spec language, as it was: parts that differ from v1 stand here.

It is frozen. Specs in it are held against these models first, so that messages name what their authors wrote, and are
then moved to v1 by `compiler/versions.py`.
"""

import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, Strict

from compiler.schema.v1.cluster_profile import SecretRef
from compiler.schema.v1.training_spec import BaseModelRef, Lora, Metric, System, TrainerValue
from compiler.schema.v1.types import (
    RESOURCE,
    Amount,
    Application,
    Bytes,
    Count,
    Cpu,
    GapKind,
    Metadata,
    Minutes,
    Model,
    Name,
    Positive,
    RelativePath,
    Seed,
    Share,
    Text,
)

API_VERSION = "trainspec.dev/v1alpha1"
Version = Literal["trainspec.dev/v1alpha1"]


class Constraints(Model):
    """What the deployed system may cost."""

    max_latency_ms: Count | None = Field(default=None, description="95th percentile of the answer time, in ms.")
    max_training_cost_usd: Amount | None = Field(
        default=None, description="Cap on the cost of one plan, in US dollars."
    )


class Goal(Model):
    """What the business wants, and how it is measured. The first metric is the one that gates decide by."""

    application: Application = Field(description="Kind of application.")
    task: Text = Field(description="What the system has to do, in a sentence.")
    metrics: list[Metric] = Field(min_length=1, description="Metrics with their targets, the deciding one first.")
    constraints: Constraints = Field(default=Constraints(), description="Latency and cost limits.")


class DataSource(Model):
    """One JSONL file of the spec's folder."""

    name: Name = Field(description="Name of the source.")
    purpose: Literal["demonstrations", "preferences", "badcases", "evaluation", "corpus"] = Field(
        description="What the rows are for."
    )
    shape: Literal[
        "prompt-completion", "messages", "preference", "unpaired-preference", "badcase", "evaluation", "text"
    ] = Field(description="What a row looks like.")
    path: RelativePath = Field(description="JSONL file, relative to the spec's folder.")
    license: Text | None = Field(default=None, description="Licence of the rows.")


class PromptRound(Model):
    """One measured round of prompt work; in v1 it is evidence."""

    name: Name = Field(description="Name of the round.")
    technique: Literal["zero-shot", "few-shot", "rules", "restructure"] = Field(description="What was changed.")
    score: Share = Field(description="The deciding metric, measured on the same questions in every round.")
    questions: Positive = Field(description="How many questions the score was measured on.")
    prompt: RelativePath | None = Field(default=None, description="File of the prompt.")
    date: datetime.date | None = Field(default=None, description="Day of the measurement.")


class Plateau(Model):
    """When prompt work has stopped paying; in v1 part of `spec.thresholds`."""

    rounds: Positive = Field(default=2, description="How many of the latest rounds must bring no gain.")
    min_gain: Share = Field(default=0.02, description="A smaller gain than this counts as none.")


class Prompt(Model):
    """The prompt work so far, oldest round first."""

    rounds: list[PromptRound] = Field(default=[], description="Measured rounds, oldest first.")
    plateau: Plateau = Field(default=Plateau(), description="When prompt rounds count as plateaued.")


class Gap(Model):
    """A capability gap that prompts did not close."""

    kind: GapKind = Field(description="Which gap.")
    statement: Text | None = Field(default=None, description="What is seen, in a sentence.")


class MethodOverrides(Model):
    """What a spec changes of a method's defaults."""

    trainer: dict[str, TrainerValue] = Field(default={}, description="Fields of the method's TRL config.")
    peft: Lora = Field(default=Lora(), description="Fields of PEFT's LoraConfig.")
    deadline_minutes: Minutes | None = Field(default=None, description="Wall-clock limit of the stage.")


class DpoOverrides(MethodOverrides):
    """DPO's own additions."""

    min_edit_distance: Share | None = Field(default=None, description="Pairs closer than this are dropped.")


class Training(Model):
    """Overrides for each method."""

    sft: MethodOverrides | None = Field(default=None, description="Supervised fine-tuning.")
    dpo: DpoOverrides | None = Field(default=None, description="Direct preference optimisation.")


class Evaluation(Model):
    """How evaluation Jobs generate."""

    max_new_tokens: Annotated[int, Strict(), Field(ge=1, le=32768)] = Field(
        default=64, description="Longest answer, in tokens."
    )
    batch_size: Annotated[int, Strict(), Field(ge=1, le=4096)] = Field(
        default=16, description="Prompts generated at a time."
    )
    deadline_minutes: Minutes | None = Field(default=None, description="Wall-clock limit of an evaluation.")


class SpecBody(Model):
    """The spec itself."""

    profile: Name = Field(description="Name of the ClusterProfile to render for.")
    goal: Goal = Field(description="The business goal.")
    system: System = Field(description="The application as it is.")
    model: BaseModelRef = Field(description="The model to start from.")
    data: list[DataSource] = Field(default=[], description="Data sources.")
    prompt: Prompt = Field(default=Prompt(), description="Prompt work so far.")
    gaps: list[Gap] = Field(default=[], description="Capability gaps that prompts did not close.")
    training: Training = Field(default=Training(), description="Overrides of training defaults.")
    evaluation: Evaluation = Field(default=Evaluation(), description="How stages are evaluated.")
    seed: Seed = Field(default=42, description="Seed of every stage.")
    rerun: Count = Field(default=0, description="Raise it to run an unchanged plan again.")


class TrainingSpec(Model):
    """What a team wants of its LLM application, what it has, and what it knows so far."""

    api_version: Version = Field(description="Version of the spec language.")
    kind: Literal["TrainingSpec"] = Field(description="Kind of the document.")
    metadata: Metadata = Field(description="Name and owner.")
    spec: SpecBody = Field(description="What the team wants, has and knows.")


class Storage(Model):
    """Volumes that Jobs mount."""

    models_claim: Name = Field(description="PersistentVolumeClaim with base models (read only).")
    data_claim: Name = Field(description="PersistentVolumeClaim with one folder a spec (read only).")
    outputs_class: Name | None = Field(
        default=None, description="StorageClass of the outputs claim; none takes the cluster's default."
    )
    outputs_size: Bytes = Field(description="Size of the outputs claim.")


class Gpu(Model):
    """GPUs of one pod."""

    type: Text = Field(description="GPU model, for people and for the plan's digest.")
    count: Annotated[int, Strict(), Field(ge=1, le=1)] = Field(default=1, description="GPUs a pod: one.")
    memory_gib: Positive = Field(description="Memory of one GPU, in GiB.")
    hourly_usd: Amount | None = Field(default=None, description="Price of one GPU for an hour, in US dollars.")
    resource: Annotated[str, Field(pattern=RESOURCE, max_length=253)] = Field(
        default="nvidia.com/gpu", description="Kubernetes resource name."
    )


class ProfileBody(Model):
    """The profile itself."""

    namespace: Name = Field(description="Namespace of the rendered objects.")
    image: Text = Field(description="Runtime image, pinned by digest (`name@sha256:…`).")
    cpu: Cpu = Field(description="CPU request and limit of a pod.")
    memory: Bytes = Field(description="Memory request and limit of a pod.")
    gpu: Gpu | None = Field(default=None, description="GPUs; none trains on CPU.")
    storage: Storage = Field(description="Volumes.")
    queue: Name | None = Field(default=None, description="Kueue LocalQueue.")
    secrets: list[SecretRef] = Field(default=[], description="Secrets, by reference.")


class ClusterProfile(Model):
    """Where plans run. Shared by many specs, and kept apart from them."""

    api_version: Version = Field(description="Version of the spec language.")
    kind: Literal["ClusterProfile"] = Field(description="Kind of the document.")
    metadata: Metadata = Field(description="Name and owner.")
    spec: ProfileBody = Field(description="Where and on what Jobs run.")


DOCUMENTS: dict[str, type[BaseModel]] = {"TrainingSpec": TrainingSpec, "ClusterProfile": ClusterProfile}
