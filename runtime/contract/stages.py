"""Stage configs, one model per method."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from runtime.contract.augmentation import AugmentStage
from runtime.contract.blocks import (
    AnswerBlock,
    Block,
    Code,
    DataBlock,
    GenerationBlock,
    PairsBlock,
    Positive,
    RelativePath,
    RewardBlock,
    Sha256,
    TeacherBlock,
    Temperature,
)
from runtime.contract.goal_blocks import GateBlock, MetricBlock
from runtime.contract.hub import hub_model
from runtime.contract.judging import JudgeBlock
from runtime.contract.probing import ProbeStage
from runtime.contract.prompting import OptimizePromptStage, PromptFileBlock
from runtime.contract.served import ServedBlock
from runtime.contract.source_blocks import SourceBlock
from runtime.contract.stage import Stage
from runtime.contract.training_stages import AnyTrainingStage

Metrics = Annotated[list[MetricBlock], Field(min_length=1)]


class LoadStage(Stage):
    """Copy the base model, a teacher's weights and the data of a plan to the volumes.

    `folder` is the spec's folder below `specs` of the source. `folders` are read by metrics; the digest of each covers
    the files directly inside. `files` are the code and schemas of rewards and metrics. A hub has models only: without a
    bucket or folder, nothing else is copied.
    """

    method: Literal["load"]
    source: SourceBlock
    folder: RelativePath
    data: list[DataBlock]
    teachers: list[RelativePath] = Field(default=[])
    folders: dict[RelativePath, Sha256] = Field(default={})
    files: dict[RelativePath, Sha256] = Field(default={})

    @model_validator(mode="after")
    def _data_have_a_source(self) -> "LoadStage":
        if self.source.holds_data != bool(self.data):
            raise ValueError("`data` belongs to a `source` with a bucket or folder, and to no other")
        if not self.source.holds_data and not any(map(hub_model, [self.model.path, *self.teachers])):
            raise ValueError("`source` is a hub alone, but no model is `owner/name/commit`")
        return self


class PairsStage(Stage):
    """Build pairs from badcases and existing pairs by rules D1 to D4.

    The stage writes `preference.jsonl` and a report.
    """

    method: Literal["pairs"]
    pairs: PairsBlock


class MadeBlock(Block):
    """The one shape of rows that a stage writes, as `<shape>.jsonl`."""

    chain: bool = False
    preference: bool = False
    prompt_completion: bool = Field(default=False, alias="prompt-completion")

    @model_validator(mode="after")
    def _one_shape(self) -> "MadeBlock":
        if self.chain + self.preference + self.prompt_completion != 1:
            raise ValueError("requires exactly one shape")
        return self


class TeacherWork(Block):
    """How the stage queries a teacher, and which answers it keeps.

    It keeps all answers, those that agree with each other, or those that a metric verifies. A local model answers
    `batch_size` prompts at once. An endpoint receives up to `concurrency` requests at once, and at most
    `requests_per_minute`.
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
            raise ValueError("`keep: agreed` needs at least two `samples`")
        if self.makes.preference:
            raise ValueError("`makes` of a teacher must be `chain` or `prompt-completion`")
        return self


class TeacherStage(Stage):
    """Generate a teacher's answers to prompts, in a batch that can be stopped and resumed."""

    method: Literal["teacher"]
    teacher: TeacherBlock
    metrics: Metrics
    metric_code: Code = Field(default={})
    work: TeacherWork

    @model_validator(mode="after")
    def _parts_fit(self) -> "TeacherStage":
        if (self.teacher.access == "text") != (self.teacher.endpoint is not None):
            raise ValueError("access `text` requires `teacher.endpoint`, and access `weights` does not take it")
        if self.work.makes.chain and self.metrics[0].answer_marker is None:
            raise ValueError("`work.makes.chain` needs `metrics.0.answer_marker`, which precedes the answer")
        if self.work.keep == "verified" and any(block.shape == "prompt" for block in self.data):
            raise ValueError("`work.keep: verified` needs rows with an answer, but rows of shape `prompt` have none")
        return self


