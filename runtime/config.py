"""The stage config: strict models of the YAML that the compiler renders, read with all faults reported at once."""

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from runtime.errors import StageError
from runtime.volumes import check_relative

SCHEMA = "trainspec.dev/stage/v1"

RelativePath = Annotated[str, AfterValidator(check_relative)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
BadcaseClass = Literal["critical", "systemic", "high-frequency", "sporadic", "flow-control", "undetermined"]


class Block(BaseModel):
    """Strictness that all blocks share: no unknown field, no silent conversion, no change after reading."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class ModelBlock(Block):
    """`path` is a folder under the models volume; `adapters` are folders under the outputs volume, merged in order."""

    path: RelativePath
    adapters: list[RelativePath]
    dtype: Literal["float32", "bfloat16", "float16"]
    trust_remote_code: bool


class DataBlock(Block):
    """A file, or a folder of files, with the digest and the row count that the plan was made for.

    `volume: outputs` names rows that an earlier stage makes, so the plan cannot know their digest. Badcases of
    `exclude_classes` are left out; `rows` counts them. `uri`, where rows were copied from, is for people.
    """

    path: RelativePath
    shape: Literal["prompt-completion", "messages", "preference", "badcase", "evaluation"]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None
    rows: Annotated[int, Field(ge=0)] | None
    volume: Literal["data", "outputs"] = "data"
    exclude_classes: list[BadcaseClass] = []
    uri: str | None = None

    @model_validator(mode="after")
    def _parts_fit(self) -> "DataBlock":
        if [self.sha256 is None, self.rows is None] != [self.volume == "outputs"] * 2:
            raise ValueError("`sha256` and `rows` belong to the data volume, and are null for `volume: outputs`")
        if self.exclude_classes and self.shape != "badcase":
            raise ValueError("`exclude_classes` belongs to rows of shape `badcase`")
        return self


class PairsBlock(Block):
    """Which badcases make a usable pair: the normalised edit distance (0 to 1) between answer and fix."""

    min_edit_distance: Annotated[float, Field(ge=0, le=1)]


class PeftBlock(Block):
    """The LoRA settings that are handed to `peft.LoraConfig`."""

    r: Annotated[int, Field(ge=1)]
    lora_alpha: Annotated[float, Field(gt=0)]
    lora_dropout: Annotated[float, Field(ge=0, lt=1)]
    target_modules: str | list[str]


class GenerationBlock(Block):
    """Greedy generation: at most `max_new_tokens` for each row, `batch_size` rows at once."""

    max_new_tokens: Annotated[int, Field(ge=1)]
    batch_size: Annotated[int, Field(ge=1)]


class MetricBlock(Block):
    """One metric by name; `databases` is a folder of SQL scripts under the data volume."""

    name: Literal["execution_accuracy", "exact_match"]
    databases: RelativePath | None = None

    @model_validator(mode="after")
    def _databases_belong_to_execution(self) -> "MetricBlock":
        if (self.name == "execution_accuracy") != (self.databases is not None):
            raise ValueError("`databases` belongs to `execution_accuracy`, and only to it")
        return self


class GateBlock(Block):
    """The decision after an evaluation: `target` for `metric`, and the earlier evaluation to compare with."""

    metric: str
    target: Annotated[float, Field(ge=0, le=1)]
    baseline: RelativePath | None


class Stage(Block):
    """The fields of every stage. Rows of several `data` blocks are used one block after the other."""

    schema_version: Literal["trainspec.dev/stage/v1"] = Field(alias="schema")
    plan: Name
    stage: Name
    output: Name
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    model: ModelBlock
    data: Annotated[list[DataBlock], Field(min_length=1)]


class SftStage(Stage):
    """Supervised fine-tuning. `peft: null` is full fine-tuning; `trainer` holds fields of `trl.SFTConfig`."""

    method: Literal["sft"]
    peft: PeftBlock | None
    trainer: dict[str, Any]

    @model_validator(mode="after")
    def _shape_fits(self) -> "SftStage":
        _require_shapes(self.data, ("prompt-completion", "messages"))
        return self


class DpoStage(Stage):
    """Direct preference optimisation. `pairs` is there for badcases, and where given pairs are filtered."""

    method: Literal["dpo"]
    pairs: PairsBlock | None = None
    peft: PeftBlock | None
    trainer: dict[str, Any]

    @model_validator(mode="after")
    def _shape_fits(self) -> "DpoStage":
        _require_shapes(self.data, ("preference", "badcase"))
        if self.pairs is None and any(block.shape == "badcase" for block in self.data):
            raise ValueError("rows of shape `badcase` need `pairs`")
        return self


class EvaluateStage(Stage):
    """Greedy answers to held-out prompts, scored by `metrics`; `gate` decides whether the plan goes on."""

    method: Literal["evaluate"]
    generation: GenerationBlock
    metrics: Annotated[list[MetricBlock], Field(min_length=1)]
    gate: GateBlock | None = None

    @model_validator(mode="after")
    def _parts_fit(self) -> "EvaluateStage":
        _require_shapes(self.data, ("evaluation",))
        names = [metric.name for metric in self.metrics]
        if len(set(names)) != len(names):
            raise ValueError("`metrics` names a metric twice")
        if self.gate is not None and self.gate.metric not in names:
            raise ValueError(f"`gate.metric` is not one of `metrics`: `{self.gate.metric}`")
        return self


AnyStage = SftStage | DpoStage | EvaluateStage
_ADAPTER: TypeAdapter[AnyStage] = TypeAdapter(Annotated[AnyStage, Field(discriminator="method")])


def _require_shapes(blocks: list[DataBlock], allowed: tuple[str, ...]) -> None:
    for index, block in enumerate(blocks):
        if block.shape not in allowed:
            names = ", ".join(f"`{name}`" for name in allowed)
            raise ValueError(f"`data.{index}.shape` must be one of {names}, not `{block.shape}`")


def load_stage(path: Path) -> tuple[AnyStage, str]:
    """Read the config at `path`; return the stage and the SHA-256 of the file. RUN701 names every fault at once."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StageError(
            "RUN701", f"config `{path}` cannot be read: {error.strerror}", "give the path of a rendered config"
        ) from error
    return parse_stage(content, str(path)), hashlib.sha256(content).hexdigest()


def parse_stage(content: bytes, name: str) -> AnyStage:
    """Return the stage held by the YAML bytes `content`; `name` is used in messages."""
    hint = "render the plan again with `trainspec compile`, and do not edit its files by hand"
    try:
        document = yaml.safe_load(content.decode("utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise StageError(
            "RUN701", f"config `{name}` is not YAML in UTF-8: {' '.join(str(error).split())}", hint
        ) from error
    if not isinstance(document, dict):
        raise StageError("RUN701", f"config `{name}` is not a mapping", hint)
    try:
        return _ADAPTER.validate_python(document)
    except ValidationError as error:
        faults = "; ".join(_fault(dict(detail), document.get("method")) for detail in error.errors())
        raise StageError("RUN701", f"config `{name}`: {faults}", hint) from error


def _fault(detail: dict[str, Any], method: object) -> str:
    # The discriminator puts the method's name in front of the field path; it is no field of the file.
    steps = [str(step) for step in detail["loc"]]
    if steps and steps[0] == method:
        steps = steps[1:]
    message = str(detail["msg"])
    message = message.removeprefix("Value error, ")
    return f"`{'.'.join(steps) or 'config'}`: {message[:1].lower()}{message[1:]}"
