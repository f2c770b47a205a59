"""One model for each method's stage config."""

from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field, model_validator

from runtime.contract.blocks import (
    Block,
    CurriculumBlock,
    DataBlock,
    DistillationBlock,
    DistributedBlock,
    GateBlock,
    GenerationBlock,
    MetricBlock,
    ModelBlock,
    Name,
    PairsBlock,
    PeftBlock,
    Positive,
    RelativePath,
    RewardBlock,
    RewardCode,
    Sha256,
    Shape,
    SourceBlock,
    TeacherBlock,
    require_shapes,
)

# Which tokens are learnt is the method's to say: the answers, or all of a corpus.
LOSS_FIELDS = ("assistant_only_loss", "completion_only_loss", "dataset_kwargs")
Temperature = Annotated[float, Field(ge=0, le=2)]
Metrics = Annotated[list[MetricBlock], Field(min_length=1)]


class Stage(Block):
    """The fields of every stage. Rows of several `data` blocks are used one block after the other."""

    SHAPES: ClassVar[tuple[str, ...]] = ()

    schema_version: Literal["trainspec.dev/stage/v1"] = Field(alias="schema")
    plan: Name
    stage: Name
    output: Name
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    model: ModelBlock
    data: Annotated[list[DataBlock], Field(min_length=1)]

    @model_validator(mode="after")
    def _shapes_fit(self) -> "Stage":
        require_shapes(self.data, self.SHAPES)
        return self


class LoadStage(Stage):
    """Brings the base model, a teacher's weights and the data of a plan's stages into the volumes that these read.

    `folder` is the spec's folder below `specs` of the source. `folders` are those that metrics read, each with the
    digest of what lies directly inside; `files` those that rewards are made of.
    """

    SHAPES = get_args(Shape)
    method: Literal["load"]
    source: SourceBlock
    folder: RelativePath
    teachers: list[RelativePath] = Field(default=[])
    folders: dict[RelativePath, Sha256] = Field(default={})
    files: dict[RelativePath, Sha256] = Field(default={})


class TrainingStage(Stage):
    """What every trainer has. `peft: null` trains all weights; `trainer` holds fields of the method's config class."""

    OWNED: ClassVar[tuple[str, ...]] = ()  # fields of the trainer's config that the method sets by itself

    peft: PeftBlock | None
    trainer: dict[str, Any]
    distributed: DistributedBlock = DistributedBlock(processes=1)
    tracking: list[Literal["tensorboard", "trackio", "mlflow"]] = Field(default=[])

    @model_validator(mode="after")
    def _trainer_is_the_plans(self) -> "TrainingStage":
        owned = [f"`trainer.{name}`" for name in self.OWNED if name in self.trainer]
        if owned:
            raise ValueError(f"{', '.join(owned)} cannot be set: method `{self.method}` sets it")  # type: ignore[attr-defined]
        return self

    @model_validator(mode="after")
    def _quantized_base_is_frozen(self) -> "TrainingStage":
        if self.model.quantization and self.peft is None:
            raise ValueError("`model.quantization` needs `peft`: weights in 4 bits cannot be trained themselves")
        return self


class CptStage(TrainingStage):
    """Continued pre-training on text; `replay_share` of the training tokens are general text, of role `replay`."""

    SHAPES = ("text",)
    OWNED = LOSS_FIELDS
    method: Literal["cpt"]
    replay_share: Annotated[float, Field(ge=0, lt=1)]

    @model_validator(mode="after")
    def _corpus_is_there(self) -> "CptStage":
        if all(block.role == "replay" for block in self.data):
            raise ValueError("`data` holds only rows of role `replay`: name the corpus too")
        return self


class SftStage(TrainingStage):
    """Supervised fine-tuning. `answer_marker` stands between a chain and its answer, where rows have chains."""

    SHAPES = ("prompt-completion", "messages", "chain")
    OWNED = LOSS_FIELDS
    method: Literal["sft", "cot"]
    answer_marker: str | None = None

    @model_validator(mode="after")
    def _chains_have_a_marker(self) -> "SftStage":
        if self.answer_marker is None and any(block.shape == "chain" for block in self.data):
            raise ValueError("rows of shape `chain` need `answer_marker`")
        return self


class LatentCotStage(TrainingStage):
    """Chains whose tokens are dropped stage by stage, until the model answers without writing one.

    `trainer.num_train_epochs` are those of the whole chain, before any token goes, and again of the bare answer at the
    end; `curriculum` says how often rows are seen between the two.
    """

    SHAPES = ("chain",)
    OWNED = (*LOSS_FIELDS, "max_steps", "packing", "shuffle_dataset", "train_sampling_strategy")
    method: Literal["latent-cot"]
    curriculum: CurriculumBlock
    answer_marker: str


class DpoStage(TrainingStage):
    """Direct preference optimisation on pairs."""

    SHAPES = ("preference",)
    method: Literal["dpo"]


class KtoStage(TrainingStage):
    """Kahneman-Tversky optimisation on answers marked good or bad."""

    SHAPES = ("unpaired-preference",)
    method: Literal["kto"]


class RewardStage(TrainingStage):
    """A reward model, learnt from pairs; `held_out_share` of them, by cluster, are kept for its agreement report."""

    SHAPES = ("preference",)
    method: Literal["reward"]
    held_out_share: Annotated[float, Field(gt=0, lt=1)]


class GrpoStage(TrainingStage):
    """Group-relative policy optimisation against a weighted sum of rewards."""

    SHAPES = ("prompt", "prompt-completion", "messages", "chain", "badcase")
    method: Literal["grpo"]
    rewards: Annotated[list[RewardBlock], Field(min_length=1)]
    reward_code: RewardCode = Field(default={})


class PpoStage(TrainingStage):
    """Proximal policy optimisation against reward functions, or a reward model (an adapter of an earlier stage)."""

    SHAPES = GrpoStage.SHAPES
    method: Literal["ppo"]
    rewards: list[RewardBlock]
    reward_code: RewardCode = Field(default={})
    reward_model: RelativePath | None

    @model_validator(mode="after")
    def _one_reward(self) -> "PpoStage":
        if bool(self.rewards) == (self.reward_model is not None):
            raise ValueError("either `rewards` or `reward_model` must be given")
        return self


class DistillStage(TrainingStage):
    """On-policy distillation: the student learns the teacher's probabilities on its own answers."""

    SHAPES = ("prompt", "prompt-completion", "messages", "chain", "badcase")
    method: Literal["distill"]
    teacher: TeacherBlock
    distillation: DistillationBlock


class PairsStage(Stage):
    """Pairs out of badcases and of given pairs, by rules D1 to D4; writes `preference.jsonl` and a report."""

    SHAPES = ("preference", "badcase")
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

    SHAPES = ("prompt", "prompt-completion", "messages", "chain", "badcase")
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

    SHAPES = ("prompt-completion", "messages", "chain", "badcase")
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

    SHAPES = GrpoStage.SHAPES
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

    SHAPES = ("evaluation", "badcase", "text")
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


AnyStage = (
    LoadStage
    | CptStage
    | SftStage
    | LatentCotStage
    | DpoStage
    | KtoStage
    | RewardStage
    | GrpoStage
    | PpoStage
    | DistillStage
    | PairsStage
    | TeacherStage
    | SampleStage
    | PreflightStage
    | EvaluateStage
)
