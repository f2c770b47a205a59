"""A line between two processes of one stage on different nodes: messages as JSON, one a line, never waited for."""

import contextlib
import json
import socket
import sys
import time
from collections import deque
from types import TracebackType
from typing import Any, Self

_LONGEST = 65536
# A node that is gone without a word, such as by a power cut, is noticed after 15 + 3 × 5 seconds.
_KEEPALIVE = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}


class Line:
    """One end of a line. `is_open` is False when the other end has gone."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if sys.platform.startswith("linux"):
            for name, value in _KEEPALIVE.items():
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        self._connection, self._rest, self.is_open = connection, b"", True
        self._messages = deque[dict[str, Any]]()

    @classmethod
    def to(cls, host: str, port: int) -> "Line | None":
        """Return a line to whoever listens there; None if the name is unknown or nobody does."""
        try:
            return cls(socket.create_connection((host, port), timeout=5))
        except OSError:
            return None

    def send(self, **message: Any) -> None:
        """Send a message; if the other end has gone, to nobody."""
        try:
            self._connection.sendall(json.dumps(message).encode("ascii") + b"\n")
        except OSError:
            self.is_open = False

    def receive(self) -> dict[str, Any] | None:
        """Return the next message that has come, or None."""
        self._read()
        return self._messages.popleft() if self._messages else None

    def _read(self) -> None:
        while self.is_open:
            try:
                read = self._connection.recv(4096)
            except BlockingIOError:
                break
            except OSError:
                read = b""
            self._rest += read
            self.is_open = bool(read) and len(self._rest) <= _LONGEST
        *lines, self._rest = self._rest.split(b"\n")
        self._messages += [message for message in map(_message, lines) if message is not None]

    def close(self) -> None:
        """Hang up, when the other end has had a moment to do so, too: what it has not read yet would be lost."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
        until = time.monotonic() + 3
        while self.is_open and time.monotonic() < until:
            self._read()
            time.sleep(0.02)
        self._connection.close()


def _message(line: bytes) -> dict[str, Any] | None:
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


class Door:
    """Where lines come in."""

    def __init__(self, listening: socket.socket) -> None:
        listening.setblocking(False)
        self._listening = listening

    def accepted(self) -> list[Line]:
        """Return the lines that have come in since the last time."""
        lines = []
        with contextlib.suppress(BlockingIOError):
            while True:
                lines.append(Line(self._listening.accept()[0]))
        return lines

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.close()


def listen(port: int) -> Door:
    """Listen on all addresses of this machine, of either family where it has both."""
    if socket.has_dualstack_ipv6():
        return Door(socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True))
    return Door(socket.create_server(("", port)))
