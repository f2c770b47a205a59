"""The parent's side of the reward process: start it, send requests, and kill it if it does not answer."""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runtime.contract.errors import StageError

START_SECONDS = 120.0
BATCH_SECONDS = 60.0  # for one term and one batch
# Additional time per answer of `numeric_answer`. A policy may write formulas that are slow to parse; math-verify limits
# the time itself, so a slow formula must not end the training.
NUMERIC_SECONDS = 7.0
_CHUNK = 1 << 16


class RewardProcess:
    """A worker that imports the functions of all terms; its environment contains no secrets. See `worker.py`."""

    def __init__(self, uses: Sequence[str], options: Sequence[Mapping[str, Any]], data: Path) -> None:
        self._uses = list(uses)
        self._terms = [{"use": use, "options": dict(each)} for use, each in zip(self._uses, options, strict=True)]
        self._data = data
        self._worker: subprocess.Popen[bytes] | None = None
        self.isolation = ""
        self._start()

    def score(
        self,
        term: int,
        prompts: Sequence[Any],
        completions: Sequence[Any],
        columns: Mapping[str, Sequence[Any]],
        seconds: float | None = None,
    ) -> Any:
        """Return the unchecked result of the term's function.

        RUN751 if it raised an error, RUN753 if it exceeded a limit, RUN754 if a row lacks the reference it needs.
        """
        if self._worker is None:
            self._start()
        use = self._uses[term]
        seconds = BATCH_SECONDS if seconds is None else seconds
        seconds += NUMERIC_SECONDS * len(completions) if use == "numeric_answer" else 0.0
        request = {"term": term, "prompts": prompts, "completions": completions, "columns": columns, "seconds": seconds}
        answer = self._send(json.dumps(request).encode("ascii"), seconds, f"reward `{use}`")
        if "fault" in answer:
            self.stop()
            raise _failed(answer)
        return answer["scores"]

    def score_row(self, row: Mapping[str, Any], text: str, seconds: float) -> tuple[Any, str]:
        """Return the unchecked result of the only term, a metric of the team's own, and the error that it raised.

        RUN753 if it exceeded a limit.
        """
        if self._worker is None:
            self._start()
        request = {"term": 0, "row": row, "answer": text, "seconds": seconds}
        answer = self._send(json.dumps(request).encode("ascii"), seconds, f"metric `{self._uses[0]}`")
        if "fault" in answer:
            self.stop()
            raise _failed(answer)
        return answer.get("score"), answer.get("raised", "")

    def stop(self) -> None:
        """Kill the process if it runs."""
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
                "PYTHONDONTWRITEBYTECODE": "1",  # no files next to the spec's code
                "PYTHONHASHSEED": "0",  # scores must not depend on the order of a set
                "OMP_NUM_THREADS": "1",
            },
            start_new_session=True,
        )
        request = json.dumps({"terms": self._terms, "data": str(self._data)}).encode("ascii")
        names = ", ".join(f"`{use}`" for use in self._uses)
        answer = self._send(request, START_SECONDS, f"the import of reward {names}")
        if "fault" in answer:
            self.stop()
            raise _failed(answer)
        self.isolation = answer["isolation"]

    def _send(self, request: bytes, seconds: float, subject: str) -> dict[str, Any]:
        worker = self._worker
        if worker is None or worker.stdin is None or worker.stdout is None:  # for the type checker only
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
        ended = f"did not finish within {seconds:.0f} s" if line is None else "ended its process"
        hint = "make the function faster, or reduce its memory, then run the stage again"
        raise StageError("RUN753", f"{subject} {ended}", hint)


def _read_line(descriptor: int, seconds: float) -> bytes | None:
    """Return a line, partial if the process ends first, or None after the time limit."""
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
        "RUN750": "fix `spec.reward`, or the code that it names, then compile the plan again",
        "RUN751": "fix the function: it must score any text that a model writes",
        "RUN752": "return one finite number, or `None` if the term does not apply, for each completion",
        "RUN753": "reduce the memory of the function, then run the stage again",
        "RUN754": "add a right answer to each row, or use a reward that does not compare",
    }
    return StageError(answer["fault"], answer["message"], hints[answer["fault"]])
