"""Turn answers, their scores and the models' token figures into a rollout."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from runtime.train.ppo.advantages import explained_variance, generalised_advantages, token_rewards, whiten
from runtime.train.ppo.config import PPOConfig
from runtime.train.ppo.rollouts import Answers, Rollout

if TYPE_CHECKING:
    from torch import Tensor


def experience(
    answers: Answers,
    *,
    log_probs: "Tensor",
    values: "Tensor",
    reference: "Tensor",
    scores: "Tensor",
    args: PPOConfig,
    total: "Callable[[Tensor], Tensor]",
) -> tuple[Rollout, dict[str, float]]:
    """Return the rollout, and figures of it for the training curves.

    `log_probs`, `values` and `reference` (the reference's log-probabilities) are rows x tokens of the answers. `scores`
    has one number per answer. `total` sums a number over all processes.
    """
    mask = answers.mask
    log_probs, values, reference = log_probs * mask, values * mask, reference * mask
    rewards = token_rewards(scores, log_probs - reference, mask, args.kl_coef)
    if args.whiten_rewards:
        rewards = whiten(rewards, mask, keep_mean=True, total=total)
    advantages = generalised_advantages(rewards, values, mask, args.gamma, args.lam)
    # The actual return after each token, independent of the values.
    actual = generalised_advantages(rewards, values * 0, mask, args.gamma, 1.0)
    rollout = Rollout(
        input_ids=answers.input_ids,
        attention_mask=answers.attention_mask,
        mask=mask,
        log_probs=log_probs,
        values=values,
        advantages=whiten(advantages, mask, total=total),
        returns=advantages + values,
    )
    figures = {
        "reward": float(scores.mean()),
        "reward_std": float(scores.std(correction=0)),
        "kl": float((log_probs - reference).sum(1).mean()),
        "explained_variance": explained_variance(values, actual, mask),
        "completions/mean_length": float(mask.sum(1).float().mean()),
        "completions/clipped_ratio": 1 - float(answers.ended().float().mean()),
    }
    return rollout, figures
