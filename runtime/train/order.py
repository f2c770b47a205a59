"""The order of rows in an epoch, which a resumed run keeps."""

from typing import Any

import torch


def set_epoch_order(dataloader: Any, epoch: int) -> None:
    """Set the sampler of `dataloader` to `epoch` (from 0), as in a run that was never stopped.

    TRL's sampler of prompts (GRPO, distillation) draws the orders of all epochs from one generator, which a resumed run
    would restart: its second epoch would have the order of the first.
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
    while hasattr(batches, "batch_sampler"):  # wrappers distribute batches to processes and skip batches on a resume
        batches = batches.batch_sampler
    return getattr(batches, "sampler", None)
