"""`TrainingSpec`: what a team wants of its LLM application, what it has, and what it claims.

What was measured is not here but in evidence files. Names are camelCase, as Kubernetes people expect, but for the
training blocks, which hold TRL's and PEFT's own field names. Descriptions end up in the JSON Schema, where editors show
them, and in `docs/spec.md`.
"""

from typing import Annotated, Literal

from pydantic import Field, Strict

from compiler.spec.schema.thresholds import Thresholds
from compiler.spec.schema.training import TrainerValue, Training
from compiler.spec.schema.types import (
    MARKER,
    REWARD,
    Amount,
    Application,
    Count,
    Endpoint,
    Flag,
    GapKind,
    MetricName,
    Minutes,
    Model,
    ModelName,
    Name,
    Purpose,
    RelativePath,
    Revision,
    Seed,
    Shape,
    Share,
    SpecMetadata,
    Text,
    Uri,
)
from runtime.contract.metrics import METRICS

_METRICS = [f"`{name}`" for name in METRICS]


class Metric(Model):
    """A number that says how good the system is, between 0 and 1, more is better."""

    name: MetricName = Field(
        description=f"Metric; {', '.join(_METRICS[:-1])} and {_METRICS[-1]} can be measured by evaluation Jobs."
    )
    target: Share = Field(description="The value at which the business goal is met.")
    databases: RelativePath | None = Field(
        default=None, description="`execution_accuracy`: folder of SQL scripts that build the databases."
    )


