"""`trainspec.dev/v1alpha1`: the fields of a TrainingSpec and of a ClusterProfile.

Names are camelCase, as Kubernetes people expect, but for the training blocks, which hold TRL's and PEFT's own field
names. Descriptions end up in the JSON Schema, where editors show them.
"""

import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict
from pydantic.alias_generators import to_camel

API_VERSION = "trainspec.dev/v1alpha1"

NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
METRIC_NAME = r"^[a-z][a-z0-9_]*$"
CPU = r"^([1-9][0-9]*m?|[1-9][0-9]*\.[0-9]+|0\.[0-9]*[1-9][0-9]*)$"
BYTES = r"^[1-9][0-9]*(Mi|Gi|Ti|M|G|T)$"
RESOURCE = r"^[a-z0-9][-a-z0-9.]*/[A-Za-z0-9][-A-Za-z0-9._]*$"
PATTERN_HINTS = {
    NAME: "use lower-case letters, digits and `-` inside, as in `my-name`",
    METRIC_NAME: "use lower-case letters, digits and `_`, as in `exact_match`",
    CPU: 'write cores in quotes, as in `"2"` or `500m`',
    BYTES: "write an amount with its unit, as in `8Gi`",
    RESOURCE: "write it as `nvidia.com/gpu`",
}

Name = Annotated[str, Field(pattern=NAME, max_length=63)]
MetricName = Annotated[str, Field(pattern=METRIC_NAME, max_length=63)]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
RelativePath = Annotated[str, Field(min_length=1, max_length=500, description="A path relative to the spec's folder.")]
Flag = Annotated[bool, Strict()]
Share = Annotated[float, Strict(), Field(ge=0, le=1)]
Amount = Annotated[float, Strict(), Field(ge=0)]
Count = Annotated[int, Strict(), Field(ge=0, le=2**31 - 1)]
Positive = Annotated[int, Strict(), Field(ge=1, le=2**31 - 1)]
Minutes = Annotated[int, Strict(), Field(ge=1, le=60 * 24 * 365)]
Seed = Annotated[int, Strict(), Field(ge=0, le=2**32 - 1)]
Cpu = Annotated[str, Field(pattern=CPU, max_length=20)]
Bytes = Annotated[str, Field(pattern=BYTES, max_length=20)]
Scalar = Flag | Annotated[int, Strict()] | Annotated[float, Strict()] | str
TrainerValue = Scalar | None | list[Scalar] | dict[str, Scalar]


class Model(BaseModel):
    """What every part of a spec shares: frozen, strict about names, camelCase in YAML."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=False)


class Application(StrEnum):
    """The kind of LLM application that the spec is about."""

    AGENT = "agent"
    RAG = "rag"
    WORKFLOW = "workflow"
    TOOL_CHAIN = "tool-chain"


class GapKind(StrEnum):
    """A capability gap: what the model cannot do that the business needs."""

    UNKNOWN_DOMAIN = "unknown-domain"
    UNSTABLE = "unstable"
    PREFERENCE = "preference"
    REASONING = "reasoning"
    RULE_CONSTRAINTS = "rule-constraints"
    COMPRESSION = "compression"


class Purpose(StrEnum):
    """What a data source is for."""

    DEMONSTRATIONS = "demonstrations"
    PREFERENCES = "preferences"
    BADCASES = "badcases"
    EVALUATION = "evaluation"
    CORPUS = "corpus"


class Shape(StrEnum):
    """What a row of a data source looks like."""

    PROMPT_COMPLETION = "prompt-completion"
    MESSAGES = "messages"
    PREFERENCE = "preference"
    UNPAIRED_PREFERENCE = "unpaired-preference"
    BADCASE = "badcase"
    EVALUATION = "evaluation"
    TEXT = "text"


class Metadata(Model):
    """Who and what."""

    name: Name = Field(description="Name of the spec; rendered objects begin with it.")
    owner: Text | None = Field(default=None, description="Team or person who answers for the spec.")
    description: Text | None = Field(default=None, description="One sentence for people, in any language.")


class Metric(Model):
    """A number that says how good the system is, between 0 and 1, more is better."""

    name: MetricName = Field(
        description="Metric; `execution_accuracy` and `exact_match` can be measured by evaluation Jobs."
    )
    target: Share = Field(description="The value at which the business goal is met.")
    databases: RelativePath | None = Field(
        default=None, description="`execution_accuracy`: folder of SQL scripts that build the databases."
    )


class Constraints(Model):
    """What the deployed system may cost."""

    max_latency_ms: Count | None = Field(
        default=None, description="95th percentile of the answer time, in milliseconds."
    )
    max_training_cost_usd: Amount | None = Field(
        default=None, description="Cap on what one plan may cost, in US dollars."
    )


class Goal(Model):
    """What the business wants, and how it is measured. The first metric is the one that gates decide by."""

    application: Application = Field(description="Kind of application.")
    task: Text = Field(description="What the system has to do, in a sentence.")
    metrics: list[Metric] = Field(min_length=1, description="Metrics with their targets, the deciding one first.")
    constraints: Constraints = Field(default=Constraints(), description="Latency and cost limits.")


class Component(Model):
    """A part of the system, such as a retriever or a tool."""

    name: Name = Field(description="Name of the component.")
    role: Text = Field(description="What it does.")


class Traces(Model):
    """Where the records of real queries are."""

    location: Text = Field(description="Where traces are kept: a path or a URI, for people.")
    full_chain: Flag = Field(description="Whether a record holds every step from the query to the answer.")


class System(Model):
    """The application around the model."""

    runs_end_to_end: Flag = Field(description="Whether the system works end to end, if only just.")
    components: list[Component] = Field(default=[], description="Parts of the system.")
    traces: Traces | None = Field(default=None, description="Where traces are; none means that nothing is recorded.")


class BaseModelRef(Model):
    """The model to start from, as it lies in the models volume."""

    name: Name = Field(description="Folder of the model in the models volume.")
    revision: Annotated[str, Field(pattern=r"^[A-Za-z0-9][-A-Za-z0-9._]*$", max_length=64)] = Field(
        description="Exact revision; the folder below the name."
    )
    license: Text | None = Field(default=None, description="Licence of the weights.")
    trust_remote_code: Flag = Field(
        default=False, description="Run code that comes with the model. Shown in the plan's review."
    )


class DataSource(Model):
    """One JSONL file of the spec's folder."""

    name: Name = Field(description="Name of the source.")
    purpose: Purpose = Field(description="What the rows are for.")
    shape: Shape = Field(description="What a row looks like.")
    path: RelativePath = Field(description="JSONL file, relative to the spec's folder.")
    license: Text | None = Field(default=None, description="Licence of the rows.")


