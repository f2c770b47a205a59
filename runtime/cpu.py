"""What makes the pinned libraries fast on a CPU, each with what it saved on two cores with a 135 M model."""

import ctypes
import sys
from pathlib import Path

_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4


def keep_freed_memory() -> None:
    """Let malloc keep large freed blocks: else each step faults the same pages in again (half of the system time)."""
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # not in every libc
    if mallopt is not None:
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


def score_only_labelled_positions() -> None:
    """Let TRL's loss skip the prompt's positions, as it does on a GPU (a fifth of a step where completions are short).

    TRL scores all positions off the GPU, because there each new shape would be compiled; on a CPU nothing is compiled.
    """
    from trl.trainer import utils

    # `_use_triton` decides this and nothing else in that module; a test sees to it that the name is there.
    utils._use_triton = lambda device: True


def has_fast_bfloat16() -> bool:
    """Tell whether the CPU multiplies bfloat16 matrices in hardware (AMX): there mixed precision halves a step."""
    try:
        return " amx_bf16" in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
