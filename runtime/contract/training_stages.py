"""Configs of the stages that train."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from runtime.contract.blocks import (
    Block,
    Code,
    CurriculumBlock,
    DistillationBlock,
    DistributedBlock,
    Positive,
    RelativePath,
    RewardBlock,
    TeacherBlock,
)
from runtime.contract.methods import OWNED, PlainTraining
from runtime.contract.rewards import ZERO_SPREAD_STEPS
from runtime.contract.stage import Stage


class PeftBlock(Block):
    """The LoRA settings, passed to `peft.LoraConfig`; unset ones are left to it."""

    r: Positive
    lora_alpha: Annotated[float, Field(gt=0)]
    lora_dropout: Annotated[float, Field(ge=0, lt=1)]
    target_modules: str | Annotated[list[str], Field(min_length=1)]
    use_rslora: bool = False
    use_dora: bool = False
    modules_to_save: Annotated[list[str], Field(min_length=1)] | None = None

    def as_arguments(self) -> dict[str, Any]:
        """Return the settings of the plan by name."""
        return self.model_dump(exclude_unset=True)


class TrainingStage(Stage):
    """The fields of all training stages.

    `peft: null` trains all weights. `trainer` sets fields of the method's config class.
    """

    peft: PeftBlock | None
    trainer: dict[str, Any]
    distributed: DistributedBlock = DistributedBlock(processes=1)
    tracking: list[Literal["tensorboard", "trackio", "mlflow"]] = Field(default=[])

    @model_validator(mode="after")
    def _trainer_is_the_plans(self) -> "TrainingStage":
        method: str = self.method  # type: ignore[attr-defined]
        owned = [f"`trainer.{name}`" for name in OWNED.get(method, ()) if name in self.trainer]
        if owned:
            raise ValueError(f"{', '.join(owned)} cannot be set: method `{method}` sets it")
        return self

    @model_validator(mode="after")
    def _quantized_base_is_frozen(self) -> "TrainingStage":
        if self.model.quantization and self.peft is None:
            raise ValueError("`model.quantization` needs `peft`: weights in 4 bits cannot be trained")
        return self


class CptStage(TrainingStage):
    """Continued pre-training; rows of role `replay` make up `replay_share` of the training tokens."""

    method: Literal["cpt"]
    replay_share: Annotated[float, Field(ge=0, lt=1)]

    @model_validator(mode="after")
    def _corpus_is_there(self) -> "CptStage":
        if all(block.role == "replay" for block in self.data):
            raise ValueError("`data` contains only rows of role `replay`, and no corpus")
        return self


class SftStage(TrainingStage):
    """Supervised fine-tuning; `answer_marker` separates a chain from its answer."""

    method: Literal["sft", "cot"]
    answer_marker: str | None = None

    @model_validator(mode="after")
    def _chains_have_a_marker(self) -> "SftStage":
        if self.answer_marker is None and any(block.shape == "chain" for block in self.data):
            raise ValueError("rows of shape `chain` need `answer_marker`")
        return self


class LatentCotStage(TrainingStage):
    """Training that removes the tokens of chains step by step, until the model answers without one.

    `trainer.num_train_epochs` counts the epochs on whole chains at the start, and again those on bare answers at the
    end; `curriculum` sets the epochs in between.
    """

    method: Literal["latent-cot"]
    curriculum: CurriculumBlock
    answer_marker: str


class PlainStage(TrainingStage):
    """Training that needs no fields besides those of all training stages, such as DPO."""

    method: PlainTraining


class RewardStage(TrainingStage):
    """Training of a reward model on pairs; `held_out_share` of them, by cluster, measure its agreement."""

    method: Literal["reward"]
    held_out_share: Annotated[float, Field(gt=0, lt=1)]


class GrpoStage(TrainingStage):
    """Group-relative policy optimisation against a weighted sum of rewards.

    The stage ends after `zero_spread_steps` steps in a row in which no group of answers has different rewards.
    """

    method: Literal["grpo"]
    rewards: Annotated[list[RewardBlock], Field(min_length=1)]
    reward_code: Code = Field(default={})
    zero_spread_steps: Positive = ZERO_SPREAD_STEPS


class PpoStage(TrainingStage):
    """Proximal policy optimisation against reward functions or a reward model.

    `reward_model` is an adapter of an earlier stage. `zero_spread_steps` is as for GRPO, over the answers of a step.
    """

    method: Literal["ppo"]
    rewards: list[RewardBlock]
    reward_code: Code = Field(default={})
    reward_model: RelativePath | None
    zero_spread_steps: Positive = ZERO_SPREAD_STEPS

    @model_validator(mode="after")
    def _one_reward(self) -> "PpoStage":
        if bool(self.rewards) == (self.reward_model is not None):
            raise ValueError("requires either `rewards` or `reward_model`")
        return self


class DistillStage(TrainingStage):
    """On-policy distillation: the student learns the teacher's probabilities on its own answers."""

    method: Literal["distill"]
    teacher: TeacherBlock
    distillation: DistillationBlock


AnyTrainingStage = CptStage | SftStage | LatentCotStage | PlainStage | RewardStage | GrpoStage | PpoStage | DistillStage
