"""Copy files of a source to a volume, each whole or not at all, with bounded retries.

A stop request ends the retries.
"""

import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from runtime.contract.digests import ContentDigest
from runtime.contract.errors import StageError
from runtime.contract.files import sync_folder
from runtime.make.inputs.source import Source, SourceError, SourceFile
from runtime.stage.context import StageContext
from runtime.stage.pointers import refuse_pointers

ATTEMPTS = 6  # in a row, without a byte between them
BACKOFF_SECONDS = 1.0  # doubled with each attempt
REPORT_SECONDS = 2.0  # between progress events
_READ_BYTES = 4 << 20

Value = TypeVar("Value")


class Fetcher:
    """Fetches files of `source` for one stage, and counts files and bytes."""

    def __init__(self, source: Source, context: StageContext) -> None:
        self.source = source
        self._context = context
        self._done = self._total = 0
        self._last_report = 0.0
        self.fetched_files = self.fetched_bytes = self.kept_files = 0

    def expect(self, size: int) -> None:
        """Set the total of the progress events to `size` bytes."""
        self._total = size

    def retry(self, call: Callable[[], Value]) -> Value:
        """Return the result of `call`, retried on temporary failures; RUN768 if all attempts fail."""
        failures = 0
        while True:
            self._check_stop()
            try:
                return call()
            except SourceError as error:
                failures += 1
                self._wait(failures, error)

    def has_file(self, path: Path, sha256: str | None, size: int | None = None) -> bool:
        """Return whether `path` is a file with this digest; with `size`, count it as kept."""
        if sha256 is None or not path.is_file() or (size is not None and path.stat().st_size != size):
            return False
        digest = ContentDigest()
        with path.open("rb") as stream:
            while chunk := stream.read(_READ_BYTES):
                self._check_stop()
                digest.update(chunk)
        is_same = digest.hexdigest() == sha256
        if is_same and size is not None:
            self.kept_files += 1
            self._report_progress(size)
        return is_same

    def fetch(self, file: SourceFile, root: Path, path: str, planned: str | None) -> str:
        """Copy `file` to `path` below `root` and return its content digest.

        RUN706 if it is a Git LFS pointer, RUN711 if the digest differs from `planned`, RUN730 if the volume cannot be
        written to.
        """
        target = root / path
        temporary = target.with_name(f".{self._context.stage.output}.tmp")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _check_inside(target, root)
            try:
                digest = self._write(file, temporary)
                refuse_pointers(temporary, file.path)
                if planned is not None and digest != planned:
                    raise not_as_planned(file.path, self.source.name, digest, planned)
                temporary.replace(target)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            sync_folder(target.parent)
        except OSError as error:
            message = f"cannot write `{path}` to its volume: {error.strerror or error}"
            hint = (
                "free space on the claim, or let this user write to it, and run the stage again: it keeps whole files"
            )
            raise StageError("RUN730", message, hint) from error
        self.fetched_files += 1
        self.fetched_bytes += file.size
        return digest

    def _write(self, file: SourceFile, temporary: Path) -> str:
        """Write the file's bytes and return their digest; after a failure, resume at the last byte."""
        digest, written, failures = ContentDigest(), 0, 0
        with temporary.open("wb") as stream:
            while True:
                try:
                    for chunk in self.source.read(file, written):
                        self._check_stop()
                        stream.write(chunk)
                        digest.update(chunk)
                        written += len(chunk)
                        failures = 0
                        self._report_progress(len(chunk))
                    if written != file.size:
                        raise SourceError(f"`{file.path}` has {written} bytes, but had {file.size} a moment ago")
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
            hint = "check that the source is up and reachable from here, and run the stage again: it resumes from there"
            raise StageError("RUN768", message, hint) from error
        self._context.events.emit("warning", message=f"retrying: {error}")
        # Random jitter keeps Jobs that failed together from retrying together.
        until = time.monotonic() + BACKOFF_SECONDS * 2 ** (failures - 1) * random.uniform(0.5, 1.5)  # noqa: S311
        while time.monotonic() < until:
            self._check_stop()
            time.sleep(0.05)

    def _check_stop(self) -> None:
        stop = self._context.stop
        if stop.is_set:
            hint = "run the stage again: it keeps whole files"
            raise StageError("RUN740", f"stopped by {stop.signal_name} after {self._done} bytes", hint)

    def _report_progress(self, size: int) -> None:
        self._done += size
        now = time.monotonic()
        if now - self._last_report >= REPORT_SECONDS or self._done == self._total:
            self._last_report = now
            self._context.events.emit("progress", done=self._done, total=self._total, unit="bytes")


def _check_inside(target: Path, root: Path) -> None:
    if not target.parent.resolve().is_relative_to(root.resolve()):
        message = f"a link on the path `{target.relative_to(root)}` leads out of its volume"
        raise StageError("RUN769", message, "remove the link from the claim")


def not_as_planned(path: str, source: str, digest: str, planned: str) -> StageError:
    """Return RUN711 for a file or folder of a source whose digest is not the plan's."""
    message = f"`{path}` of `{source}` has sha256 `{digest}`, but the plan was made for `{planned}`"
    hint = "copy the spec's folder to the source again, or compile the plan for the files of the source"
    return StageError("RUN711", message, hint)
