"""The arithmetic of PPO: token rewards, advantages, and the two clipped losses.

All tensors are rows x tokens. `mask` is 1 for each token of a row's answer and 0 after its end; every input and output
tensor is 0 after the end.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor


def token_rewards(scores: "Tensor", log_ratios: "Tensor", mask: "Tensor", kl_coef: float) -> "Tensor":
    """Return each token's reward: the KL penalty, and at the last token also the score.

    The penalty is -beta (log pi - log pi_ref). The sum over an answer's tokens is r(x, y) - beta log(pi(y|x) /
    pi_ref(y|x)), whose mean PPO maximises (arXiv 1909.08593, equation 2). `scores` has one number per row.
    """
    rewards = -kl_coef * log_ratios * mask
    last = mask.sum(1) - 1
    rewards[torch.arange(len(rewards)), last] += scores
    return rewards


def generalised_advantages(rewards: "Tensor", values: "Tensor", mask: "Tensor", gamma: float, lam: float) -> "Tensor":
    """Return the generalised advantage estimates of all tokens (arXiv 1506.02438, equation 16).

    A_t = sum_l (gamma lambda)^l delta_{t+l} with delta_t = r_t + gamma V_{t+1} - V_t. The value after the last token is
    0, whether an end token or the maximum length ended the answer.
    """
    advantages = torch.zeros_like(rewards)
    following_advantage = following_value = torch.zeros_like(rewards[:, 0])
    for step in range(rewards.shape[1] - 1, -1, -1):
        surprise = rewards[:, step] + gamma * following_value - values[:, step]
        # Everything after the end is 0, so an answer's last token is followed by zeros.
        following_advantage = (surprise + gamma * lam * following_advantage) * mask[:, step]
        following_value = values[:, step] * mask[:, step]
        advantages[:, step] = following_advantage
    return advantages


def whiten(
    tensor: "Tensor",
    mask: "Tensor",
    *,
    keep_mean: bool = False,
    total: "Callable[[Tensor], Tensor]" = lambda part: part,
) -> "Tensor":
    """Scale the masked entries to unit variance, and shift them to mean 0 unless `keep_mean`.

    `total` sums a number over all processes, each of which holds a part of the rollout.
    """
    count = total(mask.sum())
    mean = total((tensor * mask).sum()) / count
    variance = total(((tensor - mean) ** 2 * mask).sum()) / (count - 1).clamp(min=1)
    scaled = (tensor - mean) * torch.rsqrt(variance + 1e-8)
    return (scaled + mean if keep_mean else scaled) * mask


def policy_losses(
    log_probs: "Tensor", old_log_probs: "Tensor", advantages: "Tensor", cliprange: float
) -> tuple["Tensor", "Tensor"]:
    """Return each token's clipped policy loss, and whether the clipped term applies.

    The loss is -min(ratio A, clip(ratio) A) (arXiv 1707.06347, equation 7).
    """
    ratios = torch.exp(log_probs - old_log_probs)
    unclipped = -advantages * ratios
    clipped = -advantages * ratios.clamp(1 - cliprange, 1 + cliprange)
    return torch.maximum(unclipped, clipped), clipped > unclipped


def value_losses(values: "Tensor", old_values: "Tensor", returns: "Tensor", cliprange: float) -> "Tensor":
    """Return each token's value loss: half the larger of plain and clipped squared error.

    Clipping bounds the change of a value by `cliprange`. The paper does not have it, but its authors' code (baselines
    `ppo2`) does, and language-model trainers follow that.
    """
    clipped = old_values + (values - old_values).clamp(-cliprange, cliprange)
    return 0.5 * torch.maximum((values - returns) ** 2, (clipped - returns) ** 2)


def explained_variance(values: "Tensor", returns: "Tensor", mask: "Tensor") -> float:
    """Return 1 - Var(returns - values) / Var(returns).

    This is 1 for a perfect value function, 0 for a constant one. Also 0 if all returns are equal.
    """
    inside = mask.bool()
    spread = returns[inside].var(correction=0)
    if spread < 1e-12:
        return 0.0
    return float(1 - (returns - values)[inside].var(correction=0) / spread)
