"""Small plain training loops: supervised rows, preference pairs, and groups of samples with rewards."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from tools.interventions.words import END, Words, numbers_of
from torch.nn import functional
from transformers import LlamaForCausalLM

IGNORED = -100


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A prompt with its answer; the loss is that of the answer, and with `whole_loss` of the prompt too."""

    prompt: Words
    answer: Words
    whole_loss: bool = False


@dataclass(slots=True)
class Cost:
    """Floating-point operations of training and sampling: six and two for each parameter and token."""

    flops: float = 0.0

    def trained(self, model: LlamaForCausalLM, tokens: int) -> None:
        self.flops += 6.0 * parameters(model) * tokens

    def sampled(self, model: LlamaForCausalLM, tokens: int) -> None:
        self.flops += 2.0 * parameters(model) * tokens


def parameters(model: LlamaForCausalLM) -> int:
    return sum(each.numel() for each in model.parameters())


def batch_of(rows: Sequence[Row]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Token numbers, labels and mask; padded on the right."""
    tokens, labels = [], []
    for row in rows:
        prompt, answer = numbers_of(row.prompt), numbers_of((*row.answer, END))
        tokens.append(prompt + answer)
        labels.append((prompt if row.whole_loss else [IGNORED] * len(prompt)) + answer)
    longest = max(map(len, tokens))
    padded = [each + [0] * (longest - len(each)) for each in tokens]
    marked = [each + [IGNORED] * (longest - len(each)) for each in labels]
    mask = [[1] * len(each) + [0] * (longest - len(each)) for each in tokens]
    return torch.tensor(padded), torch.tensor(marked), torch.tensor(mask)


def fit(
    model: LlamaForCausalLM,
    draw: Callable[[], list[Row]],
    *,
    steps: int,
    rate: float,
    seed: int,
    cost: Cost | None = None,
) -> float:
    """Train on batches of rows; the rate warms up and decays by a cosine. Returns the last losses' mean."""
    torch.manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01, betas=(0.9, 0.98))
    model.train()
    losses: list[float] = []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * _schedule(step, steps)
        tokens, labels, mask = batch_of(draw())
        logits = model(input_ids=tokens, attention_mask=mask).logits
        loss = functional.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORED)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        if cost is not None:
            cost.trained(model, int(mask.sum()))
    model.eval()
    return math.fsum(losses[-20:]) / len(losses[-20:])


def _schedule(step: int, steps: int) -> float:
    warm = min(50, max(1, steps // 10))
    return (step + 1) / warm if step < warm else 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps))


def epochs(rows: Sequence[Row], size: int, seed: int) -> Callable[[], list[Row]]:
    """Batches over shuffled rows, again and again."""
    rng, queue = random.Random(f"epochs {seed}"), []

    def draw() -> list[Row]:
        while len(queue) < size:
            queue.extend(rng.sample(list(rows), len(rows)))
        taken, queue[:] = queue[:size], queue[size:]
        return taken

    return draw
