"""Batched greedy generation: rows sorted by length, so that a batch holds little padding."""

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from runtime.answer_log import AnswerLog
from runtime.config.blocks import GenerationBlock
from runtime.context import StageContext
from runtime.errors import StageError
from runtime.formats import Row

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def generate_answers(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    rows: Sequence[Row],
    settings: GenerationBlock,
    log: AnswerLog,
    context: StageContext,
) -> list[str]:
    """Return the greedy answer to each row's prompt, in the order of `rows`; RUN740 if a stop is asked for.

    Batches that `log` holds already are not answered again: their make-up depends on the config alone.
    """
    import torch

    model.train(False)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    prompts = [prompt_ids(tokenizer, row["prompt"]) for row in rows]
    # Longest first: what memory is needed is needed at once, not after an hour.
    order = sorted(range(len(prompts)), key=lambda index: (-len(prompts[index]), index))
    batches = [order[start : start + settings.batch_size] for start in range(0, len(order), settings.batch_size)]
    finished = log.start()
    for batch in batches[len(finished) :]:
        if context.stop.is_set:
            raise StageError(
                "RUN740", f"stopped by {context.stop.signal_name}", "run the stage again: it goes on from there"
            )
        with torch.inference_mode():
            texts = generate_batch(model, tokenizer, [prompts[index] for index in batch], settings.max_new_tokens)
        log.append(texts)
        finished.append(texts)
        context.events.emit("progress", done=sum(map(len, finished)), total=len(order))
    by_index = dict(zip(order, chain.from_iterable(finished), strict=True))
    return [by_index[index] for index in range(len(prompts))]


def prompt_ids(tokenizer: "PreTrainedTokenizerBase", prompt: str | list[dict[str, str]]) -> list[int]:
    """Return the tokens of a prompt: of the text as it is, or of turns in the chat template, up to the answer."""
    if isinstance(prompt, str):
        ids: list[int] = tokenizer(prompt)["input_ids"]
        return ids
    encoded: Any = tokenizer.apply_chat_template(prompt, add_generation_prompt=True, tokenize=True, return_dict=True)
    return list(encoded["input_ids"])


def generate_batch(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    prompts: list[list[int]],
    max_new_tokens: int,
    temperature: float = 0.0,
) -> list[str]:
    """Return the decoded answers to `prompts` (token ids), padded on the left into one tensor of batch x longest.

    Greedy at temperature 0; else sampled from the model's whole distribution, by torch's global generator.
    """
    import torch
    from transformers import GenerationConfig

    width = max(map(len, prompts))
    pad = tokenizer.pad_token_id
    ids = torch.tensor([[pad] * (width - len(prompt)) + prompt for prompt in prompts], device=model.device)
    mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=model.device)
    sampling: dict[str, Any] = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0}
    # Not the model's own generation settings: a repetition penalty or a top-k there would be another distribution.
    settings = GenerationConfig(
        max_new_tokens=max_new_tokens,
        **(sampling if temperature > 0 else {"do_sample": False}),
        pad_token_id=pad,
        eos_token_id=model.generation_config.eos_token_id or tokenizer.eos_token_id,
    )
    generator: Any = model
    output = generator.generate(input_ids=ids, attention_mask=mask, generation_config=settings)
    texts: list[str] = tokenizer.batch_decode(output[:, width:], skip_special_tokens=True)
    return texts