class SampleWork(Block):
    """How the stage samples the policy: `batch_size` answers at once."""

    samples: Positive
    temperature: Temperature
    max_new_tokens: Positive
    batch_size: Positive = 8
    makes: MadeBlock

    @model_validator(mode="after")
    def _parts_fit(self) -> "SampleWork":
        if self.makes.prompt_completion:
            raise ValueError("`makes` of samples must be `chain` or `preference`")
        return self


class SampleStage(Stage):
    """Sample the policy's answers, which the first metric scores.

    Right answers become chains, or the chosen side of pairs with wrong ones.
    """

    method: Literal["sample"]
    metrics: Metrics
    metric_code: Code = Field(default={})
    work: SampleWork

    @model_validator(mode="after")
    def _chains_have_a_marker(self) -> "SampleStage":
        if self.work.makes.chain and self.metrics[0].answer_marker is None:
            raise ValueError("`work.makes.chain` needs `metrics.0.answer_marker`, which precedes the answer")
        return self


class PreflightWork(Block):
    """The sizes of a pre-flight: `prompts`, `samples` per prompt, and `repeats` of each score."""

    prompts: Positive
    samples: Positive
    temperature: Temperature
    repeats: Annotated[int, Field(ge=2)]


class PreflightStage(Stage):
    """Run the eight checks of a reward before it is optimised; a check that blocks stops the plan."""

    method: Literal["preflight"]
    rewards: Annotated[list[RewardBlock], Field(min_length=1)]
    reward_code: Code = Field(default={})
    metrics: Metrics
    metric_code: Code = Field(default={})
    generation: GenerationBlock
    work: PreflightWork


class EvaluateStage(Stage):
    """Score answers to held-out prompts by every metric; the gate decides whether the plan continues.

    With `without_chain`, the model also answers directly, which measures the worth of its chain. `metric_code` has the
    digest of each rubric of `judge`. Every question is put into the `prompt`. `served` is an endpoint that
    answers instead of the weights of `model`.
    """

    method: Literal["evaluate"]
    generation: AnswerBlock
    metrics: Metrics
    metric_code: Code = Field(default={})
    judge: JudgeBlock | None = None
    gate: GateBlock | None = None
    without_chain: bool = False
    prompt: PromptFileBlock | None = None
    served: ServedBlock | None = None

    @model_validator(mode="after")
    def _parts_fit(self) -> "EvaluateStage":
        names = [metric.name for metric in self.metrics]
        if len(set(names)) != len(names):
            raise ValueError("`metrics` names a metric twice")
        if self.gate is not None and (missing := [each for each in self.gate.measured if each not in names]):
            raise ValueError(f"`gate` reads `{missing[0]}`, which is not one of `metrics`")
        judged = [metric for metric in self.metrics if metric.is_judged]
        if bool(judged) != (self.judge is not None):
            raise ValueError("`judge` belongs to metrics that use a judge")
        for metric in judged:
            if metric.options["rubric"] not in self.metric_code:
                raise ValueError(f"`metric_code` lacks the digest of `{metric.options['rubric']}`")
            if (
                self.judge
                and self.gate
                and metric.name in self.gate.measured
                and metric.name not in self.judge.agreements
            ):
                raise ValueError(f"`gate` reads `{metric.name}`, but `judge.agreements` lacks it")
        if self.without_chain and self.metrics[0].answer_marker is None:
            raise ValueError("`without_chain` needs `metrics.0.answer_marker`, which precedes the answer")
        if self.served is not None and (self.without_chain or any(block.shape == "text" for block in self.data)):
            raise ValueError("`served` answers questions only: `without_chain` and rows of shape `text` need weights")
        shapes = {None: ("evaluation",), "badcases": ("badcase",), "general": ("evaluation", "text")}
        for index, block in enumerate(self.data):
            if block.shape not in shapes.get(block.role, ()):
                raise ValueError(f"`data.{index}`: role `{block.role}` does not take rows of shape `{block.shape}`")
        if self.data[0].role is not None:
            raise ValueError("`data.0` must contain the held-out rows, which have no `role`")
        return self


AnyStage = (
    LoadStage
    | AnyTrainingStage
    | PairsStage
    | TeacherStage
    | SampleStage
    | AugmentStage
    | OptimizePromptStage
    | PreflightStage
    | ProbeStage
    | EvaluateStage
)
