"""A mounted folder as a source."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from runtime.contract.errors import StageError
from runtime.make.inputs.source import SourceError, SourceFile, clean

CHUNK_BYTES = 4 << 20


class Folder:
    """A source volume, mounted read-only next to the others."""

    def __init__(self, root: Path) -> None:
        self.name = str(root)
        self._root = root

    def find(self, path: str) -> list[SourceFile]:
        """Return the file at `path`, or the files below it.

        RUN769 for a link that leads out of the volume.
        """
        top = self._root / path
        try:
            if top.is_file():
                return [self._file(top)]
            # Follow links to folders, which caches of models consist of.
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
        message = f"`{name}` of `{self.name}` is a link that leads out of the volume"
        raise StageError("RUN769", message, "replace the link by the file itself")

    def _refused(self, error: PermissionError) -> StageError:
        message = f"`{error.filename}` is not readable: permission denied"
        return StageError("RUN767", message, "let the group of the pod (65532) read the folder and its files")
