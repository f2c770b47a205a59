"""Blocks of stage configs: strict models of the YAML that the compiler renders."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from runtime.contract.data.columns import BadcaseClass
from runtime.contract.data.labels import LabelFilter
from runtime.contract.data.mapping import mappable
from runtime.contract.data.shapes import Shape
from runtime.contract.data.text_encoding import check_encoding
from runtime.contract.rewards import FUNCTION
from runtime.contract.volumes import check_relative

RelativePath = Annotated[str, AfterValidator(check_relative)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(ge=1)]
Dtype = Literal["float32", "bfloat16", "float16"]
Temperature = Annotated[float, Field(ge=0, le=2)]
Encoding = Annotated[str, AfterValidator(check_encoding)]
# Enums of the contract; YAML holds their values.
ShapeName = Annotated[Shape, Field(strict=False)]
BadcaseClassName = Annotated[BadcaseClass, Field(strict=False)]


class Block(BaseModel):
    """A strict base for all blocks: no unknown fields, no silent conversion, immutable."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class ModelBlock(Block):
    """The base model, and the adapters that are merged into it in order.

    `path` is a folder under the models volume, `adapters` are folders under the outputs volume. `quantization: nf4`
    loads the frozen base in 4 bits (QLoRA, arXiv 2305.14314), which needs bitsandbytes and a GPU.
    """

    path: RelativePath
    adapters: list[RelativePath]
    dtype: Dtype
    trust_remote_code: bool
    quantization: Literal["nf4"] | None = None


class LabelsBlock(Block):
    """Labels of badcases to leave out: a row has them all; empty text is a label that nobody noted."""

    category: BadcaseClassName | None = Field(default=None, alias="class")
    kind: str | None = None
    component: str | None = None

    @model_validator(mode="after")
    def _names_one(self) -> "LabelsBlock":
        if self.category is None and self.kind is None and self.component is None:
            raise ValueError("names none of `class`, `kind` and `component`")
        return self

    @property
    def filter(self) -> LabelFilter:
        """The labels as a filter."""
        return LabelFilter(category=self.category, kind=self.kind, component=self.component)


class DataBlock(Block):
    """A data file, or a folder of them, with the digest and row count recorded in the plan.

    `volume: outputs` marks rows that an earlier stage writes, so the plan cannot know their digest. The stage skips
    badcases of `exclude_classes`, and those with `exclude_labels`; `rows` counts them nevertheless. `columns` are
    native columns with the columns of the file that hold them. `uri`, the origin of the rows, is for readers only.
    `encoding` is that of the text in the files, UTF-8 if it is not set.
    `role` marks rows that do not serve the stage's main purpose: `replay` is general text mixed with a corpus;
    `badcases` and `general` supplement the held-out rows of an evaluation. An evaluation uses at most `limit` rows.
    """

    path: RelativePath
    shape: ShapeName
    sha256: Sha256 | None
    rows: Annotated[int, Field(ge=0)] | None
    volume: Literal["data", "outputs"] = "data"
    role: Literal["replay", "badcases", "general"] | None = None
    exclude_classes: list[BadcaseClassName] = []
    exclude_labels: list[LabelsBlock] = []
    limit: Positive | None = None
    uri: str | None = None
    encoding: Encoding | None = None
    columns: dict[str, str] = {}

    @model_validator(mode="after")
    def _parts_fit(self) -> "DataBlock":
        if [self.sha256 is None, self.rows is None] != [self.volume == "outputs"] * 2:
            raise ValueError("`sha256` and `rows` belong to the data volume, and are null for `volume: outputs`")
        for name in ("exclude_classes", "exclude_labels"):
            if getattr(self, name) and self.shape != "badcase":
                raise ValueError(f"`{name}` belongs to rows of shape `badcase`")
        if unknown := sorted(self.columns.keys() - set(mappable(self.shape))):
            raise ValueError(f"`columns.{unknown[0]}` is no column of the shape `{self.shape}`")
        return self

    @property
    def excluded(self) -> list[LabelFilter]:
        """Filters of the badcases that the stage skips."""
        classes = [LabelFilter(category=each) for each in self.exclude_classes]
        return classes + [each.filter for each in self.exclude_labels]


class PairsBlock(Block):
    """The minimum normalised edit distance (0 to 1) between the two answers of a usable pair."""

    min_edit_distance: Share


class GenerationBlock(Block):
    """Generation of at most `max_new_tokens` per row, `batch_size` rows at once."""

    max_new_tokens: Positive
    batch_size: Positive


class AnswerBlock(GenerationBlock):
    """Generation of the answers that an evaluation scores; greedy at temperature 0."""

    temperature: Temperature = 0.0


class RewardBlock(Block):
    """One term of a reward: a library function with its `options`, or `module:function`.

    Modules are files of the data volume.
    """

    use: Annotated[str, Field(pattern=FUNCTION)]
    weight: float
    options: dict[str, Any] = {}


# The modules and schemas of rewards or metrics on the data volume, with their digests at the time of review.
Code = dict[RelativePath, Sha256]


class TeacherBlock(Block):
    """The teacher model: behind an OpenAI-compatible endpoint, or as weights on the models volume."""

    name: str
    revision: str
    access: Literal["text", "weights"]
    endpoint: str | None = None
    license: str
    outputs_may_train: bool
    shares_vocabulary: bool = False

    @property
    def path(self) -> str:
        """The teacher's folder under the models volume, which is also its name in reports."""
        return f"{self.name}/{self.revision}"

    def weights(self, dtype: Dtype) -> ModelBlock:
        """Return its weights on the models volume; its folder's own code is never run."""
        return ModelBlock(path=self.path, adapters=[], dtype=dtype, trust_remote_code=False)


class CurriculumBlock(Block):
    """Stepwise internalisation (arXiv 2405.14838): the tokens per removal, and its interval."""

    remove_tokens: Positive
    epochs_per_removal: Positive
    reset_optimizer: bool


class DistillationBlock(Block):
    """Whether the student learns on its own answers, and whether both models share a vocabulary."""

    on_policy: bool
    same_vocabulary: bool


class DistributedBlock(Block):
    """The nodes, the processes per node, and how they share the model: copies (`ddp`) or shards."""

    nodes: Positive = 1
    processes: Positive
    strategy: Literal["ddp", "fsdp", "zero2", "zero3"] = "ddp"

    @property
    def world(self) -> int:
        """The number of processes on all nodes."""
        return self.nodes * self.processes


def require_shapes(blocks: list[DataBlock], allowed: tuple[Shape, ...]) -> None:
    """Raise ValueError if the stage does not read the shape of a block."""
    for index, block in enumerate(blocks):
        if block.shape not in allowed:
            names = ", ".join(f"`{name}`" for name in allowed)
            raise ValueError(f"`data.{index}.shape` must be one of {names}, not `{block.shape}`")