class Constraints(Model):
    """What the deployed system may cost, and what it may use."""

    max_latency_ms: Count | None = Field(
        default=None, description="95th percentile of the answer time, in milliseconds; rule D9 decides by it."
    )
    max_training_cost_usd: Amount | None = Field(
        default=None, description="Cap on what one plan may cost, in US dollars."
    )
    closed_book: Flag = Field(
        default=False,
        description="Answers must come without looking anything up (offline, or no time for it), so RAG is no way out.",
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

    name: ModelName = Field(description="Folder of the model in the models volume.")
    revision: Revision = Field(description="Exact revision; the folder below the name.")
    license: Text | None = Field(default=None, description="Licence of the weights.")
    trust_remote_code: Flag = Field(
        default=False, description="Run code that comes with the model. Shown in the plan's review."
    )

    @property
    def path(self) -> str:
        """The model's folder in the models volume, by which evidence and rows name it, too: `name/revision`."""
        return f"{self.name}/{self.revision}"


class Asking(Model):
    """How a teacher is asked for its answers, and which of them are kept."""

    samples: Annotated[int, Strict(), Field(ge=1, le=64)] | None = Field(
        default=None, description="Answers to each prompt."
    )
    temperature: Annotated[float, Strict(), Field(ge=0, le=2)] | None = Field(
        default=None, description="Temperature of its answers."
    )
    keep: Literal["all", "agreed", "verified"] | None = Field(
        default=None,
        description="`verified`: answers that the first metric finds right; `agreed`: what most samples say; `all`.",
    )
    concurrency: Annotated[int, Strict(), Field(ge=1, le=256)] | None = Field(
        default=None, description="Requests at once to an endpoint."
    )
    requests_per_minute: Annotated[int, Strict(), Field(ge=1, le=100_000)] | None = Field(
        default=None, description="Requests a minute to an endpoint."
    )


class Teacher(Model):
    """A stronger model to learn from."""

    name: ModelName = Field(description="Name of the teacher; with access `weights`, its folder in the models volume.")
    revision: Revision = Field(description="Exact revision.")
    access: Literal["text", "weights"] = Field(
        description="`text`: answers only, over an endpoint; `weights`: its weights are in the models volume (D8)."
    )
    endpoint: Endpoint | None = Field(
        default=None, description="Access `text`: base URL of an OpenAI-compatible endpoint. Its key is a secret."
    )
    license: Text = Field(description="Licence of the teacher.")
    outputs_may_train: Flag = Field(description="Whether the licence allows training on the teacher's output (M6).")
    shares_vocabulary: Flag = Field(
        default=False, description="Whether its tokenizer has the student's vocabulary; distillation on logits asks it."
    )
    ask: Asking = Field(default=Asking(), description="How it is asked, where its answers are learnt.")


class RewardFunction(Model):
    """One term of the reward."""

    use: Annotated[str, Field(pattern=REWARD, max_length=200)] = Field(
        description="A function of the reward library, or `module:function` of the spec's folder."
    )
    weight: Annotated[float, Strict()] = Field(default=1.0, description="Its weight.")
    options: dict[str, TrainerValue] = Field(
        default={}, description="Options of a library function, by its own names, such as `pattern` of `regex`."
    )


class Reward(Model):
    """What reinforcement learning would optimise (M5, D5)."""

    kind: Literal["verifiable", "programmatic", "subjective"] = Field(
        description="`verifiable`: an answer can be checked; `programmatic`: rules are scored by code; `subjective`: "
        "only people can tell, so a reward model is learnt from pairs."
    )
    functions: list[RewardFunction] = Field(default=[], description="Terms of the reward; none when subjective.")
    per_token_credit: Flag = Field(
        default=False, description="Whether parts of an answer need credit of their own, which PPO gives (M5)."
    )


class DataSource(Model):
    """Rows for one purpose: a file or folder beside the spec, or a remote URI whose data card is committed."""

    name: Name = Field(description="Name of the source.")
    purpose: Purpose = Field(description="What the rows are for.")
    shape: Shape = Field(description="What a row looks like.")
    path: RelativePath | None = Field(
        default=None, description="JSONL, CSV or Parquet file, or a folder of them, relative to the spec's folder."
    )
    uri: Uri | None = Field(
        default=None, description="Where the rows are when they are not in Git; `evidence/` then holds their card."
    )
    license: Text | None = Field(default=None, description="Licence of the rows.")
    volatile: Flag = Field(
        default=False, description="Purpose `corpus`: changes faster than a model is retrained (M1)."
    )
    synthetic: Flag = Field(default=False, description="Rows were made by a model; they never enter evaluation (G3).")


class Override(Model):
    """Why a declared gap stands against a measurement, and who answers for it (D11)."""

    reason: Text = Field(description="Why the measurement does not count.")
    owner: Text = Field(description="Who decided.")


class Gap(Model):
    """A capability gap that prompts did not close, as the team sees it. A probe's measurement beats it (D11)."""

    kind: GapKind = Field(description="Which gap.")
    statement: Text | None = Field(default=None, description="What is seen, in a sentence.")
    override: Override | None = Field(default=None, description="Keeps the gap against a measurement.")


class Evaluation(Model):
    """How evaluation Jobs generate."""

    max_new_tokens: Annotated[int, Strict(), Field(ge=1, le=32768)] = Field(
        default=64, description="Longest answer, in tokens."
    )
    batch_size: Annotated[int, Strict(), Field(ge=1, le=4096)] = Field(
        default=16, description="Prompts generated at a time."
    )
    answer_marker: Annotated[str, Field(pattern=MARKER, max_length=40)] = Field(
        default="Answer:",
        description="What stands between a reasoning chain and the answer: learnt with chains, looked for in answers.",
    )
    badcases: Count = Field(
        default=64, description="Badcases to ask as well, to see which kinds are fixed; 0 asks none."
    )
    general: Count = Field(
        default=200, description="Rows of purpose `general` to check for what was lost; 0 checks none."
    )
    deadline_minutes: Minutes | None = Field(default=None, description="Wall-clock limit of an evaluation.")


class SpecBody(Model):
    """The spec itself."""

    profile: Name = Field(description="Name of the ClusterProfile to render for.")
    goal: Goal = Field(description="The business goal.")
    system: System = Field(description="The application as it is.")
    model: BaseModelRef = Field(description="The model to start from.")
    teacher: Teacher | None = Field(default=None, description="A stronger model to learn from.")
    reward: Reward | None = Field(default=None, description="What reinforcement learning would optimise.")
    data: list[DataSource] = Field(default=[], description="Data sources.")
    gaps: list[Gap] = Field(default=[], description="Capability gaps that the team sees.")
    thresholds: Thresholds = Field(default=Thresholds(), description="Limits of the selection rules.")
    training: Training = Field(default=Training(), description="Overrides of training defaults.")
    evaluation: Evaluation = Field(default=Evaluation(), description="How stages are evaluated.")
    tracking: list[Literal["tensorboard", "trackio", "mlflow"]] = Field(
        default=[], description="Trackers that training stages write to, as files of their outputs."
    )
    seed: Seed = Field(default=42, description="Seed of every stage.")
    rerun: Count = Field(default=0, description="Raise it to run an unchanged plan again.")


class TrainingSpec(Model):
    """What a team wants of its LLM application, what it has, and what it claims."""

    api_version: Literal["trainspec.dev/v1"] = Field(description="Version of the spec language.")
    kind: Literal["TrainingSpec"] = Field(description="Kind of the document.")
    metadata: SpecMetadata = Field(description="Name and owner.")
    spec: SpecBody = Field(description="What the team wants, has and claims.")
