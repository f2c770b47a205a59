"""Collective operations of the processes of a stage; with one process they return their argument."""

import sys
from typing import Any, TypeVar

Value = TypeVar("Value")


def any_rank(flag: bool) -> bool:
    """Return whether `flag` is set in any process; all processes must call it."""
    if not _several():
        return flag
    import torch

    tensor = torch.tensor([int(flag)], device=_device())
    torch.distributed.all_reduce(tensor, torch.distributed.ReduceOp.MAX)
    return bool(tensor.item())


def from_rank_zero(value: Value) -> Value:
    """Return the first process's `value`; all processes must call it."""
    if not _several():
        return value
    import torch

    box: list[Any] = [value]
    torch.distributed.broadcast_object_list(box, src=0, device=_device())
    shared: Value = box[0]
    return shared


def wait_for_all() -> None:
    """Return when all processes have called it."""
    any_rank(False)


def leave() -> None:
    """Destroy the process group: without this, the libraries of the other processes log errors."""
    if _several():
        import torch

        torch.distributed.destroy_process_group()


def _several() -> bool:
    # A stage that never imported torch does not train, so it has one process.
    torch: Any = sys.modules.get("torch")
    return torch is not None and torch.distributed.is_available() and bool(torch.distributed.is_initialized())


def _device() -> Any:
    from accelerate import PartialState

    return PartialState().device
