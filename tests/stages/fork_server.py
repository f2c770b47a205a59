"""A process that has imported the training libraries once, and forks a process for each stage that a test runs.

An import of these libraries takes longer than a stage of the tiny model. A forked stage is a process of its own: signals,
kills and exit codes are those of `python -m runtime`.

Reads requests from the socket that is its stdin, each JSON with the descriptors of stdout, stderr and a report. Writes
the stage's process id to the report, then its wait status.
"""

import atexit
import json
import os
import random
import signal
import socket
import sys
import threading
from typing import Any

REQUEST_BYTES = 1 << 20


def preload() -> None:
    """Import what the stages import; start no thread, because a fork has only the thread that forks."""
    from runtime.stage.libraries import prepare_libraries

    prepare_libraries()
    import datasets
    import peft
    import trl
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

    loaded = [datasets.Dataset, peft.LoraConfig, AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM]
    loaded += [trl.SFTTrainer, trl.DPOTrainer, trl.KTOTrainer, trl.RewardTrainer, trl.GRPOTrainer]
    assert all(loaded)
    assert threading.active_count() == 1


def run_stage(request: dict[str, Any], stdout: int, stderr: int) -> int:
    """Run the stage as `python -m runtime` does; return its exit code."""
    import numpy as np
    import torch

    from runtime.__main__ import main

    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    # a fork must not hide a missing seed
    random.seed()
    np.random.seed()
    torch.seed()
    try:
        code = main(request["arguments"])
    except SystemExit as end:
        code = int(end.code or 0)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def serve(control: socket.socket) -> None:
    """Fork a stage for each request until the socket is closed."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, REQUEST_BYTES, 3)
        if not message:
            return
        if os.fork() == 0:
            control.close()
            watch(json.loads(message), *descriptors)
        for each in descriptors:
            os.close(each)


def watch(request: dict[str, Any], stdout: int, stderr: int, report: int) -> None:
    """Fork the stage, and report its process id and its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    stage = os.fork()
    if stage == 0:
        os.close(report)
        code = 1
        try:
            code = run_stage(request, stdout, stderr)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)
    os.close(stdout)
    os.close(stderr)
    os.write(report, f"{stage}\n".encode())
    _, status = os.waitpid(stage, 0)
    os.write(report, f"{status}\n".encode())
    os._exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the watchers
    preload()
    serve(socket.socket(fileno=os.dup(0)))
