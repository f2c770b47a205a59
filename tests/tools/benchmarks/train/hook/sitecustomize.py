"""Measures whatever trains with `transformers.Trainer`, unchanged: Python imports this module when it starts.

With `BENCH_WATCH` set to a path, each process that trains writes there, at the end of training, what each step took and
held. The clock of a step is read when the step has ended, so the time of warm-up steps can be left out.
"""

import importlib.abc
import importlib.machinery
import json
import os
import resource
import sys
import time
from collections.abc import Mapping
from typing import Any

WATCHED = "transformers.trainer"


class Watch(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Lets `transformers.trainer` load as it always does, then hooks into it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._spec: Any = None

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name != WATCHED:
            return None
        sys.meta_path.remove(self)
        self._spec = importlib.machinery.PathFinder.find_spec(name, path)
        return importlib.machinery.ModuleSpec(name, self, origin=self._spec.origin)

    def create_module(self, spec: Any) -> Any:
        return None

    def exec_module(self, module: Any) -> None:
        module.__spec__ = self._spec
        self._spec.loader.exec_module(module)
        watch_trainer(module, self._path)


def counts(torch: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What a batch holds: tokens that are not padding, positions with padding, squares of the rows' lengths.

    Tensors, read only when the step has ended: to read them here would make a GPU wait.
    """
    ids, mask, bounds = inputs["input_ids"], inputs.get("attention_mask"), inputs.get("cu_seq_lens_q")
    if mask is not None:
        lengths = (mask != 0).sum(dim=-1)
    elif bounds is not None:  # rows that follow each other without padding
        lengths = bounds.diff()
    else:
        lengths = torch.tensor([ids.shape[-1]] * ids.shape[0])
    lengths = lengths.long()
    return {"tokens": lengths.sum(), "positions": ids.numel(), "squares": (lengths * lengths).sum()}


def watch_trainer(module: Any, path: str) -> None:
    """Count the tokens of each batch, and note the end of each step."""
    batches: list[dict[str, Any]] = []
    training_step = module.Trainer.training_step

    def counted(self: Any, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        # GRPO's batch is of prompts: what it samples is not known yet, and TRL's own count is taken from the log.
        if isinstance(inputs, Mapping) and "input_ids" in inputs:
            batches.append(counts(module.torch, inputs))
        return training_step(self, model, inputs, *args, **kwargs)

    module.Trainer.training_step = counted

    class Clock(module.TrainerCallback):  # type: ignore[name-defined,misc]
        """Notes when a step ended, and what was logged for it."""

        def __init__(self) -> None:
            self.steps: list[dict[str, Any]] = []
            self.logs: list[dict[str, Any]] = []

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if module.torch.cuda.is_available():
                module.torch.cuda.synchronize()
            ended = time.perf_counter()
            summed = {name: sum(int(batch[name]) for batch in batches) for name in ("tokens", "positions", "squares")}
            self.steps.append({"step": state.global_step, "ended": ended, **summed})
            batches.clear()

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            figures = {name: value for name, value in (logs or {}).items() if isinstance(value, int | float)}
            self.logs.append({"step": state.global_step, **figures})

        def on_train_end(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
            cuda = module.torch.cuda
            report = {
                "steps": self.steps,
                "logs": self.logs,
                "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "peak_cuda_mib": cuda.max_memory_allocated() / 2**20 if cuda.is_available() else None,
                "bf16": bool(args.bf16),
                "dtype": str(model.dtype),
                "gradient_checkpointing": bool(args.gradient_checkpointing),
                "threads": module.torch.get_num_threads(),
                "torch": module.torch.__version__,
            }
            with open(f"{path}.tmp", "w", encoding="utf-8") as stream:
                json.dump(report, stream)
            os.replace(f"{path}.tmp", path)

    module.DEFAULT_CALLBACKS.append(Clock)


if watched := os.environ.get("BENCH_WATCH"):
    sys.meta_path.insert(0, Watch(watched))
