"""Append lines to one file from several threads and processes, and start a new file when it is full."""

import importlib
import os
import stat
import threading
import time
from contextlib import suppress
from typing import Any

fcntl: Any = None
with suppress(ImportError):  # Windows has no such locks: one process a file
    fcntl = importlib.import_module("fcntl")

LOCK_SECONDS = 2.0
BLOCK = 1 << 16
RECORD_START = b'{"schema":'
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class RotatingFile:
    """Lines in `path`, which becomes `path.1` before it grows beyond `size` bytes; `keep` full files are kept.

    A line is written by one call while the file is locked, so that lines never mix, and a line that a killed process
    left unfinished is removed by the next writer. Raises `OSError` where a line cannot be written, with the file as it
    was before.
    """

    def __init__(self, path: str, size: int, keep: int) -> None:
        self.path, self.size, self.keep = path, size, keep
        self._descriptor = -1
        self._lock = threading.Lock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def append(self, line: bytes) -> None:
        """Append one line, which ends with a line feed."""
        if not self._lock.acquire(timeout=LOCK_SECONDS):
            raise TimeoutError(f"another thread holds `{self.path}`")
        try:
            end = self._locked_end()
            try:
                if end and end + len(line) > self.size:
                    end = self._rotate()
                self._write(line, end)
            finally:
                self._unlock()
        finally:
            self._lock.release()

    def _write(self, line: bytes, end: int) -> None:
        try:
            written = os.write(self._descriptor, line)
        except OSError:
            os.ftruncate(self._descriptor, end)
            raise
        if written < len(line):
            os.ftruncate(self._descriptor, end)
            raise OSError(f"only {written} of {len(line)} bytes fit into `{self.path}`")

    def _locked_end(self) -> int:
        """Open and lock the file that `path` names now, and return where its last whole line ends."""
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            if self._descriptor < 0:
                self._open()
            self._wait_for_lock(deadline)
            here = os.fstat(self._descriptor)
            try:
                there = os.stat(self.path)
            except FileNotFoundError:
                there = None
            if there is not None and (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino):
                return self._repaired_end(here.st_size)
            self._close()  # another process has rotated it, or somebody has moved it

    def _open(self) -> None:
        try:
            self._descriptor = os.open(self.path, _FLAGS, 0o600)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(self.path) or ".", exist_ok=True)
            self._descriptor = os.open(self.path, _FLAGS, 0o600)
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            self._close()
            raise OSError(f"`{self.path}` is no file")

    def _wait_for_lock(self, deadline: float) -> None:
        while fcntl is not None:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    self._close()
                    raise TimeoutError(f"another process holds `{self.path}`") from None
                time.sleep(0.0005)

    def _unlock(self) -> None:
        if fcntl is not None and self._descriptor >= 0:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _repaired_end(self, end: int) -> int:
        """Return the size of the file, once its last line is whole: the writer of an unfinished one is dead."""
        if not end or self._read(end - 1, 1) == b"\n":
            return end
        start = self._last_line(end)
        if self._read(start, len(RECORD_START)) == RECORD_START[: end - start]:
            os.ftruncate(self._descriptor, start)
            return start
        return end + os.write(self._descriptor, b"\n")  # somebody else's text

    def _last_line(self, end: int) -> int:
        start = end
        while start:
            stop, start = start, max(0, start - BLOCK)
            feed = self._read(start, stop - start).rfind(b"\n")
            if feed >= 0:
                return start + feed + 1
        return 0

    def _read(self, start: int, count: int) -> bytes:
        os.lseek(self._descriptor, start, os.SEEK_SET)
        return os.read(self._descriptor, count)

    def _rotate(self) -> int:
        """Rename the full file while its lock is held, and open and lock a new one; return where that ends.

        A process that waits for the lock of the full file finds that `path` names another file, and opens that.
        """
        if fcntl is None:
            self._close()  # Windows does not rename open files
        for number in range(self.keep - 1, 0, -1):
            if os.path.exists(f"{self.path}.{number}"):
                os.replace(f"{self.path}.{number}", f"{self.path}.{number + 1}")
        if self.keep:
            os.replace(self.path, f"{self.path}.1")
        else:
            os.unlink(self.path)
        self._close()
        return self._locked_end()

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _forget(self) -> None:
        """Start anew in a forked child: its copies of descriptors share the locks of the parent."""
        self._lock = threading.Lock()
        self._close()
