"""The cost of one command: wall time, CPU time of all its processes, memory of the largest one."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What a run cost; `mebibytes` is the peak of its largest process."""

    seconds: float
    cpu_seconds: float
    mebibytes: float


def adopt_orphans() -> None:
    """Become the parent of processes whose own parent ends first, so that their CPU time is counted too."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def run(
    command: Sequence[str], *, limit: float, cwd: Path | None = None, env: dict[str, str] | None = None
) -> Cost | None:
    """Run the command to its end, output thrown away; None when it takes longer than `limit` seconds.

    RuntimeError when it fails: a figure of a failed run would mean nothing.
    """
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=cwd, env=env, start_new_session=True
    )
    try:
        status, usage = _wait(process.pid, limit)
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        _reap()
        process.returncode = -signal.SIGKILL
        return None
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    usages = [usage, *_reap()]
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return Cost(
        seconds=seconds,
        cpu_seconds=sum(each.ru_utime + each.ru_stime for each in usages),
        mebibytes=max(each.ru_maxrss for each in usages) / 1024,
    )


def _wait(pid: int, limit: float):  # type: ignore[no-untyped-def]
    """Poll a child at growing intervals; return its status and resource usage."""
    end, pause = time.monotonic() + limit, 0.0005
    while True:
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            return status, usage
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(pause)
        pause = min(pause * 1.2, 0.02)


def _reap():  # type: ignore[no-untyped-def]
    """Return the resource usage of all adopted processes."""
    usages = []
    while True:
        try:
            usages.append(os.wait4(-1, 0)[2])
        except ChildProcessError:
            return usages
