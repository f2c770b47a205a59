"""The arithmetic of PPO, compared with slow references for one answer from the papers' formulas."""

import math
import random

import pytest

torch = pytest.importorskip("torch")

from runtime.train.ppo.advantages import (  # noqa: E402
    explained_variance,
    generalised_advantages,
    policy_losses,
    token_rewards,
    value_losses,
    whiten,
)

LENGTHS = (5, 1, 3, 7)


def padded(rows: list[list[float]]) -> "torch.Tensor":
    width = max(map(len, rows))
    return torch.tensor([row + [0.0] * (width - len(row)) for row in rows])


MASK = padded([[1.0] * length for length in LENGTHS]).long()


def numbers(seed: int) -> list[list[float]]:
    chance = random.Random(seed)
    return [[chance.uniform(-1, 1) for _ in range(length)] for length in LENGTHS]


def assert_rows(found: "torch.Tensor", expected: list[list[float]]) -> None:
    torch.testing.assert_close(found, padded(expected), atol=1e-5, rtol=1e-5)


def test_an_answers_rewards_sum_to_its_score_less_its_divergence() -> None:
    scores, ratios = [0.5, -1.0, 2.0, 0.0], numbers(1)
    rewards = token_rewards(torch.tensor(scores), padded(ratios), MASK, 0.3)
    expected = [
        [-0.3 * ratio for ratio in row[:-1]] + [score - 0.3 * row[-1]]
        for row, score in zip(ratios, scores, strict=True)
    ]
    assert_rows(rewards, expected)
    torch.testing.assert_close(rewards.sum(1), torch.tensor(scores) - 0.3 * padded(ratios).sum(1))


@pytest.mark.parametrize(("gamma", "lam"), [(1.0, 0.95), (0.9, 0.5), (1.0, 1.0), (0.99, 0.0)])
def test_advantages_are_the_weighted_sum_of_surprises(gamma: float, lam: float) -> None:
    rewards, values = numbers(2), numbers(3)

    def advantage(reward: list[float], value: list[float], at: int) -> float:
        after = [*value[1:], 0.0]  # the answer is over
        surprises = [reward[t] + gamma * after[t] - value[t] for t in range(len(reward))]
        return sum((gamma * lam) ** (t - at) * surprises[t] for t in range(at, len(reward)))

    expected = [[advantage(r, v, at) for at in range(len(r))] for r, v in zip(rewards, values, strict=True)]
    assert_rows(generalised_advantages(padded(rewards), padded(values), MASK, gamma, lam), expected)


def test_with_lambda_one_values_only_shift_the_returns() -> None:
    rewards, values = numbers(4), numbers(5)
    found = generalised_advantages(padded(rewards), padded(values), MASK, 1.0, 1.0) + padded(values)
    assert_rows(found, [[sum(row[at:]) for at in range(len(row))] for row in rewards])


def test_the_policy_loss_is_the_papers_clipped_objective() -> None:
    new, old, advantages = numbers(6), numbers(7), numbers(8)

    def objective(new: float, old: float, advantage: float) -> float:
        ratio = math.exp(new - old)
        return min(ratio * advantage, max(0.8, min(1.2, ratio)) * advantage)

    expected = [
        [-objective(*token) for token in zip(*rows, strict=True)] for rows in zip(new, old, advantages, strict=True)
    ]
    losses, is_clipped = policy_losses(padded(new), padded(old), padded(advantages), 0.2)
    assert_rows(losses, expected)
    # clipped where the ratio has left the range on the side that the advantage pulls it to
    ratios = torch.exp(padded(new) - padded(old))
    outside = ((padded(advantages) > 0) & (ratios > 1.2)) | ((padded(advantages) < 0) & (ratios < 0.8))
    assert torch.equal(is_clipped, outside)
    assert 0 < int(is_clipped.sum()) < sum(LENGTHS)


def test_a_clipped_token_has_no_gradient() -> None:
    new = torch.tensor([[0.5, 0.5, -0.5]], requires_grad=True)
    losses, is_clipped = policy_losses(new, torch.zeros(1, 3), torch.tensor([[1.0, -1.0, -1.0]]), 0.2)
    losses.sum().backward()
    assert is_clipped.tolist() == [[True, False, True]]
    assert new.grad is not None
    assert new.grad.tolist() == [[0.0, pytest.approx(math.exp(0.5)), 0.0]]


def test_the_value_loss_takes_the_worse_of_plain_and_clipped() -> None:
    new, old, returns = numbers(9), numbers(10), numbers(11)

    def loss(new: float, old: float, followed: float) -> float:
        clipped = max(old - 0.2, min(old + 0.2, new))
        return 0.5 * max((new - followed) ** 2, (clipped - followed) ** 2)

    expected = [[loss(*token) for token in zip(*rows, strict=True)] for rows in zip(new, old, returns, strict=True)]
    assert_rows(value_losses(padded(new), padded(old), padded(returns), 0.2), expected)


def test_whitening_counts_the_tokens_and_not_the_padding() -> None:
    tensor = padded(numbers(12)) * 3 + 2 * MASK
    inside = MASK.bool()
    plain = whiten(tensor, MASK)
    assert float(plain[inside].mean()) == pytest.approx(0, abs=1e-6)
    assert float(plain[inside].std()) == pytest.approx(1, abs=1e-5)
    assert not plain[~inside].any()
    assert float(whiten(tensor, MASK, keep_mean=True)[inside].mean()) == pytest.approx(
        float(tensor[inside].mean()), abs=1e-6
    )
    # one token alone, or tokens that are all alike, say nothing
    assert whiten(torch.tensor([[2.0]]), torch.ones(1, 1)).tolist() == [[0.0]]
    assert not whiten(torch.full((2, 3), 5.0), torch.ones(2, 3)).any()


def test_explained_variance() -> None:
    returns = padded(numbers(13))
    assert explained_variance(returns, returns, MASK) == pytest.approx(1)
    assert explained_variance(torch.full_like(returns, 7.0), returns, MASK) == pytest.approx(0, abs=1e-5)
    assert explained_variance(-returns, returns, MASK) < 0
    assert explained_variance(returns, torch.ones_like(returns), MASK) == 0
