"""Batched generation, with rows sorted by length so that batches have little padding."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from runtime.contract.blocks import AnswerBlock
from runtime.contract.errors import StageError
from runtime.model.prefill import padded, prefilled, shared_length
from runtime.model.stops import stops_of
from runtime.stage.answer_log import AnswerLog
from runtime.stage.context import StageContext
from runtime.stage.seeds import seed_of

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An answer's text and its costs.

    `tokens` includes the end token; `is_cut` means that the answer reached `max_new_tokens` without one. `seconds` is
    the time from the start of the batch to the answer's last token.
    """

    text: str
    prompt_tokens: int
    tokens: int
    is_cut: bool
    seconds: float


def generate_answers(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    prompts: Sequence[list[int]],
    settings: AnswerBlock,
    log: AnswerLog,
    context: StageContext,
    *,
    seed: int,
) -> list[Answer]:
    """Return the answer to each prompt (token ids), in order; RUN740 on a stop request.

    Batches in `log` are not generated again; their composition depends on the config alone. The seed of a sampled batch
    depends on its number, so that a resumed run gives the same answers.
    """
    import torch

    model.train(False)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    # Longest first: a lack of memory shows at once, not after an hour.
    order = sorted(range(len(prompts)), key=lambda index: (-len(prompts[index]), index))
    batches = [order[start : start + settings.batch_size] for start in range(0, len(order), settings.batch_size)]
    finished = [[Answer(**record) for record in batch] for batch in log.start()]
    for number, batch in enumerate(batches[len(finished) :], start=len(finished)):
        if context.stop.is_set:
            message = f"stopped by {context.stop.signal_name}"
            raise StageError("RUN740", message, "run the stage again: it resumes from there")
        torch.manual_seed(seed_of(seed, number))
        ids = [prompts[index] for index in batch]
        with torch.inference_mode():
            answers = answer_batch(model, tokenizer, ids, settings.max_new_tokens, settings.temperature)
        log.append([asdict(answer) for answer in answers])
        finished.append(answers)
        context.events.emit("progress", done=sum(map(len, finished)), total=len(order))
    by_index = dict(zip(order, chain.from_iterable(finished), strict=True))
    return [by_index[index] for index in range(len(prompts))]


def generate_batch(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    prompts: list[list[int]],
    max_new_tokens: int,
    temperature: float = 0.0,
) -> list[str]:
    """Return only the texts of `answer_batch`."""
    return [answer.text for answer in answer_batch(model, tokenizer, prompts, max_new_tokens, temperature)]


def answer_batch(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    prompts: list[list[int]],
    max_new_tokens: int,
    temperature: float = 0.0,
) -> list[Answer]:
    """Return the answers to `prompts` (token ids), generated as one batch; what they share is computed once.

    Greedy at temperature 0; otherwise sampled from the model's whole distribution with torch's global generator.
    """
    import torch
    from transformers import GenerationConfig, StoppingCriteriaList

    pad, shared = tokenizer.pad_token_id, shared_length(model, prompts)
    rows, seen = padded(prompts, shared, pad)
    ids, mask = torch.tensor(rows, device=model.device), torch.tensor(seen, device=model.device)
    ends = stops_of(model, tokenizer)
    sampling: dict[str, Any] = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0}
    # Ignore the model's generation settings: a repetition penalty or a top-k would change the distribution.
    settings = GenerationConfig(
        max_new_tokens=max_new_tokens,
        **(sampling if temperature > 0 else {"do_sample": False}),
        pad_token_id=pad,
        eos_token_id=ends,
    )
    steps = _StepTimes()
    cache = prefilled(model, ids, mask, shared)
    generator: Any = model
    output = generator.generate(
        input_ids=ids,
        attention_mask=mask,
        generation_config=settings,
        stopping_criteria=StoppingCriteriaList([steps]),
        **({} if cache is None else {"past_key_values": cache}),
    )
    written: list[list[int]] = output[:, ids.shape[1] :].tolist()
    lengths = [_length(tokens, ends) for tokens in written]
    # Without the end token: a model may stop at one that its tokenizer does not call special, and would write.
    read = [tokens[: count if is_cut else count - 1] for tokens, (count, is_cut) in zip(written, lengths, strict=True)]
    texts: list[str] = tokenizer.batch_decode(read, skip_special_tokens=True)
    return [
        Answer(text=text, prompt_tokens=len(prompt), tokens=count, is_cut=is_cut, seconds=steps.seconds(count))
        for prompt, text, (count, is_cut) in zip(prompts, texts, lengths, strict=True)
    ]


class _StepTimes:
    """A stopping criterion that never stops, and records the time of each token of a batch."""

    def __init__(self) -> None:
        self._started, self._times = time.perf_counter(), list[float]()

    def __call__(self, ids: "torch.Tensor", scores: object, **_: object) -> "torch.Tensor":
        import torch

        self._times.append(time.perf_counter())
        return torch.zeros(len(ids), dtype=torch.bool, device=ids.device)

    def seconds(self, tokens: int) -> float:
        """Return the seconds from the start to token number `tokens`."""
        return round(self._times[tokens - 1] - self._started, 4)


def _length(tokens: list[int], ends: Sequence[int]) -> tuple[int, bool]:
    """Return the number of tokens up to the end token, and whether that token is missing.

    Padding follows the end token.
    """
    end = next((at for at, token in enumerate(tokens, start=1) if token in ends), None)
    return (len(tokens), True) if end is None else (end, False)
