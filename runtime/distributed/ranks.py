"""What processes that train together must agree on; with one process, each of these is the value itself."""

import sys
from typing import Any, TypeVar

Value = TypeVar("Value")


def any_rank(flag: bool) -> bool:
    """Tell all processes whether `flag` is set in at least one of them. All must call it."""
    if not _several():
        return flag
    import torch

    tensor = torch.tensor([int(flag)], device=_device())
    torch.distributed.all_reduce(tensor, torch.distributed.ReduceOp.MAX)
    return bool(tensor.item())


def from_rank_zero(value: Value) -> Value:
    """Return the first process's `value` in all of them. All must call it."""
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
    """Part from the other processes in order: a process that just ends makes the others' libraries complain."""
    if _several():
        import torch

        torch.distributed.destroy_process_group()


def _several() -> bool:
    # A stage that never imported torch does not train, and so is alone.
    torch: Any = sys.modules.get("torch")
    return torch is not None and torch.distributed.is_available() and bool(torch.distributed.is_initialized())


def _device() -> Any:
    from accelerate import PartialState

    return PartialState().device
