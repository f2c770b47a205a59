"""Copy files of a source to a volume, each whole or not at all, with bounded retries.

A stop request ends the retries. Of a file that its source names by content, the part that is there stays: the next run
continues after it.
"""

import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from runtime.contract.digests import ContentDigest
from runtime.contract.errors import StageError
from runtime.contract.events import EventName
from runtime.contract.files import sync_folder
from runtime.make.inputs.hashes import Hashes
from runtime.make.inputs.source import Source, SourceError, SourceFile
from runtime.stage.pointers import refuse_pointers
from runtime.stage.stop import StopRequest

ATTEMPTS = 6  # in a row, without a byte between them
BACKOFF_SECONDS = 1.0  # doubled with each attempt
LONGEST_WAIT_SECONDS = 600.0  # that a source may ask for; hubs count requests in windows of five minutes
REPORT_SECONDS = 2.0  # between progress events
_READ_BYTES = 4 << 20
_KEEPS_PART = ("RUN740", "RUN767", "RUN768")  # the next run continues

Value = TypeVar("Value")


class Events(Protocol):
    """Where progress and warnings go: a stage's events, or lines for people."""

    def emit(self, event: EventName, **fields: object) -> None:
        """Take one event."""


class Fetcher:
    """Fetches files for one stage or command, and counts files and bytes; `label` names its unfinished files."""

    def __init__(self, *, label: str, events: Events, stop: StopRequest) -> None:
        self._label = label
        self._events = events
        self._stop = stop
        self._done = self._total = 0
        self._last_report = 0.0
        self.fetched_files = self.fetched_bytes = self.kept_files = 0

    def expect(self, size: int) -> None:
        """Set the total of the progress events to `size` bytes."""
        self._total = size

    def retry(self, source: Source, call: Callable[[], Value]) -> Value:
        """Return the result of `call`, retried on temporary failures; RUN768 if all attempts fail."""
        failures = 0
        while True:
            self.check_stop()
            try:
                return call()
            except SourceError as error:
                failures += 1
                self._wait(source, failures, error)

    def has_file(self, path: Path, sha256: str | None, size: int | None = None) -> bool:
        """Return whether `path` is a file with this digest, and this size in bytes."""
        if sha256 is None or not path.is_file() or (size is not None and path.stat().st_size != size):
            return False
        digest = ContentDigest()
        with path.open("rb") as stream:
            while chunk := stream.read(_READ_BYTES):
                self.check_stop()
                digest.update(chunk)
        return digest.hexdigest() == sha256

    def keep(self, size: int) -> None:
        """Count a file of `size` bytes that is already there."""
        self.kept_files += 1
        self._report_progress(size)

    def fetch(self, source: Source, file: SourceFile, root: Path, path: str, planned: str | None) -> str:
        """Copy `file` to `path` below `root` and return its content digest.

        RUN706 if it is a Git LFS pointer, RUN711 if the digest differs from `planned`, RUN738 from the one that the
        source names; RUN730 if the volume cannot be written to.
        """
        target = root / path
        temporary = part_of(target) if file.is_named_by_content else target.with_name(f".{self._label}.tmp")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _check_inside(target, root)
            try:
                digest = self._fetch_to(temporary, source, file)
                refuse_pointers(temporary, file.path)
                if planned is not None and digest != planned:
                    raise not_as_planned(file.path, source.name, digest, planned)
                temporary.replace(target)
            except BaseException as error:
                resumes = isinstance(error, StageError) and error.problem.code in _KEEPS_PART
                if not (resumes and file.is_named_by_content):
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

    def check_stop(self) -> None:
        """RUN740 if somebody wants the process to stop."""
        if self._stop.is_set:
            hint = "run it again: it keeps whole files, and the part that is there of a hub's file"
            raise StageError("RUN740", f"stopped by {self._stop.signal_name} after {self._done} bytes", hint)

    def _fetch_to(self, temporary: Path, source: Source, file: SourceFile) -> str:
        """Write the file and return its digest; once more if the content is not what the source names (RUN738)."""
        for attempt in (1, 2):
            before = self._done
            hashes = self._write(temporary, source, file)
            if hashes.agree:
                return hashes.content()
            temporary.unlink()
            self._done = before
            if attempt == 1:  # the part that was there may be damaged
                self._events.emit("warning", message=f"`{file.path}` differs from its hash: fetching it again")
        name = "SHA-256" if file.sha256 else "Git hash"
        message = f"`{file.path}` from `{source.name}` has {name} `{hashes.found}`, but the hub names `{file.tag}`"
        raise StageError("RUN738", message, "do not use this file: find out what changes it, a mirror or a proxy")

    def _write(self, temporary: Path, source: Source, file: SourceFile) -> Hashes:
        """Write the file's bytes, after those that are there, and return their digests."""
        hashes, failures = Hashes(file), 0
        continued = file.is_named_by_content and temporary.is_file() and temporary.stat().st_size <= file.size
        with temporary.open("r+b" if continued else "w+b") as stream:
            written = self._read_part(stream, hashes)
            while True:
                try:
                    for chunk in source.read(file, written):
                        self.check_stop()
                        stream.write(chunk)
                        hashes.update(chunk)
                        written += len(chunk)
                        failures = 0
                        self._report_progress(len(chunk))
                    if written != file.size:
                        raise SourceError(f"`{file.path}` has {written} bytes, but had {file.size} a moment ago")
                    break
                except SourceError as error:
                    failures += 1
                    self._wait(source, failures, error)
            stream.flush()
            os.fsync(stream.fileno())
        return hashes

    def _read_part(self, stream: BinaryIO, hashes: Hashes) -> int:
        """Take over the bytes that an earlier run wrote, and return their number."""
        size = 0
        while chunk := stream.read(_READ_BYTES):
            self.check_stop()
            hashes.update(chunk)
            size += len(chunk)
            self._report_progress(len(chunk))
        return size

    def _wait(self, source: Source, failures: int, error: SourceError) -> None:
        if failures >= ATTEMPTS or error.wait > LONGEST_WAIT_SECONDS:
            asks = f", and asks to wait {error.wait:.0f} s" if error.wait > LONGEST_WAIT_SECONDS else ""
            message = f"`{source.name}` failed {failures} times: {error}{asks}"
            hint = "check that the source is up and reachable from here, and run the stage again: it resumes from there"
            raise StageError("RUN768", message, hint) from error
        self._events.emit("warning", message=f"retrying: {error}")
        # Random jitter keeps Jobs that failed together from retrying together.
        pause = BACKOFF_SECONDS * 2 ** (failures - 1) * random.uniform(0.5, 1.5)  # noqa: S311
        until = time.monotonic() + max(pause, error.wait)
        while time.monotonic() < until:
            self.check_stop()
            time.sleep(0.05)

    def _report_progress(self, size: int) -> None:
        self._done += size
        now = time.monotonic()
        if now - self._last_report >= REPORT_SECONDS or self._done == self._total:
            self._last_report = now
            self._events.emit("progress", done=self._done, total=self._total, unit="bytes")


def part_of(target: Path) -> Path:
    """Return where the unfinished part of a file is, which the next run continues."""
    return target.with_name(f".{target.name}.part")


def _check_inside(target: Path, root: Path) -> None:
    if not target.parent.resolve().is_relative_to(root.resolve()):
        message = f"a link on the path `{target.relative_to(root)}` leads out of its volume"
        raise StageError("RUN769", message, "remove the link from the claim")


def not_as_planned(path: str, source: str, digest: str, planned: str) -> StageError:
    """Return RUN711 for a file or folder of a source whose digest is not the plan's."""
    message = f"`{path}` of `{source}` has sha256 `{digest}`, but the plan was made for `{planned}`"
    hint = "copy the spec's folder to the source again, or compile the plan for the files of the source"
    return StageError("RUN711", message, hint)
