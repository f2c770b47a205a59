"""Sampled answers, and the rollout made of them, which also goes into checkpoints."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.data import Sampler
from transformers import GenerationConfig

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """Sampled answers, one per row.

    `input_ids` and `attention_mask` are rows x (prompt + answer), prompts padded on the left and answers on the right.
    `mask` (rows x answer) is 1 for each token of the answer, including its end token. `ends` are the end tokens.
    """

    input_ids: "Tensor"
    attention_mask: "Tensor"
    mask: "Tensor"
    ends: Sequence[int]

    def ended(self) -> "Tensor":
        """Return whether each answer has an end token, and was not cut at the maximum length."""
        answers = self.input_ids[:, -self.mask.shape[1] :]
        last = answers.gather(1, self.mask.sum(1, keepdim=True) - 1).squeeze(1)
        return torch.isin(last, torch.tensor(list(self.ends), device=last.device))

    def completion_ids(self) -> list[list[int]]:
        """Return the tokens of each answer."""
        answers = self.input_ids[:, -self.mask.shape[1] :]
        return [ids[:length].tolist() for ids, length in zip(answers, self.mask.sum(1).tolist(), strict=True)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rollout:
    """Sampled answers with the figures of each token (rows x answer) at the time of sampling.

    The figures are the log-probability of the token under the sampling policy, the value before it, its advantage, and
    the return as the target of the values. All are 0 after an answer's end.
    """

    input_ids: "Tensor"
    attention_mask: "Tensor"
    mask: "Tensor"
    log_probs: "Tensor"
    values: "Tensor"
    advantages: "Tensor"
    returns: "Tensor"

    def rows(self, indices: "Tensor") -> "Rollout":
        """Return these rows, without the columns at either side that are padding in all of them."""
        mask, attention = self.mask[indices], self.attention_mask[indices]
        width = attention.shape[1] - mask.shape[1]
        first, length = int(attention[:, :width].any(0).int().argmax()), int(mask.sum(1).max())
        whole, answer = slice(first, width + length), slice(0, length)
        cut = {name: whole if name in ("input_ids", "attention_mask") else answer for name in self.tensors()}
        return Rollout(**{name: tensor[indices][:, cut[name]] for name, tensor in self.tensors().items()})

    def tensors(self) -> dict[str, "Tensor"]:
        """Return all parts by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


class RolloutSampler(Sampler[int]):  # type: ignore[misc]
    """Yields the rows of each rollout `repeats` times.

    The trainer requests as many batches on one rollout. An epoch contains every row once; rows in another order fill
    its last rollout. The order depends on the seed and the epoch alone, so that a resumed run keeps it.
    """

    def __init__(self, *, rows: int, size: int, repeats: int, seed: int) -> None:
        self._rows, self._size, self._repeats, self._seed = rows, size, repeats, seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch of the next order; the trainer's loop calls this before each epoch."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._rollouts * self._size * self._repeats

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self._seed + self._epoch)
        order: list[int] = []
        while len(order) < self._rollouts * self._size:
            order += torch.randperm(self._rows, generator=generator).tolist()
        for start in range(0, self._rollouts * self._size, self._size):
            for _ in range(self._repeats):
                yield from order[start : start + self._size]

    @property
    def _rollouts(self) -> int:
        return -(-self._rows // self._size)


def sample_answers(
    model: "PreTrainedModel",
    prompts: Sequence[Sequence[int]],
    *,
    pad: int,
    ends: Sequence[int],
    length: int,
    temperature: float,
) -> Answers:
    """Sample one answer of at most `length` tokens to each prompt.

    Uses torch's global generator. An answer includes its end token, the first of `ends`, because the policy chose it.
    """
    width = max(map(len, prompts))
    prompt_ids = torch.tensor([[pad] * (width - len(each)) + list(each) for each in prompts], device=model.device)
    prompt_mask = torch.tensor([[0] * (width - len(each)) + [1] * len(each) for each in prompts], device=model.device)
    settings = GenerationConfig(
        max_new_tokens=length, do_sample=True, temperature=temperature, top_k=0, top_p=1.0, use_cache=True,
        pad_token_id=pad, eos_token_id=list(ends),
    )  # fmt: skip
    generator: Any = model
    with _without_generation_settings(model):
        ids = generator.generate(input_ids=prompt_ids, attention_mask=prompt_mask, generation_config=settings)
    answers = ids[:, width:]
    ended = torch.isin(answers, torch.tensor(list(ends), device=model.device))
    # The padding token cannot mark the end: many tokenizers use the end token for padding.
    mask = (ended.cumsum(1) - ended.int() == 0).long()
    return Answers(input_ids=ids, attention_mask=torch.cat([prompt_mask, mask], dim=1), mask=mask, ends=ends)


@contextmanager
def _without_generation_settings(model: "PreTrainedModel") -> Iterator[None]:
    """Remove the model's generation settings for a while.

    A repetition penalty would sample from another policy.
    """
    own = model.generation_config
    model.generation_config = GenerationConfig()
    try:
        yield
    finally:
        model.generation_config = own
