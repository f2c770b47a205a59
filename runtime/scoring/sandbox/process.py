"""A worker process that judges untrusted text, with one JSON request and answer per line."""

import json
import selectors
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class Worker:
    """A module that runs as a process: it starts on the first request, and restarts after one that kills it.

    Its environment contains only the path of this package, so no secrets.
    """

    def __init__(self, module: str, *, seconds: float) -> None:
        """Prepare the worker; `seconds` limits the time for one answer."""
        self._module, self._seconds = module, seconds
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def ask(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """Return the answer, or None after a process that exceeded its limits of time or memory is killed."""
        answer = self._ask(request)
        if answer is None:
            self.stop()
        return answer

    def stop(self) -> None:
        """Kill the process if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _ask(self, request: dict[str, Any]) -> dict[str, Any] | None:
        process = self._started()
        if process.stdin is None or process.stdout is None:  # for the type checker only
            return None
        try:
            process.stdin.write(json.dumps(request).encode("ascii") + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            return None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if not selector.select(timeout=self._seconds):
                return None
        line = process.stdout.readline()
        answer: dict[str, Any] | None = json.loads(line) if line.endswith(b"\n") else None
        return answer

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            package_parent = str(Path(__file__).resolve().parents[3])
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, and a module of this package
                [sys.executable, "-m", self._module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PYTHONPATH": package_parent, "PYTHONUTF8": "1", "PYTHONSAFEPATH": "1"},
                start_new_session=True,
            )
        return self._process
