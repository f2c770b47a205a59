"""The parent's side of the process that runs reward functions: start it, ask it, and end it when it does not answer."""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runtime.contract.blocks import RewardBlock
from runtime.contract.errors import StageError

START_SECONDS = 120.0
BATCH_SECONDS = 60.0  # for one term and one batch
# a policy may write what is slow to read as a formula; math-verify limits that itself, so it must not end the training
NUMERIC_SECONDS = 7.0  # for each answer of `numeric_answer` on top
_CHUNK = 1 << 16


class RewardProcess:
    """A worker with the functions of all terms imported. It has an empty environment, so no secret; see `worker.py`."""

    def __init__(self, blocks: Sequence[RewardBlock], options: Sequence[Mapping[str, Any]], data: Path) -> None:
        self._uses = [block.use for block in blocks]
        self._terms = [{"use": use, "options": dict(each)} for use, each in zip(self._uses, options, strict=True)]
        self._data = data
        self._worker: subprocess.Popen[bytes] | None = None
        self.isolation = ""
        self._start()

    def score(
        self, term: int, prompts: Sequence[Any], completions: Sequence[Any], columns: Mapping[str, Sequence[Any]]
    ) -> Any:
        """Return what the term's function gave, not checked yet; RUN751 if it raised, RUN753 if it broke a limit."""
        if self._worker is None:
            self._start()
        use = self._uses[term]
        seconds = BATCH_SECONDS + (NUMERIC_SECONDS * len(completions) if use == "numeric_answer" else 0.0)
        request = {"term": term, "prompts": prompts, "completions": completions, "columns": columns, "seconds": seconds}
        answer = self._ask(json.dumps(request).encode("ascii"), seconds, f"reward `{use}`")
        if "fault" in answer:
            self.stop()
            raise _failed(answer)
        return answer["scores"]

    def stop(self) -> None:
        """End the process, if there is one."""
        if self._worker is not None:
            self._worker.kill()
            self._worker.communicate()
            self._worker = None

    def _start(self) -> None:
        self._worker = subprocess.Popen(
            [sys.executable, "-m", "runtime.scoring.rewards.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={
                "PYTHONPATH": str(Path(__file__).resolve().parents[3]),
                "PYTHONUTF8": "1",
                "PYTHONSAFEPATH": "1",
                "PYTHONDONTWRITEBYTECODE": "1",  # nothing is written beside the spec's code
                "PYTHONHASHSEED": "0",  # the order of a set must not change a score
                "OMP_NUM_THREADS": "1",
            },
            start_new_session=True,
        )
        request = json.dumps({"terms": self._terms, "data": str(self._data)}).encode("ascii")
        names = ", ".join(f"`{use}`" for use in self._uses)
        answer = self._ask(request, START_SECONDS, f"the import of reward {names}")
        if "fault" in answer:
            self.stop()
            raise _failed(answer)
        self.isolation = answer["isolation"]

    def _ask(self, request: bytes, seconds: float, what: str) -> dict[str, Any]:
        worker = self._worker
        if worker is None or worker.stdin is None or worker.stdout is None:  # never so, but the type allows it
            raise AssertionError
        try:
            worker.stdin.write(request + b"\n")
            worker.stdin.flush()
            line = _read_line(worker.stdout.fileno(), seconds)
        except BrokenPipeError:
            line = b""
        if line is not None and line.endswith(b"\n"):
            answer: dict[str, Any] = json.loads(line)
            return answer
        self.stop()
        ended = f"did not end within {seconds:.0f} s" if line is None else "ended its process"
        hint = "make the function faster, or let it use less memory; then run the stage again"
        raise StageError("RUN753", f"{what} {ended}", hint)


def _read_line(descriptor: int, seconds: float) -> bytes | None:
    """A whole line; what there was of it where the process ends before; None where the time ends."""
    deadline, parts = time.monotonic() + seconds, [b""]
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while not parts[-1].endswith(b"\n"):
            if not selector.select(timeout=max(0.0, deadline - time.monotonic())):
                return None
            parts.append(os.read(descriptor, _CHUNK))
            if not parts[-1]:
                break
    return b"".join(parts)


def _failed(answer: Mapping[str, Any]) -> StageError:
    hints = {
        "RUN750": "correct `spec.reward`, or the code that it names, and compile the plan again",
        "RUN751": "correct the function: it must score whatever a model writes",
        "RUN752": "return one finite number, or `None` where the term does not apply, for each completion",
        "RUN753": "let the function use less memory; then run the stage again",
        "RUN754": "give each row what the reward compares with, or use a reward that compares with nothing",
    }
    return StageError(answer["fault"], answer["message"], hints[answer["fault"]])
