"""Where models and data are brought from: a mounted folder here, a bucket in `bucket.py`. Both give the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol
from unicodedata import category

from runtime.contract.errors import StageError


class SourceError(Exception):
    """A failure of a source that may pass."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFile:
    """A file of a source: its whole path there, its size, and a tag that changes when its content does.

    `path` is clean: it leads nowhere but below the source.
    """

    path: str
    size: int
    tag: str


class Source(Protocol):
    """What both sources do. `SourceError` may pass; a `StageError` does not."""

    name: str

    def find(self, path: str) -> list[SourceFile]:
        """Return the file at `path`, or the files below it, sorted; none if there is nothing."""

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
    """Return RUN769 for a name that no file of a volume may have."""
    hint = "rename or remove it there: names are taken as they are, and none may lead out of its folder"
    return StageError("RUN769", f"`{source}` holds a name that cannot be taken: `{name}`", hint)
