"""Copies files of a source to a volume, each whole or not at all, with tries that are bounded and can be stopped."""

import hashlib
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from runtime.contract.errors import StageError
from runtime.contract.files import sync_folder
from runtime.make.inputs.source import Source, SourceError, SourceFile
from runtime.stage.context import StageContext

ATTEMPTS = 6  # without a byte between them
BACKOFF_SECONDS = 1.0  # doubled with each attempt
REPORT_SECONDS = 2.0
_READ_BYTES = 4 << 20

Value = TypeVar("Value")


class Fetcher:
    """Fetches from `source` for one stage, and counts what it did."""

    def __init__(self, source: Source, context: StageContext) -> None:
        self.source = source
        self._context = context
        self._done = self._total = 0
        self._told = 0.0
        self.fetched_files = self.fetched_bytes = self.kept_files = 0

    def expect(self, size: int) -> None:
        """Take `size` bytes for the whole of what progress is told of."""
        self._total = size

    def insist(self, ask: Callable[[], Value]) -> Value:
        """Return what `ask` gives, tried again while it fails in ways that may pass; RUN768 at last."""
        failures = 0
        while True:
            self._look_at_signals()
            try:
                return ask()
            except SourceError as error:
                failures += 1
                self._wait(failures, error)

    def is_there(self, path: Path, sha256: str | None, size: int | None = None) -> bool:
        """Tell whether `path` is a file of this digest; with `size`, a file that counts as kept."""
        if sha256 is None or not path.is_file() or (size is not None and path.stat().st_size != size):
            return False
        digest = hashlib.sha256()
        with path.open("rb") as stream:
            while chunk := stream.read(_READ_BYTES):
                self._look_at_signals()
                digest.update(chunk)
        there = digest.hexdigest() == sha256
        if there and size is not None:
            self.kept_files += 1
            self._tell(size)
        return there

    def fetch(self, file: SourceFile, root: Path, path: str, planned: str | None) -> str:
        """Copy `file` to `path` below `root` and return its SHA-256; RUN711 if that is not the `planned` one."""
        target = root / path
        temporary = target.with_name(f".{self._context.stage.output}.tmp")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _check_inside(target, root)
            try:
                digest = self._write(file, temporary)
                if planned is not None and digest != planned:
                    raise not_as_planned(file.path, self.source.name, digest, planned)
                temporary.replace(target)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            sync_folder(target.parent)
        except OSError as error:
            message = f"`{path}` cannot be written to its volume: {error.strerror or error}"
            hint = "free space on the claim, or let this user write to it; what is there is not fetched again"
            raise StageError("RUN730", message, hint) from error
        self.fetched_files += 1
        self.fetched_bytes += file.size
        return digest

    def _write(self, file: SourceFile, temporary: Path) -> str:
        """Write the file's bytes and return their digest; after a failure it goes on where that was."""
        digest, written, failures = hashlib.sha256(), 0, 0
        with temporary.open("wb") as stream:
            while True:
                try:
                    for chunk in self.source.read(file, written):
                        self._look_at_signals()
                        stream.write(chunk)
                        digest.update(chunk)
                        written += len(chunk)
                        failures = 0
                        self._tell(len(chunk))
                    if written != file.size:
                        raise SourceError(f"`{file.path}` has {written} bytes, and {file.size} a moment ago")
                    break
                except SourceError as error:
                    failures += 1
                    self._wait(failures, error)
            stream.flush()
            os.fsync(stream.fileno())
        return digest.hexdigest()

    def _wait(self, failures: int, error: SourceError) -> None:
        if failures >= ATTEMPTS:
            message = f"`{self.source.name}` failed {failures} times: {error}"
            hint = (
                "see that the source is up and can be reached from here, and run the stage again: it goes on from there"
            )
            raise StageError("RUN768", message, hint) from error
        self._context.events.emit("warning", message=f"tried again: {error}")
        # Spread, so that Jobs which failed together do not come back together.
        until = time.monotonic() + BACKOFF_SECONDS * 2 ** (failures - 1) * random.uniform(0.5, 1.5)  # noqa: S311
        while time.monotonic() < until:
            self._look_at_signals()
            time.sleep(0.05)

    def _look_at_signals(self) -> None:
        stop = self._context.stop
        if stop.is_set:
            hint = "run the stage again: whole files are not fetched again"
            raise StageError("RUN740", f"stopped by {stop.signal_name} after {self._done} bytes", hint)

    def _tell(self, size: int) -> None:
        self._done += size
        now = time.monotonic()
        if now - self._told >= REPORT_SECONDS or self._done == self._total:
            self._told = now
            self._context.events.emit("progress", done=self._done, total=self._total, unit="bytes")


def _check_inside(target: Path, root: Path) -> None:
    if not target.parent.resolve().is_relative_to(root.resolve()):
        message = f"`{target.relative_to(root)}` is behind a link that leads out of its volume"
        raise StageError("RUN769", message, "remove the link from the claim")


def not_as_planned(path: str, source: str, digest: str, planned: str) -> StageError:
    """Return RUN711 for what a source has in another form than the plan knows."""
    message = f"`{path}` of `{source}` has sha256 `{digest}`, the plan was made for `{planned}`"
    hint = "copy the spec's folder to the source again, or compile the plan for what is there"
    return StageError("RUN711", message, hint)
