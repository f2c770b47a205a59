"""The settings of PPO, in addition to those of every trainer."""

from dataclasses import dataclass, field

from transformers import TrainingArguments


@dataclass
class PPOConfig(TrainingArguments):  # type: ignore[misc]
    """The fields of `TrainingArguments`, and those of PPO.

    A rollout samples `per_device_train_batch_size` x `gradient_accumulation_steps` x `num_mini_batches` answers, one
    per prompt, and is used for `num_ppo_epochs` passes of `num_mini_batches` optimiser steps each. An optimiser step
    therefore sees as many rows as with any other trainer, and `max_steps` counts optimiser steps.

    `kl_coef` is beta, in units of reward per nat by which an answer is likelier than under the reference. `cliprange`
    bounds the change of a token's probability ratio, `cliprange_value` the change of a value (in units of reward).
    `gamma` and `lam` belong to generalised advantage estimation. `temperature` divides the logits in sampling and in
    scoring, so that the trained policy is the sampled one. `whiten_rewards` scales the token rewards of a rollout to
    unit variance and keeps their mean.
    """

    learning_rate: float = field(default=3e-6)
    remove_unused_columns: bool = field(default=False)  # rewards read further columns
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
        """Raise a ValueError that names every setting out of its range."""
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
        """The number of answers that a process samples at once."""
        return int(self.train_batch_size * self.gradient_accumulation_steps * self.num_mini_batches)

    @property
    def steps_per_rollout(self) -> int:
        """The number of optimiser steps on one rollout."""
        return self.num_ppo_epochs * self.num_mini_batches

    def _fault(self, name: str, least: float, most: float | None) -> str:
        value = getattr(self, name)
        if value >= least and (most is None or value <= most):
            return ""
        span = f"at least {least}" if most is None else f"from {least} to {most}"
        return f"`{name}` must be {span}, not {value}"