class PromptRound(Model):
    """One measured round of prompt work."""

    name: Name = Field(description="Name of the round.")
    technique: Literal["zero-shot", "few-shot", "rules", "restructure"] = Field(
        description="What was changed in the prompt."
    )
    score: Share = Field(description="The deciding metric, measured on the same questions in every round.")
    questions: Positive = Field(description="How many questions the score was measured on.")
    prompt: RelativePath | None = Field(default=None, description="File of the prompt.")
    date: datetime.date | None = Field(default=None, description="Day of the measurement.")


class Plateau(Model):
    """When prompt work has stopped paying."""

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


class Lora(Model):
    """Fields of PEFT's LoraConfig, by its own names."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=None)

    r: Annotated[int, Strict(), Field(ge=1, le=1024)] | None = Field(default=None, description="Rank.")
    lora_alpha: Positive | None = Field(default=None, description="Scale.")
    lora_dropout: Share | None = Field(default=None, description="Dropout.")
    target_modules: str | list[str] | None = Field(default=None, description="Modules that get an adapter.")


class MethodOverrides(Model):
    """What a spec changes of a method's defaults."""

    trainer: dict[str, TrainerValue] = Field(
        default={}, description="Fields of the method's TRL config, by TRL's own names."
    )
    peft: Lora = Field(default=Lora(), description="Fields of PEFT's LoraConfig.")
    deadline_minutes: Minutes | None = Field(default=None, description="Wall-clock limit of the stage.")


class DpoOverrides(MethodOverrides):
    """DPO's own additions."""

    min_edit_distance: Share | None = Field(
        default=None, description="Pairs closer than this (normalised edit distance) are dropped."
    )


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

    api_version: Literal["trainspec.dev/v1alpha1"] = Field(description="Version of the spec language.")
    kind: Literal["TrainingSpec"] = Field(description="Kind of the document.")
    metadata: Metadata = Field(description="Name and owner.")
    spec: SpecBody = Field(description="What the team wants, has and knows.")


class Gpu(Model):
    """GPUs of one pod."""

    type: Text = Field(description="GPU model, for people and for the plan's digest.")
    count: Annotated[int, Strict(), Field(ge=1, le=1)] = Field(
        default=1, description="GPUs a pod; one in this version, whose stages are one process."
    )
    memory_gib: Positive = Field(description="Memory of one GPU, in GiB.")
    hourly_usd: Amount | None = Field(default=None, description="Price of one GPU for an hour, in US dollars.")
    resource: Annotated[str, Field(pattern=RESOURCE, max_length=253)] = Field(
        default="nvidia.com/gpu", description="Kubernetes resource name."
    )


class Storage(Model):
    """Volumes that Jobs mount."""

    models_claim: Name = Field(description="PersistentVolumeClaim with base models (read only).")
    data_claim: Name = Field(description="PersistentVolumeClaim with one folder a spec (read only).")
    outputs_class: Name | None = Field(
        default=None, description="StorageClass of the outputs claim; none takes the cluster's default."
    )
    outputs_size: Bytes = Field(description="Size of the outputs claim.")


class SecretRef(Model):
    """A secret that pods read as an environment variable; its value is never in a file of the repository."""

    env: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")] = Field(description="Environment variable.")
    secret: Name = Field(description="Name of the Kubernetes Secret.")
    key: Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]+$")] = Field(description="Key in the Secret.")


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

    api_version: Literal["trainspec.dev/v1alpha1"] = Field(description="Version of the spec language.")
    kind: Literal["ClusterProfile"] = Field(description="Kind of the document.")
    metadata: Metadata = Field(description="Name and owner.")
    spec: ProfileBody = Field(description="Where and on what Jobs run.")
