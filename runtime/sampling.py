"""Sampled answers: several to each prompt, in batches that have seeds of their own, so that a stop changes nothing."""

import hashlib
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from runtime.answer_log import AnswerLog
from runtime.context import StageContext
from runtime.errors import StageError
from runtime.generate import generate_batch, prompt_ids
from runtime.questions import Prompt

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def sample_answers(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    prompts: Sequence[Prompt],
    *,
    samples: int,
    temperature: float,
    max_new_tokens: int,
    batch_size: int,
    seed: int,
    context: StageContext,
) -> list[list[str]]:
    """Return `samples` answers to each prompt, in the order of `prompts`; RUN740 if a stop is asked for.

    A batch holds all samples of as many prompts as fit into `batch_size` answers (at least one prompt), and is seeded
    by its number: a run that goes on after a stop answers as an undisturbed one.
    """
    import torch

    model.train(False)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    ids = [prompt_ids(tokenizer, prompt) for prompt in prompts]
    # Longest first: what memory is needed is needed at once, not after an hour.
    order = sorted(range(len(ids)), key=lambda index: (-len(ids[index]), index))
    width = max(1, batch_size // samples)
    batches = [order[start : start + width] for start in range(0, len(order), width)]
    log = AnswerLog(context.folder, context.config_sha256)
    finished = log.start()
    for number in range(len(finished), len(batches)):
        if context.stop.is_set:
            message = f"stopped by {context.stop.signal_name}"
            raise StageError("RUN740", message, "run the stage again: it goes on from there")
        torch.manual_seed(seed_of(seed, number))
        repeated = [ids[index] for index in batches[number] for _ in range(samples)]
        with torch.inference_mode():
            texts = generate_batch(model, tokenizer, repeated, max_new_tokens, temperature)
        log.append(texts)
        finished.append(texts)
        context.events.emit("progress", done=sum(map(len, finished)), total=samples * len(order))
    answers = list(chain.from_iterable(finished))
    by_index = {index: answers[at * samples : (at + 1) * samples] for at, index in enumerate(order)}
    return [by_index[index] for index in range(len(ids))]


def seed_of(seed: int, *numbers: int) -> int:
    """Return a seed of 31 bits for one batch or request, which differs from those of all neighbours."""
    digest = hashlib.sha256(" ".join(map(str, (seed, *numbers))).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
