"""Usual values of trainer and adapter fields, from published recipes, and how far beyond them a value is a mistake.

A value is named if it lies about two orders of magnitude beyond every recipe, so that no one's experiment is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from compiler.spec.methods.defaults import LORA, TRL, TULU

_KTO = "KTO (arXiv 2402.01306)"
_DPO = "DPO (arXiv 2305.18290)"
_GRPO = "DeepSeekMath (arXiv 2402.03300) and DAPO (arXiv 2503.14476)"
_PPO = "Huang et al. 2024 (arXiv 2403.17031)"
_ADAM = "AdamW (arXiv 1711.05101)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Usual:
    """The usual values of a field, from `low` to `high` by `source`; below `least` or above `most` is a mistake.

    With `zero`, what the value 0 does, which is a mistake too; otherwise 0 is a value like others.
    """

    low: float
    high: float
    source: str
    least: float = 0
    most: float = float("inf")
    zero: str = ""

    def strays(self, value: float) -> bool:
        """Return whether the value is a mistake."""
        return value > self.most or (value < self.least if value else bool(self.zero))


_SUPERVISED_RATE = Usual(low=1e-6, high=2e-3, least=1e-9, most=0.1, source=f"{TULU}, and {LORA}")
_RL_RATE = Usual(low=1e-7, high=1e-4, least=1e-10, most=1e-2, source=_GRPO)

_ALL: Mapping[str, Usual] = {
    "num_train_epochs": Usual(low=1, high=15, most=1000, source=f"{TULU}, and LIMO (arXiv 2502.03387)"),
    "max_grad_norm": Usual(
        low=0.1, high=2, least=1e-4, most=1000, source=TRL, zero="turns off the clipping of gradients"
    ),
    "weight_decay": Usual(low=0, high=0.1, most=5, source=_ADAM),
    "adam_beta2": Usual(
        low=0.95, high=0.999, least=0.5, source=_ADAM, zero="forgets the scale of all earlier gradients"
    ),
    "adam_epsilon": Usual(low=1e-10, high=1e-5, most=1e-3, source=_ADAM),
    "warmup_steps": Usual(low=0, high=2000, most=100_000, source=TULU),
    "gradient_accumulation_steps": Usual(low=1, high=128, most=10_000, source=TULU),
    "neftune_noise_alpha": Usual(low=5, high=15, most=1500, source="NEFTune (arXiv 2310.05914)"),
    "learning_rate": _SUPERVISED_RATE,
    "temperature": Usual(low=0.5, high=1.5, least=0.01, most=10, source=TRL),
    "repetition_penalty": Usual(low=1, high=1.3, least=0.1, most=10, source=TRL),
}
_GENERATED: Mapping[str, Usual] = {
    "learning_rate": _RL_RATE,
    "beta": Usual(low=0, high=0.1, most=10, source=_GRPO),
    "epsilon": Usual(low=0.1, high=0.3, most=20, source=_GRPO, zero="lets no answer change the policy"),
    "epsilon_high": Usual(low=0.2, high=0.3, most=20, source=_GRPO),
    "num_iterations": Usual(low=1, high=4, most=200, source=_GRPO),
    "kl_coef": Usual(low=0.01, high=0.2, most=20, source=_PPO),
    "vf_coef": Usual(low=0.1, high=1, most=100, source=_PPO),
    "cliprange": Usual(low=0.1, high=0.3, most=20, source=_PPO),
    "num_ppo_epochs": Usual(low=1, high=4, most=200, source=_PPO),
}
_PAIRED = Usual(low=5e-8, high=1e-4, least=1e-11, most=1e-2, source=f"{_DPO}, and {_KTO}")
_METHODS: Mapping[str, Mapping[str, Usual]] = {
    "dpo": {
        "learning_rate": _PAIRED,
        "beta": Usual(low=0.01, high=0.5, least=1e-4, most=50, source=_DPO, zero="leaves no preference to learn"),
    },
    "kto": {
        "learning_rate": _PAIRED,
        "beta": Usual(low=0.01, high=0.5, least=1e-4, most=50, source=_KTO, zero="leaves no preference to learn"),
        "desirable_weight": Usual(low=0.1, high=10, least=1e-3, most=1000, source=_KTO, zero="drops good answers"),
        "undesirable_weight": Usual(low=0.1, high=10, least=1e-3, most=1000, source=_KTO, zero="drops bad answers"),
    },
    "reward": {"learning_rate": Usual(low=1e-6, high=1e-4, least=1e-10, most=1e-2, source=f"{TRL}, and {LORA}")},
    "grpo": _GENERATED,
    "ppo": _GENERATED,
}  # fmt: skip
_ADAPTER: Mapping[str, Usual] = {
    "lora_alpha": Usual(low=8, high=256, most=10_000, source=LORA),
    "lora_dropout": Usual(low=0, high=0.1, most=0.9, source=LORA),
}


def usual_of(method: str, block: str, field: str) -> Usual | None:
    """Return the usual values of a field of the block `trainer` or `peft` of a method; None if any may be right."""
    if block == "peft":
        return _ADAPTER.get(field)
    return _METHODS.get(method, {}).get(field) or _ALL.get(field)
