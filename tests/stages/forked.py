"""A stage that the fork server of this test process runs, with the part of `subprocess.Popen` that tests use."""

import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

REPOSITORY = Path(__file__).resolve().parents[2]


@functools.cache
def _server() -> socket.socket:
    """Start the server, which ends with this process: its socket is closed then."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program = Path(__file__).with_name("fork_server.py")
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    subprocess.Popen([sys.executable, str(program)], stdin=theirs, env=environment)
    theirs.close()
    return ours


class ForkedStage:
    """A running stage."""

    def __init__(
        self, arguments: Sequence[str], *, environment: Mapping[str, str], cwd: Path, stdout: int, stderr: int
    ) -> None:
        self.args = arguments
        self.stdout: TextIO | None = None
        self.returncode: int | None = None
        reading, writing = os.pipe()
        request = {"arguments": arguments, "environment": dict(environment), "cwd": str(cwd)}
        socket.send_fds(_server(), [json.dumps(request).encode()], [stdout, stderr, writing])
        os.close(writing)
        self._report = os.fdopen(reading, encoding="ascii")
        self.pid = int(self._report.readline())

    def poll(self) -> int | None:
        """Return the exit code, negative after a signal; None while the stage runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end of the stage; return its exit code."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(list(self.args), timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal to the stage, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the stage."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._report], [], [], timeout)[0]:
            self.returncode = os.waitstatus_to_exitcode(int(self._report.readline()))
            self._report.close()
        return self.returncode
