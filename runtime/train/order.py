"""The order in which rows are seen: that of the seed and the epoch, so that a resumed run goes on in it."""

from typing import Any

import torch


def take_up_order(dataloader: Any, epoch: int) -> None:
    """Let the sampler of `dataloader` begin `epoch` (from 0) as it does in a run that was never stopped.

    TRL's sampler of prompts (GRPO, distillation) draws each epoch's order from one generator, which a resumed run would
    begin anew: its second epoch would have the order of the first.
    """
    sampler = _innermost(dataloader)
    if hasattr(sampler, "set_epoch"):
        sampler.set_epoch(epoch)
    elif hasattr(sampler, "mini_repeat_count") and sampler.shuffle:
        sampler.generator.manual_seed(sampler.seed)
        for _ in range(epoch):
            torch.randperm(sampler.num_samples, generator=sampler.generator)


def _innermost(dataloader: Any) -> Any:
    batches: Any = getattr(dataloader, "batch_sampler", None)
    while hasattr(batches, "batch_sampler"):  # one layer shares batches out to processes, one skips those of a resume
        batches = batches.batch_sampler
    return getattr(batches, "sampler", None)
