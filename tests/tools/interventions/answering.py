"""Answers of a small model: greedy or sampled, free or within a schema."""

from collections import defaultdict
from collections.abc import Sequence

import torch
from tools.interventions.training import Cost
from tools.interventions.words import END, LABELS, NUMBER, Words, numbers_of, words_of
from transformers import DynamicCache, LlamaForCausalLM

MOST = 3  # words of an answer without written steps
MOST_STEPS = 44
SCHEMA = [NUMBER[each] for each in LABELS]


@torch.inference_mode()
def answers(
    model: LlamaForCausalLM,
    prompts: Sequence[Words],
    *,
    temperature: float,
    seed: int,
    samples: int = 1,
    constrained: bool = False,
    most: int = MOST,
    cost: Cost | None = None,
) -> list[list[Words]]:
    """`samples` answers to each prompt, without their end; an answer that the limit cuts keeps its words."""
    draw = torch.Generator().manual_seed(seed)
    lengths: dict[int, list[int]] = defaultdict(list)
    for place, prompt in enumerate(prompts):
        lengths[len(prompt)].append(place)
    found: list[list[Words]] = [[] for _ in prompts]
    for _, places in sorted(lengths.items()):
        tokens = torch.tensor([numbers_of(prompts[place]) for place in places])
        made = _generate(model, tokens, temperature, draw, samples, constrained, most)
        if cost is not None:
            cost.sampled(model, tokens.numel() + made.numel())
        for at, place in enumerate(places):
            found[place] = [words_of(row) for row in made[at * samples : (at + 1) * samples].tolist()]
    return found


def _generate(
    model: LlamaForCausalLM,
    tokens: torch.Tensor,
    temperature: float,
    draw: torch.Generator,
    samples: int,
    constrained: bool,
    most: int,
) -> torch.Tensor:
    out = model(input_ids=tokens, past_key_values=DynamicCache(), use_cache=True)
    cache, logits = out.past_key_values, out.logits[:, -1].repeat_interleave(samples, 0)
    cache.batch_repeat_interleave(samples)
    made, done = [], torch.zeros(len(logits), dtype=torch.bool)
    for step in range(most):
        if constrained:
            kept = SCHEMA if step == 0 else [NUMBER[END]]
            barred = torch.full_like(logits, float("-inf"))
            barred[:, kept] = logits[:, kept]
            logits = barred
        if temperature > 0:
            word = torch.multinomial((logits / temperature).softmax(-1), 1, generator=draw)[:, 0]
        else:
            word = logits.argmax(-1)
        word = torch.where(done, NUMBER[END], word)
        made.append(word)
        done |= word == NUMBER[END]
        if bool(done.all()) or step == most - 1:
            break
        out = model(input_ids=word[:, None], past_key_values=cache, use_cache=True)
        cache, logits = out.past_key_values, out.logits[:, -1]
    return torch.stack(made, 1)


def final(answer: Words) -> str:
    """What the metric reads: the words after the last full stop, which ends written steps."""
    if "." in answer[:-1]:
        answer = answer[len(answer) - answer[::-1].index(".") :]
    return " ".join(answer)
