"""A rehearsal of what a trainer makes of its settings only after the model is loaded: optimiser, schedule, batches."""

from typing import Any


def rehearse(args: Any) -> None:
    """Make the optimiser, its schedule and a loader of batches for a single parameter.

    Raises the error of the library whose settings do not work. Optimisers that need the model's own modules are left
    to the trainer.
    """
    import torch
    from torch.utils.data import DataLoader
    from transformers import Trainer
    from transformers.optimization import get_scheduler

    weight = torch.nn.Parameter(torch.zeros(2, 2))
    steps = max(1, args.max_steps)
    if not str(args.optim).split(".")[-1].lower().startswith(("galore", "apollo", "lomo", "adalomo")):
        kind, settings = Trainer.get_optimizer_cls_and_kwargs(args)
        optimizer = kind([weight], **settings)
    else:
        optimizer = torch.optim.SGD([weight], lr=args.learning_rate)
    get_scheduler(
        args.lr_scheduler_type,
        optimizer=optimizer,
        num_warmup_steps=args.get_warmup_steps(steps),
        num_training_steps=steps,
        scheduler_specific_kwargs=dict(args.lr_scheduler_kwargs or {}),
    )
    DataLoader(
        [0],
        num_workers=args.dataloader_num_workers,
        persistent_workers=args.dataloader_persistent_workers,
        prefetch_factor=args.dataloader_prefetch_factor,
        multiprocessing_context=args.dataloader_multiprocessing_context,
    )
