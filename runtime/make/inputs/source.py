"""The interface of sources: a mounted folder (`folder.py`) or a bucket (`bucket.py`)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol
from unicodedata import category

from runtime.contract.errors import StageError


class SourceError(Exception):
    """A temporary failure of a source."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFile:
    """A file of a source: its path, its size in bytes, and a tag that changes with its content.

    `path` is clean: it cannot lead out of the source.
    """

    path: str
    size: int
    tag: str


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
