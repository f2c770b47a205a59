"""`spec.training`: overrides of each method's defaults, in the field names of TRL and PEFT."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, Strict

from compiler.spec.schema.types import (
    Flag,
    Minutes,
    Model,
    Positive,
    Share,
)

Scalar = Flag | Annotated[int, Strict()] | Annotated[float, Strict()] | str


TrainerValue = Scalar | None | list[Scalar] | dict[str, Scalar]


class Lora(Model):
    """Fields of PEFT's LoraConfig, with PEFT's names."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=None, defer_build=True)

    r: Annotated[int, Strict(), Field(ge=1, le=1024)] | None = Field(default=None, description="Rank.")
    lora_alpha: Positive | None = Field(default=None, description="Scale.")
    lora_dropout: Annotated[float, Strict(), Field(ge=0, lt=1)] | None = Field(default=None, description="Dropout.")
    target_modules: str | Annotated[list[str], Field(min_length=1)] | None = Field(
        default=None, description="Modules that get an adapter: `all-linear`, a list of names, or a regular expression."
    )
    use_rslora: Flag | None = Field(default=None, description="Scale by `lora_alpha / sqrt(r)` (rank-stabilised LoRA).")
    use_dora: Flag | None = Field(default=None, description="Also learn each column's magnitude (DoRA).")
    modules_to_save: Annotated[list[str], Field(min_length=1)] | None = Field(
        default=None, description="Modules that are trained whole beside the adapter, such as `embed_tokens`."
    )


class MethodOverrides(Model):
    """Changes of a method's defaults."""

    trainer: dict[str, TrainerValue] = Field(
        default={}, description="Fields of the method's TRL config, with TRL's names."
    )
    tuning: Literal["lora", "qlora", "full"] = Field(
        default="lora",
        description="`lora`: adapters; `qlora`: adapters on a base in 4 bits, on a GPU; `full`: all weights.",
    )
    peft: Lora = Field(default=Lora(), description="Fields of PEFT's LoraConfig.")
    deadline_minutes: Minutes | None = Field(default=None, description="Wall-clock limit of the stage.")


class CptOverrides(MethodOverrides):
    """Further settings of continued pre-training."""

    replay_share: Annotated[float, Strict(), Field(ge=0, le=0.5)] | None = Field(
        default=None,
        description="Share of general text in the training tokens; use more if the corpus is further from general text.",
    )


class DpoOverrides(MethodOverrides):
    """Further settings of DPO."""

    min_edit_distance: Share | None = Field(
        default=None, description="Normalised edit distance below which pairs are dropped."
    )


class RewardedOverrides(MethodOverrides):
    """Further settings of methods that optimise a reward."""

    zero_spread_steps: Positive | None = Field(
        default=None,
        description="Steps in a row in which no answers to a prompt differ in reward, after which the training ends; "
        "a shorter training ends if no step has such answers.",
    )


class Training(Model):
    """Overrides for each training method."""

    cpt: CptOverrides | None = Field(default=None, description="Continued pre-training.")
    sft: MethodOverrides | None = Field(default=None, description="Supervised fine-tuning.")
    cot: MethodOverrides | None = Field(default=None, description="SFT on explicit reasoning chains.")
    latent_cot: MethodOverrides | None = Field(default=None, description="Stepwise internalisation of chains.")
    dpo: DpoOverrides | None = Field(default=None, description="Direct preference optimisation.")
    kto: MethodOverrides | None = Field(default=None, description="Kahneman-Tversky optimisation of marked answers.")
    reward: MethodOverrides | None = Field(default=None, description="The reward model of PPO.")
    grpo: RewardedOverrides | None = Field(default=None, description="Group-relative policy optimisation.")
    ppo: RewardedOverrides | None = Field(default=None, description="Proximal policy optimisation.")
    distill: MethodOverrides | None = Field(default=None, description="On-policy distillation.")

    def of(self, method: str) -> MethodOverrides | None:
        """Return the overrides of a method such as `latent-cot`; None if there are none."""
        overrides: MethodOverrides | None = getattr(self, method.replace("-", "_"), None)
        return overrides
