"""One model for each method's stage config."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from runtime.contract.blocks import (
    Block,
    GateBlock,
    GenerationBlock,
    MetricBlock,
    PairsBlock,
    Positive,
    RelativePath,
    RewardBlock,
    RewardCode,
    Sha256,
    SourceBlock,
    TeacherBlock,
)
from runtime.contract.stage import Stage
from runtime.contract.training_stages import AnyTrainingStage

Temperature = Annotated[float, Field(ge=0, le=2)]
Metrics = Annotated[list[MetricBlock], Field(min_length=1)]


class LoadStage(Stage):
    """Brings the base model, a teacher's weights and the data of a plan's stages into the volumes that these read.

    `folder` is the spec's folder below `specs` of the source. `folders` are those that metrics read, each with the
    digest of what lies directly inside; `files` those that rewards are made of.
    """

    method: Literal["load"]
    source: SourceBlock
    folder: RelativePath
    teachers: list[RelativePath] = Field(default=[])
    folders: dict[RelativePath, Sha256] = Field(default={})
    files: dict[RelativePath, Sha256] = Field(default={})


class PairsStage(Stage):
    """Pairs out of badcases and of given pairs, by rules D1 to D4; writes `preference.jsonl` and a report."""

    method: Literal["pairs"]
    pairs: PairsBlock


class MadeBlock(Block):
    """Which rows a stage writes, as `<shape>.jsonl`: one shape."""

    chain: bool = False
    preference: bool = False
    prompt_completion: bool = Field(default=False, alias="prompt-completion")

    @model_validator(mode="after")
    def _one_shape(self) -> "MadeBlock":
        if self.chain + self.preference + self.prompt_completion != 1:
            raise ValueError("name one shape of rows")
        return self


class TeacherWork(Block):
    """How a teacher is asked, and which answers are kept: all, those that agree, or those that a metric verifies.

    A model of this machine answers `batch_size` at once. An endpoint gets up to `concurrency` requests at once, and
    `requests_per_minute` of them.
    """

    samples: Positive
    temperature: Temperature
    max_new_tokens: Positive
    batch_size: Positive = 8
    concurrency: Positive = 4
    requests_per_minute: Positive = 60
    keep: Literal["all", "agreed", "verified"]
    makes: MadeBlock

    @model_validator(mode="after")
    def _parts_fit(self) -> "TeacherWork":
        if self.keep == "agreed" and self.samples < 2:
            raise ValueError("`keep: agreed` needs two `samples` or more")
        if self.makes.preference:
            raise ValueError("`makes`: a teacher writes `chain` or `prompt-completion`")
        return self


class TeacherStage(Stage):
    """A teacher's answers to prompts, in a batch that can be stopped and resumed."""

    method: Literal["teacher"]
    teacher: TeacherBlock
    metrics: Metrics
    work: TeacherWork

    @model_validator(mode="after")
    def _parts_fit(self) -> "TeacherStage":
        if (self.teacher.access == "text") != (self.teacher.endpoint is not None):
            raise ValueError("`teacher.endpoint` belongs to access `text`, and only to it")
        if self.work.makes.chain and self.metrics[0].answer_marker is None:
            raise ValueError("`work.makes.chain` needs `metrics.0.answer_marker`, behind which the answer is written")
        if self.work.keep == "verified" and any(block.shape == "prompt" for block in self.data):
            raise ValueError("`work.keep: verified` needs rows with an answer: those of shape `prompt` have none")
        return self


class SampleWork(Block):
    """How the policy is sampled: `batch_size` answers at once."""

    samples: Positive
    temperature: Temperature
    max_new_tokens: Positive
    batch_size: Positive = 8
    makes: MadeBlock

    @model_validator(mode="after")
    def _parts_fit(self) -> "SampleWork":
        if self.makes.prompt_completion:
            raise ValueError("`makes`: samples become `chain` or `preference`")
        return self


class SampleStage(Stage):
    """The policy's own answers, told apart by the first metric: chains that end right, or right against wrong pairs."""

    method: Literal["sample"]
    metrics: Metrics
    work: SampleWork

    @model_validator(mode="after")
    def _chains_have_a_marker(self) -> "SampleStage":
        if self.work.makes.chain and self.metrics[0].answer_marker is None:
            raise ValueError("`work.makes.chain` needs `metrics.0.answer_marker`, behind which the answer is written")
        return self


class PreflightWork(Block):
    """On how many prompts the policy is sampled, how often, and how often each answer is scored."""

    prompts: Positive
    samples: Positive
    temperature: Temperature
    repeats: Annotated[int, Field(ge=2)]


class PreflightStage(Stage):
    """The eight checks of a reward before it is optimised; one that blocks stops the plan."""

    method: Literal["preflight"]
    rewards: Annotated[list[RewardBlock], Field(min_length=1)]
    reward_code: RewardCode = Field(default={})
    metrics: Metrics
    generation: GenerationBlock
    work: PreflightWork


class EvaluateStage(Stage):
    """Greedy answers to held-out prompts, scored by `metrics`; `gate` decides whether the plan goes on.

    `without_chain` has the model answer at once as well, to see what its chain is worth.
    """

    method: Literal["evaluate"]
    generation: GenerationBlock
    metrics: Metrics
    gate: GateBlock | None = None
    without_chain: bool = False

    @model_validator(mode="after")
    def _parts_fit(self) -> "EvaluateStage":
        names = [metric.name for metric in self.metrics]
        if len(set(names)) != len(names):
            raise ValueError("`metrics` names a metric twice")
        if self.gate is not None and self.gate.metric not in names:
            raise ValueError(f"`gate.metric` is not one of `metrics`: `{self.gate.metric}`")
        if self.without_chain and self.metrics[0].answer_marker is None:
            raise ValueError("`without_chain` needs `metrics.0.answer_marker`, after which the answer is written")
        shapes = {None: ("evaluation",), "badcases": ("badcase",), "general": ("evaluation", "text")}
        for index, block in enumerate(self.data):
            if block.shape not in shapes.get(block.role, ()):
                raise ValueError(f"`data.{index}`: role `{block.role}` does not go with shape `{block.shape}`")
        if self.data[0].role is not None:
            raise ValueError("`data.0` must be the held-out rows, which have no `role`")
        return self


AnyStage = LoadStage | AnyTrainingStage | PairsStage | TeacherStage | SampleStage | PreflightStage | EvaluateStage
