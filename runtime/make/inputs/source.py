"""The interface of sources: a mounted folder (`folder.py`), a bucket (`bucket.py`) or a hub (`hub.py`)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol
from unicodedata import category

from runtime.contract.errors import StageError


class SourceError(Exception):
    """A temporary failure of a source; `wait`: the seconds that it asks for until the next attempt."""

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFile:
    """A file of a source: its path, its size in bytes, and a tag that changes with its content.

    `path` is clean: it cannot lead out of the source. A hub also names the content itself: by its SHA-256, or by the
    SHA-1 of its Git blob.
    """

    path: str
    size: int
    tag: str
    sha256: str | None = None
    blob: str | None = None

    @property
    def is_named_by_content(self) -> bool:
        """Whether other content would have another name, so that a part of the file stays valid."""
        return self.sha256 is not None or self.blob is not None


class Source(Protocol):
    """A source of files.

    It raises `SourceError` for temporary failures and `StageError` for permanent ones.
    """

    name: str

    def find(self, path: str) -> list[SourceFile]:
        """Return the file at `path`, or the files below it, sorted; empty if neither exists."""

    def read(self, file: SourceFile, start: int) -> Iterator[bytes]:
        """Yield the bytes of `file` from `start` on, in pieces."""


def clean(path: str, source: str) -> str:
    """Return `path` if it is a clean relative path; RUN769 otherwise."""
    parts = path.split("/")
    has_control = any(category(character) in ("Cc", "Cs") for character in path)
    if not has_control and "\\" not in path and not {"", ".", ".."} & set(parts):
        return path
    raise unsafe(path.encode("unicode_escape").decode("ascii")[:200], source)


def unsafe(name: str, source: str) -> StageError:
    """Return RUN769 for a name that a file of a volume may not have."""
    hint = "rename or remove the file there: names are used unchanged and must stay below their folder"
    return StageError("RUN769", f"`{source}` has a file with an unsafe name: `{name}`", hint)
