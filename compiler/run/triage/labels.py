"""Labels of people: a file of JSON objects, one a line, to which each action adds a line; the last one of a trace wins.

A report compacts the file: one line a trace, sorted, as Git likes it.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from compiler.diagnostics import Diagnostic, Location, diagnostic
from compiler.spec.files import read_file, reason
from compiler.spec.inputs import LABELS_FILE
from compiler.spec.schema.types import KindName
from runtime.contract.files import sync_folder, write_atomically

MAX_BYTES = 256 << 20
MAX_FIX = 200_000  # characters
FLOW_CONTROL = "flow-control"  # as a component: the fault is in the agent's logic

Verdict = Literal["good", "bad", "skip"]
Severity = Literal["low", "medium", "high"]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Label(_Record):
    """What a person says of a trace.

    `digest` is that of its content, and `trace` its id when it was labelled. `drawn` marks a trace that came next in
    the random order. `first` is the time of its first label, `at` that of the last change. Without a verdict it was
    undone.
    """

    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    trace: Annotated[str, Field(max_length=1000)]
    verdict: Verdict | None
    fix: Annotated[str, Field(max_length=MAX_FIX)] | None = None
    kind: KindName | None = None
    component: KindName | None = None
    severity: Severity | None = None
    intent: Annotated[str, Field(max_length=1000)] = ""
    drawn: bool = False
    replay: bool = False
    by: Annotated[str, Field(min_length=1, max_length=200)]
    first: datetime
    at: datetime


class Intent(_Record):
    """Whether an intent is business-critical, as a person says."""

    intent: Annotated[str, Field(min_length=1, max_length=1000)]
    critical: bool
    by: Annotated[str, Field(min_length=1, max_length=200)]
    at: datetime


class Labels:
    """The labels of a spec by digest, and its critical intents. Raises OSError where the file cannot be written."""

    def __init__(self, path: Path, shown: str) -> None:
        self.path = path
        self.shown = shown
        self.by_digest: dict[str, Label] = {}
        self.intents: dict[str, Intent] = {}
        self.diagnostics: tuple[Diagnostic, ...] = ()
        self._state = (-1, -1)

    @property
    def verdicts(self) -> dict[str, Label]:
        """The labels that were not undone, by digest."""
        return {digest: each for digest, each in self.by_digest.items() if each.verdict}

    @property
    def critical(self) -> set[str]:
        """The business-critical intents."""
        return {each.intent for each in self.intents.values() if each.critical}

    def refresh(self) -> None:
        """Read the file again if another process has changed it."""
        if self._found() != self._state:
            self._read()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from writing, with everything that they wrote before read."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path.parent, os.O_RDONLY | os.O_CLOEXEC)  # no lock file that Git would see
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self.refresh()
            yield
        finally:
            os.close(descriptor)

    def add(self, record: Label | Intent) -> None:
        """Add a record and flush it to the disk; call it while `locked`."""
        line = _line(record)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                os.ftruncate(descriptor, size - self._torn())  # a kill cut the last line
            _write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if not size:
            sync_folder(self.path.parent)
        self._state = self._found()
        self._take(record)

    def compact(self) -> None:
        """Rewrite the file with the last record of each trace and intent, sorted; call it while `locked`."""
        labels = sorted(self.verdicts.values(), key=lambda each: each.digest)
        intents = sorted(self.intents.values(), key=lambda each: each.intent)
        content = b"".join([*map(_line, intents), *map(_line, labels)])
        if not self.path.is_file() or self.path.read_bytes() != content:
            write_atomically(self.path, content)
        self._read()

    def _found(self) -> tuple[int, int]:
        """Return the size of the file and the time of its last change."""
        try:
            status = self.path.stat()
        except OSError:
            return 0, 0
        return status.st_size, status.st_mtime_ns

    def _torn(self) -> int:
        content = read_file(self.path, MAX_BYTES)
        return len(content) - (content.rfind(b"\n") + 1)

    def _take(self, record: Label | Intent) -> None:
        if isinstance(record, Label):
            self.by_digest[record.digest] = record
        else:
            self.intents[record.intent] = record

    def _read(self) -> None:
        self.by_digest, self.intents, found = {}, {}, []
        self._state = self._found()
        try:
            content = read_file(self.path, MAX_BYTES) if self.path.exists() else b""
        except OSError as error:
            message = f"cannot read the labels: {reason(error)}"
            self.diagnostics = (diagnostic("TRC833", message, Location(path=self.shown), hint="fix its permissions"),)
            return
        lines = content.split(b"\n")
        for number, line in enumerate(lines[:-1], 1):  # the last line is empty, or a kill has cut it
            if line.strip():
                try:
                    self._take(_record(line))
                except (ValueError, ValidationError):
                    where = Location(path=self.shown, line=number, column=1, end_column=2)
                    hint = "resolve the merge conflict, or restore the line from Git"
                    found.append(diagnostic("TRC833", "the line is no label", where, hint=hint))
        self.diagnostics = tuple(found[:5])


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def labels_of(folder: Path, shown: str) -> Labels:
    """Return the labels of the spec in `folder`, which is shown to people as `shown`."""
    labels = Labels(folder / LABELS_FILE, str(Path(shown) / LABELS_FILE))
    labels.refresh()
    return labels


def _record(line: bytes) -> Label | Intent:
    data: Any = json.loads(line)
    model = Intent if isinstance(data, dict) and "critical" in data else Label
    return model.model_validate_json(line)


def _line(record: Label | Intent) -> bytes:
    data = record.model_dump(mode="json", exclude_defaults=True)
    if isinstance(record, Label):
        data["verdict"] = record.verdict
    return json.dumps(data, ensure_ascii=False, sort_keys=True).encode("utf-8", "backslashreplace") + b"\n"


def _write(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
