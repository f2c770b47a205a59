"""The settings of PPO: those of every trainer, and its own."""

from dataclasses import dataclass, field

from transformers import TrainingArguments


@dataclass
class PPOConfig(TrainingArguments):  # type: ignore[misc]
    """What a plan may set for PPO, beside the fields of `TrainingArguments`.

    One rollout samples `per_device_train_batch_size` x `gradient_accumulation_steps` x `num_mini_batches` answers, one
    to a prompt, and is trained on for `num_ppo_epochs` passes of `num_mini_batches` optimiser steps each. So an
    optimiser step sees as many rows as with any other trainer, and `max_steps` counts optimiser steps.

    `kl_coef` is beta, in units of reward for each nat by which an answer is likelier than under the reference;
    `cliprange` bounds the change of a token's probability ratio, `cliprange_value` that of a value (in units of
    reward); `gamma` and `lam` are those of generalised advantage estimation; `temperature` divides the logits both when
    sampling and when scoring, so that it is the sampled policy which is trained; `whiten_rewards` scales the rewards of
    a rollout's tokens to unit variance and keeps their mean.
    """

    learning_rate: float = field(default=3e-6)
    remove_unused_columns: bool = field(default=False)  # rewards read the columns beside the prompt
    num_ppo_epochs: int = field(default=4)
    num_mini_batches: int = field(default=1)
    cliprange: float = field(default=0.2)
    cliprange_value: float = field(default=0.2)
    kl_coef: float = field(default=0.05)
    vf_coef: float = field(default=0.1)
    gamma: float = field(default=1.0)
    lam: float = field(default=0.95)
    temperature: float = field(default=1.0)
    max_completion_length: int = field(default=256)
    whiten_rewards: bool = field(default=False)

    def __post_init__(self) -> None:
        """ValueError names every setting that is out of its range."""
        super().__post_init__()
        limits = {
            **dict.fromkeys(("num_ppo_epochs", "num_mini_batches", "max_completion_length"), (1, None)),
            **dict.fromkeys(("cliprange", "cliprange_value", "kl_coef", "vf_coef", "temperature"), (0, None)),
            **dict.fromkeys(("gamma", "lam"), (0, 1)),
        }
        faults = [fault for name, (least, most) in limits.items() if (fault := self._fault(name, least, most))]
        if self.temperature == 0:
            faults.append("`temperature` must be above 0: the policy is sampled")
        if faults:
            raise ValueError("; ".join(faults))

    @property
    def rollout_size(self) -> int:
        """How many answers a process samples at once."""
        return int(self.train_batch_size * self.gradient_accumulation_steps * self.num_mini_batches)

    @property
    def steps_per_rollout(self) -> int:
        """How many optimiser steps are taken on one rollout."""
        return self.num_ppo_epochs * self.num_mini_batches

    def _fault(self, name: str, least: float, most: float | None) -> str:
        value = getattr(self, name)
        if value >= least and (most is None or value <= most):
            return ""
        span = f"at least {least}" if most is None else f"from {least} to {most}"
        return f"`{name}` must be {span}, not {value}"
