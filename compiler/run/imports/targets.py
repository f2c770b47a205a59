"""The files that an import writes: whole or not at all, and never among the exports that it reads."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from compiler.diagnostics import Diagnostic, Location, diagnostic
from runtime.contract.files import sync_folder


def overwritten(paths: Sequence[Path], to: Path, badcases: Path | None) -> Iterator[Diagnostic]:
    """Yield that a file to write is an export, or lies among exports, where the next import would read it."""
    targets = {"--to": to} | ({"--badcases": badcases} if badcases else {})
    real = {name: os.path.realpath(path) for name, path in targets.items()}
    for name, path in targets.items():
        place = Location(path=str(path))
        for source in map(os.path.realpath, paths):
            if real[name] == source or real[name].startswith(os.path.join(source, "")):
                message = f"`{name}` names a file among the exports, which importing never changes"
                yield diagnostic("RND503", message, place, hint="write to a file outside of the exports")
                break
    if real.get("--badcases") == real["--to"]:
        message = "`--to` and `--badcases` name the same file"
        yield diagnostic("RND503", message, Location(path=str(to)), hint="give each a file of its own")


class NewFile:
    """A file that appears whole when it is kept, and not at all otherwise; without a path nothing is written."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stream: BinaryIO | None = None
        self._temporary = path and path.with_name(f".{path.name}.tmp-{os.getpid()}")

    def __enter__(self) -> "NewFile":
        if self._path is not None and self._temporary is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = self._temporary.open("wb")
        return self

    def write(self, content: bytes) -> None:
        """Write content."""
        if self._stream is not None:
            self._stream.write(content)

    def keep(self) -> None:
        """Put the file in place, on the disk as well."""
        if self._stream is not None and self._path is not None and self._temporary is not None:
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._temporary.replace(self._path)
            sync_folder(self._path.parent)

    def __exit__(self, *_: object) -> None:
        if self._stream is not None and self._temporary is not None:
            self._stream.close()
            self._temporary.unlink(missing_ok=True)
