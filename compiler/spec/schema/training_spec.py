"""`TrainingSpec`: the goal, data and capability gaps of an LLM application.

Measurements are in evidence files. Names are camelCase, as in Kubernetes, except in the training blocks, which use the
field names of TRL and PEFT. The descriptions appear in the JSON Schema, which editors show, and in `docs/spec.md`.
"""

from typing import Annotated, Literal

from pydantic import Field, Strict

from compiler.spec.schema.augmentation import Augmentation
from compiler.spec.schema.goal import Goal
from compiler.spec.schema.judge import Judge
from compiler.spec.schema.prompt import PromptSource
from compiler.spec.schema.served import Price, Serving
from compiler.spec.schema.thresholds import Thresholds
from compiler.spec.schema.training import TrainerValue, Training
from compiler.spec.schema.types import (
    FUNCTION,
    MARKER,
    ComponentKind,
    Count,
    Decoding,
    Encoding,
    Endpoint,
    Flag,
    GapKind,
    Minutes,
    Model,
    ModelName,
    Name,
    Purpose,
    RelativePath,
    Revision,
    Seed,
    Shape,
    SpecMetadata,
    Text,
    Uri,
)
from runtime.contract.data.file_formats import ANY_FORMAT


class Component(Model):
    """A part of the system, such as a retriever or a tool."""

    name: Name = Field(description="Name of the component.")
    role: Text = Field(description="What the component does.")
    kind: ComponentKind | None = Field(
        default=None, description="What runs in it: only faults of the `model` can be trained away (C1)."
    )


class Traces(Model):
    """Records of real queries."""

    location: Text = Field(description="Where traces are stored: a path or a URI, for people.")
    full_chain: Flag = Field(description="Whether a record holds every step from the query to the answer.")


class System(Model):
    """The application around the model."""

    runs_end_to_end: Flag = Field(description="Whether the system works end to end, even if badly.")
    components: list[Component] = Field(default=[], description="Parts of the system.")
    traces: Traces | None = Field(default=None, description="Traces of the system; none if nothing is recorded.")


class BaseModelRef(Model):
    """The model to start from: a commit of a hub's model, or a folder that the team put into the models volume."""

    name: ModelName = Field(
        description="A hub's model, as `owner/name`; a name without an owner is a folder of your own in the models volume."
    )
    revision: Revision = Field(
        description="Exact revision, the folder below the name. Of a hub's model it is the commit, in 40 digits: a branch or tag moves (CHK216)."
    )
    license: Text | None = Field(default=None, description="Licence of the weights.")
    trust_remote_code: Flag = Field(
        default=False, description="Whether to run code that comes with the model. The plan's review shows it."
    )

    @property
    def path(self) -> str:
        """The model's folder in the models volume, `name/revision`, by which evidence and rows name it too."""
        return f"{self.name}/{self.revision}"


class Asking(Model):
    """How a teacher is queried, and which answers are kept."""

    samples: Annotated[int, Strict(), Field(ge=1, le=64)] | None = Field(
        default=None, description="Answers per prompt."
    )
    temperature: Annotated[float, Strict(), Field(ge=0, le=2)] | None = Field(
        default=None, description="Sampling temperature."
    )
    keep: Literal["all", "agreed", "verified"] | None = Field(
        default=None,
        description="`verified`: answers that the first metric accepts; `agreed`: the majority answer of the samples; `all`.",
    )
    concurrency: Annotated[int, Strict(), Field(ge=1, le=256)] | None = Field(
        default=None, description="Concurrent requests to an endpoint."
    )
    requests_per_minute: Annotated[int, Strict(), Field(ge=1, le=100_000)] | None = Field(
        default=None, description="Requests per minute to an endpoint."
    )


class Teacher(Model):
    """A stronger model to learn from."""

    name: ModelName = Field(
        description="Name of the teacher; with access `weights`, a hub's model (`owner/name`) or a folder, as in `model`."
    )
    revision: Revision = Field(
        description="Exact revision; with access `weights`, the commit of a hub's model in 40 digits."
    )
    access: Literal["text", "weights"] = Field(
        description="`text`: answers only, over an endpoint; `weights`: its weights are in the models volume (D8)."
    )
    endpoint: Endpoint | None = Field(
        default=None,
        description="With access `text`: base URL of an OpenAI-compatible endpoint. Its key is a secret of the profile.",
    )
    license: Text = Field(description="Licence of the teacher.")
    outputs_may_train: Flag = Field(description="Whether the licence allows training on the teacher's output (M6).")
    shares_vocabulary: Flag = Field(
        default=False, description="Whether it has the student's vocabulary, which distillation on logits requires."
    )
    price: Price | None = Field(
        default=None, description="With access `text`: price of its tokens; without it, calls are free."
    )
    ask: Asking = Field(default=Asking(), description="How it is queried, if a student learns its answers.")


class RewardFunction(Model):
    """One term of the reward."""

    use: Annotated[str, Field(pattern=FUNCTION, max_length=200)] = Field(
        description="A function of the reward library, or `module:function` in the spec's folder."
    )
    weight: Annotated[float, Strict()] = Field(default=1.0, description="Weight of the term.")
    options: dict[str, TrainerValue] = Field(
        default={}, description="Options of a library function, such as `pattern` of `regex`."
    )


class Reward(Model):
    """The reward that reinforcement learning would optimise (M5, D5)."""

    kind: Literal["verifiable", "programmatic", "subjective"] = Field(
        description="`verifiable`: an answer can be checked; `programmatic`: code scores the rules; `subjective`: "
        "only people can judge, so a reward model is learnt from pairs."
    )
    functions: list[RewardFunction] = Field(default=[], description="Terms of the reward; none if subjective.")
    per_token_credit: Flag = Field(
        default=False, description="Whether parts of an answer need separate credit, which PPO gives (M5)."
    )


