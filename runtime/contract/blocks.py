"""The parts that stage configs are made of: strict models of the YAML that the compiler renders."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from runtime.contract.metrics import METRICS
from runtime.contract.shapes import BadcaseClass, Shape
from runtime.contract.volumes import check_relative

RelativePath = Annotated[str, AfterValidator(check_relative)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(ge=1)]
# enums of the contract, written as their values
ShapeName = Annotated[Shape, Field(strict=False)]
BadcaseClassName = Annotated[BadcaseClass, Field(strict=False)]


class Block(BaseModel):
    """Strictness that all blocks share: no unknown field, no silent conversion, no change after reading."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class ModelBlock(Block):
    """`path` is a folder under the models volume; `adapters` are folders under the outputs volume, merged in order.

    `quantization: nf4` loads the frozen base in 4 bits (QLoRA, arXiv 2305.14314), which needs bitsandbytes and a GPU.
    """

    path: RelativePath
    adapters: list[RelativePath]
    dtype: Literal["float32", "bfloat16", "float16"]
    trust_remote_code: bool
    quantization: Literal["nf4"] | None = None


class DataBlock(Block):
    """A file, or a folder of files, with the digest and the row count that the plan was made for.

    `volume: outputs` names rows that an earlier stage makes, so the plan cannot know their digest. Badcases of
    `exclude_classes` are left out; `rows` counts them. `uri`, where rows were copied from, is for people. `role` says
    what rows are for where that is not the stage's own purpose: `replay` of general text beside a corpus, `badcases`
    and `general` beside the held-out rows of an evaluation, of which at most `limit` are asked.
    """

    path: RelativePath
    shape: ShapeName
    sha256: Sha256 | None
    rows: Annotated[int, Field(ge=0)] | None
    volume: Literal["data", "outputs"] = "data"
    role: Literal["replay", "badcases", "general"] | None = None
    exclude_classes: list[BadcaseClassName] = []
    limit: Positive | None = None
    uri: str | None = None

    @model_validator(mode="after")
    def _parts_fit(self) -> "DataBlock":
        if [self.sha256 is None, self.rows is None] != [self.volume == "outputs"] * 2:
            raise ValueError("`sha256` and `rows` belong to the data volume, and are null for `volume: outputs`")
        if self.exclude_classes and self.shape != "badcase":
            raise ValueError("`exclude_classes` belongs to rows of shape `badcase`")
        return self


class PairsBlock(Block):
    """Which pairs are usable: the least normalised edit distance (0 to 1) between the two answers of a pair."""

    min_edit_distance: Share


class PeftBlock(Block):
    """The LoRA settings that are handed to `peft.LoraConfig`."""

    r: Positive
    lora_alpha: Annotated[float, Field(gt=0)]
    lora_dropout: Annotated[float, Field(ge=0, lt=1)]
    target_modules: str | list[str]


class GenerationBlock(Block):
    """Greedy generation: at most `max_new_tokens` for each row, `batch_size` rows at once."""

    max_new_tokens: Positive
    batch_size: Positive


class MetricBlock(Block):
    """One metric by name; `databases` is a folder of SQL scripts under the data volume.

    Where an answer holds `answer_marker`, only what follows the last one is compared: a chain may stand before it.
    """

    name: str
    databases: RelativePath | None = None
    answer_marker: str | None = None

    @field_validator("name")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in METRICS:
            raise ValueError(f"must be one of {', '.join(f'`{each}`' for each in METRICS)}, not `{name}`")
        return name

    @model_validator(mode="after")
    def _databases_belong_to_queries(self) -> "MetricBlock":
        if METRICS[self.name].needs_databases != (self.databases is not None):
            names = ", ".join(f"`{name}`" for name, metric in METRICS.items() if metric.needs_databases)
            raise ValueError(f"`databases` belongs to {names}, and only to it")
        return self


class GateBlock(Block):
    """The decision after an evaluation: `target` for `metric`, and the earlier evaluation to compare with.

    Without `needs_gain` only a loss of general ability stops the plan: what a corpus is worth to the task is shown by
    the stage behind it.
    """

    metric: str
    target: Share
    baseline: RelativePath | None
    needs_gain: bool = True


class RewardBlock(Block):
    """One term of a reward: a function of the library with its `options`, or `module:function` of the data volume."""

    use: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.]*(:[a-z_][a-z0-9_]*)?$")]
    weight: float
    options: dict[str, Any] = {}


# files of the data volume that rewards are made of, their modules and schemas, as they were when the plan was reviewed
RewardCode = dict[RelativePath, Sha256]


class TeacherBlock(Block):
    """The model that is learnt from: behind an OpenAI-compatible endpoint, or as weights in the models volume."""

    name: str
    revision: str
    access: Literal["text", "weights"]
    endpoint: str | None = None
    license: str
    outputs_may_train: bool
    shares_vocabulary: bool = False

    @property
    def path(self) -> str:
        """The teacher's folder under the models volume, and its name in reports."""
        return f"{self.name}/{self.revision}"


class CurriculumBlock(Block):
    """Stepwise internalisation (arXiv 2405.14838): how many tokens of a chain go at each removal, and how often."""

    remove_tokens: Positive
    epochs_per_removal: Positive
    reset_optimizer: bool


class DistillationBlock(Block):
    """On the student's own answers or on given ones, and whether the two models share a vocabulary."""

    on_policy: bool
    same_vocabulary: bool


class DistributedBlock(Block):
    """On how many nodes how many processes each train, and how they share the model: copies (`ddp`), or shards."""

    nodes: Positive = 1
    processes: Positive
    strategy: Literal["ddp", "fsdp", "zero2", "zero3"] = "ddp"

    @property
    def world(self) -> int:
        """How many processes train together, on all nodes."""
        return self.nodes * self.processes


def require_shapes(blocks: list[DataBlock], allowed: tuple[Shape, ...]) -> None:
    """ValueError if a block is of a shape that the stage does not read."""
    for index, block in enumerate(blocks):
        if block.shape not in allowed:
            names = ", ".join(f"`{name}`" for name in allowed)
            raise ValueError(f"`data.{index}.shape` must be one of {names}, not `{block.shape}`")


class BucketBlock(Block):
    """An S3-compatible bucket; requests are `signed` with what the pod is given, or with nothing."""

    uri: Annotated[str, Field(pattern=r"^s3://[a-z0-9][-.a-z0-9]{1,61}[a-z0-9](/[^\s/\\.][^\s/\\]*)*/?$")]
    endpoint: str | None = None
    region: str | None = None
    signed: bool


class FolderBlock(Block):
    """A claim that is mounted at `TRAINSPEC_SOURCE`; its name is for people."""

    claim: Name


class SourceBlock(Block):
    """Where models and data come from: `models/<name>/<revision>` and `specs/<folder>` below a bucket or a folder."""

    bucket: BucketBlock | None = None
    folder: FolderBlock | None = None

    @model_validator(mode="after")
    def _one(self) -> "SourceBlock":
        if (self.bucket is None) == (self.folder is None):
            raise ValueError("name either `bucket` or `folder`")
        return self
