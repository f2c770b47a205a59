"""Where models and data are brought from: a mounted folder here, a bucket in `bucket.py`. Both give the same."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol
from unicodedata import category

from runtime.contract.blocks import SourceBlock
from runtime.contract.errors import StageError

VARIABLE = "TRAINSPEC_SOURCE"
CHUNK_BYTES = 4 << 20


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


def source_of(block: SourceBlock) -> Source:
    """Return the source that a config names; RUN703 if the folder is not mounted."""
    if block.bucket is not None:
        from runtime.make.inputs.bucket import Bucket

        return Bucket(block.bucket)
    value = os.environ.get(VARIABLE, "")
    if not Path(value).is_absolute() or not Path(value).is_dir():
        message = f"`{VARIABLE}` is not the absolute path of a folder: `{value}`"
        raise StageError("RUN703", message, "mount the claim of `storage.source.folder`, and set the variable to it")
    return Folder(Path(value))


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


class Folder:
    """A volume that is mounted beside the others, read only."""

    def __init__(self, root: Path) -> None:
        self.name = str(root)
        self._root = root

    def find(self, path: str) -> list[SourceFile]:
        """Return the file at `path`, or the files below it; RUN769 for a link that leads out of the volume."""
        top = self._root / path
        try:
            if top.is_file():
                return [self._file(top)]
            # links to folders are followed: caches of models are made of them
            walk = os.walk(top, followlinks=True) if top.is_dir() else ()
            return sorted(
                (
                    self._file(Path(folder, name))
                    for folder, _, names in walk
                    if self._inside(Path(folder))
                    for name in names
                ),
                key=lambda file: file.path,
            )
        except PermissionError as error:
            raise self._refused(error) from error
        except OSError as error:
            raise SourceError(f"`{path}`: {error.strerror}") from error

    def read(self, file: SourceFile, start: int) -> Iterator[bytes]:
        """Yield the bytes of `file` from `start` on."""
        try:
            with (self._root / file.path).open("rb") as stream:
                stream.seek(start)
                while chunk := stream.read(CHUNK_BYTES):
                    yield chunk
        except PermissionError as error:
            raise self._refused(error) from error
        except OSError as error:
            raise SourceError(f"`{file.path}`: {error.strerror}") from error

    def _file(self, path: Path) -> SourceFile:
        self._inside(path)
        name, status = path.relative_to(self._root).as_posix(), path.stat()
        return SourceFile(path=clean(name, self.name), size=status.st_size, tag=str(status.st_mtime_ns))

    def _inside(self, path: Path) -> bool:
        if path.resolve().is_relative_to(self._root.resolve()):
            return True
        name = PurePosixPath(path).relative_to(self._root)
        message = f"`{name}` of `{self.name}` is a link that leads out of it"
        raise StageError("RUN769", message, "put the file itself there, not a link")

    def _refused(self, error: PermissionError) -> StageError:
        message = f"`{error.filename}` may not be read"
        return StageError("RUN767", message, "let the group of the pod (65532) read what is to be loaded")