class Override(Model):
    """Why somebody decides otherwise than the rules or checks, and who answers for it."""

    reason: Text = Field(description="Reason to ignore the measurement.")
    owner: Text = Field(description="Person who answers for the decision.")


class DataSource(Model):
    """Rows for one purpose: a file or folder next to the spec, or a remote URI with a committed data card."""

    name: Name = Field(description="Name of the source.")
    purpose: Purpose = Field(description="Purpose of the rows.")
    shape: Shape = Field(description="Shape of a row.")
    path: RelativePath | None = Field(
        default=None, description=f"{ANY_FORMAT} file, or a folder of them, relative to the spec's folder."
    )
    uri: Uri | None = Field(
        default=None, description="URI of the rows, if they are not in Git; `evidence/` then holds their card."
    )
    encoding: Encoding | None = Field(
        default=None,
        description="Encoding of the text in its files, such as `gb18030`, `big5` or `windows-1252`. A byte order mark "
        "decides before it; without both, text is UTF-8.",
    )
    columns: dict[str, Text] = Field(
        default={},
        description="Native columns whose columns in the file have other names, as `completion: answer`; a path such as "
        "`data.turns` leads into an object.",
    )
    license: Text | None = Field(default=None, description="Licence of the rows.")
    volatile: Flag = Field(
        default=False,
        description="For purpose `corpus`: whether the text changes faster than a model is retrained (M1).",
    )
    near_questions: Override | None = Field(
        default=None,
        description="Keeps rows that are nearly a question of the evaluation, after somebody has compared them (CHK229).",
    )
    synthetic: Flag = Field(
        default=False, description="Whether a model generated the rows; such rows are never used for evaluation (G3)."
    )


class Gap(Model):
    """A capability gap that prompts did not close, as the team sees it. A probe's measurement overrules it (D11)."""

    kind: GapKind = Field(description="Kind of gap.")
    statement: Text | None = Field(default=None, description="What the team observes, in one sentence.")
    override: Override | None = Field(default=None, description="Keeps the gap against a measurement.")


class EvidencePolicy(Model):
    """Which evidence counts."""

    unverified: Literal["use", "refuse"] = Field(
        default="use",
        description="Evidence whose digest belongs to no source or file of the spec: `use` it and mark it, or `refuse` it.",
    )
    small_test_set: Override | None = Field(
        default=None, description="Trains although the test set cannot show the gain that is needed (E1)."
    )


class Evaluation(Model):
    """Settings of evaluation Jobs."""

    max_new_tokens: Annotated[int, Strict(), Field(ge=1, le=32768)] = Field(
        default=64, description="Longest answer, in tokens."
    )
    batch_size: Annotated[int, Strict(), Field(ge=1, le=4096)] = Field(default=16, description="Prompts per batch.")
    answer_marker: Annotated[str, Field(pattern=MARKER, max_length=40)] = Field(
        default="Answer:",
        description="Text between a reasoning chain and the answer: trained with chains, and searched for in answers.",
    )
    badcases: Count = Field(
        default=64, description="Badcases to evaluate too, to see which kinds are fixed; 0 evaluates none."
    )
    general: Count = Field(
        default=200, description="Rows of purpose `general` to check for lost ability; 0 checks none."
    )
    deadline_minutes: Minutes | None = Field(default=None, description="Wall-clock limit of an evaluation.")


class SpecBody(Model):
    """Body of the spec."""

    profile: Name = Field(description="Name of the ClusterProfile to render for.")
    goal: Goal = Field(description="The business goal.")
    system: System = Field(description="The application around the model.")
    model: BaseModelRef = Field(description="The model to start from.")
    serving: Serving | None = Field(
        default=None,
        description="Endpoint that serves `model`, which probes and prompt optimisation query instead of the weights. "
        "Its key is the secret `MODEL_API_KEY` of the profile.",
    )
    prompt: PromptSource | None = Field(default=None, description="The prompt that the system uses now.")
    teacher: Teacher | None = Field(default=None, description="A stronger model to learn from.")
    judge: Judge | None = Field(default=None, description="Model that judges answers for metrics with `use: judge`.")
    augmentation: Augmentation | None = Field(
        default=None, description="Questions that an augmentation Job writes from the corpus (G3)."
    )
    reward: Reward | None = Field(default=None, description="Reward that reinforcement learning would optimise.")
    data: list[DataSource] = Field(default=[], description="Data sources.")
    gaps: list[Gap] = Field(default=[], description="Capability gaps that the team sees.")
    decoding: Decoding | None = Field(default=None, description="How the deployed system generates answers.")
    evidence: EvidencePolicy = Field(default=EvidencePolicy(), description="Which evidence counts.")
    thresholds: Thresholds = Field(default=Thresholds(), description="Limits of the selection rules.")
    training: Training = Field(default=Training(), description="Overrides of training defaults.")
    evaluation: Evaluation = Field(default=Evaluation(), description="How stages are evaluated.")
    tracking: list[Literal["tensorboard", "trackio", "mlflow"]] = Field(
        default=[], description="Trackers that training stages write to, as files of their output folder."
    )
    seed: Seed = Field(default=42, description="Seed of every stage.")
    rerun: Count = Field(default=0, description="Increase it to run an unchanged plan again.")


class TrainingSpec(Model):
    """The goal, data and capability gaps of an LLM application, as its team declares them."""

    api_version: Literal["trainspec.dev/v1"] = Field(description="Version of the spec language.")
    kind: Literal["TrainingSpec"] = Field(description="Kind of the document.")
    metadata: SpecMetadata = Field(description="Name and owner.")
    spec: SpecBody = Field(description="Goal, system, data and gaps.")
