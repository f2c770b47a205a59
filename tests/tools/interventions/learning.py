"""Training loops beyond supervised rows: preference pairs (DPO), and groups of samples with rewards (GRPO)."""

import copy
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from tools.interventions.answering import answers
from tools.interventions.training import IGNORED, Cost, Row, batch_of
from tools.interventions.words import Words
from torch.nn import functional
from transformers import LlamaForCausalLM

CLIP = 5.0  # GRPO: the largest size of an advantage


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A better and a worse answer to a prompt."""

    prompt: Words
    chosen: Words
    rejected: Words


def log_probabilities(model: LlamaForCausalLM, rows: Sequence[Row]) -> torch.Tensor:
    """The log probability of each row's answer, summed over its words."""
    tokens, labels, mask = batch_of(rows)
    logits = model(input_ids=tokens, attention_mask=mask).logits[:, :-1]
    taken = labels[:, 1:]
    each = -functional.cross_entropy(logits.transpose(1, 2), taken.clamp_min(0), reduction="none")
    return (each * (taken != IGNORED)).sum(1)


def dpo(
    model: LlamaForCausalLM, pairs: Sequence[Pair], *, steps: int, rate: float, beta: float, seed: int, cost: Cost
) -> LlamaForCausalLM:
    """Direct preference optimisation (arXiv 2305.18290) against the model itself as it was."""
    policy, before = copy.deepcopy(model), model
    optimizer = torch.optim.AdamW(policy.parameters(), lr=rate)
    rng = random.Random(f"dpo {seed}")
    for _ in range(steps):
        batch = rng.choices(list(pairs), k=32)
        rows = [Row(prompt=each.prompt, answer=each.chosen) for each in batch]
        rows += [Row(prompt=each.prompt, answer=each.rejected) for each in batch]
        with torch.no_grad():
            reference = log_probabilities(before, rows)
        now = log_probabilities(policy, rows) - reference
        loss = -functional.logsigmoid(beta * (now[: len(batch)] - now[len(batch) :])).mean()
        _step(policy, optimizer, loss)
        tokens = sum(len(row.prompt) + len(row.answer) + 1 for row in rows)
        cost.trained(policy, tokens)
        cost.sampled(before, tokens)
    return policy.eval()


def grpo(
    model: LlamaForCausalLM,
    prompts: Sequence[tuple[Words, Callable[[Words], float]]],
    *,
    steps: int,
    group: int,
    most: int,
    rate: float,
    seed: int,
    cost: Cost,
) -> LlamaForCausalLM:
    """Group-relative policy optimisation (arXiv 2402.03300), one gradient step for each sample, without a reference."""
    policy = copy.deepcopy(model)
    optimizer = torch.optim.AdamW(policy.parameters(), lr=rate)
    rng = random.Random(f"grpo {seed}")
    for step in range(steps):
        batch = rng.choices(list(prompts), k=16)
        found = answers(
            policy,
            [prompt for prompt, _ in batch],
            temperature=1.0,
            seed=seed * 10_000 + step,
            samples=group,
            most=most,
            cost=cost,
        )
        rewards = torch.tensor(
            [[reward(each) for each in texts] for (_, reward), texts in zip(batch, found, strict=True)]
        )
        spread = rewards.std(1, keepdim=True)
        advantages = ((rewards - rewards.mean(1, keepdim=True)) / (spread + 1e-4)).clamp(-CLIP, CLIP).flatten()
        if not bool((advantages != 0).any()):
            continue
        rows = [
            Row(prompt=prompt, answer=each) for (prompt, _), texts in zip(batch, found, strict=True) for each in texts
        ]
        policy.train()
        loss = -(advantages * log_probabilities(policy, rows)).mean()
        _step(policy, optimizer, loss)
        policy.eval()
        cost.trained(policy, sum(len(row.prompt) + len(row.answer) + 1 for row in rows))
    return policy.eval()


def _step(model: LlamaForCausalLM, optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
