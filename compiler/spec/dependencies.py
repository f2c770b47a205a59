"""The reads of one compilation: the load phase notes them, so that the cache detects changes."""

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from compiler.spec.files import open_file, read_file
from runtime.contract.digests import content_digest, stream_digest

_SMALL = 4 << 20

# path relative to the spec's folder, a key of `_LOOKUPS`, and the result of the lookup
Note = tuple[str, str, str]


class Reads:
    """Notes the reads of the load phase: files, whether paths exist, and folder listings.

    Paths are relative to `base`, the spec's folder, so that notes are valid in another checkout. A note contains the
    target of a link, so that a file that becomes a link is detected. `complete` is set once the load phase has noted
    everything.
    """

    def __init__(self, base: Path) -> None:
        self.complete = False
        self._base = os.path.realpath(base)
        self._notes: dict[tuple[str, str], str] = {}

    @property
    def notes(self) -> tuple[Note, ...]:
        """All notes, sorted, each once."""
        return tuple(sorted((path, lookup, result) for (path, lookup), result in self._notes.items()))

    def file(self, path: Path, sha256: str) -> None:
        """Note that a file was read whole, with the digest of its content."""
        self._note(path, "file", sha256)

    def exists(self, path: Path, kind: str) -> bool:
        """Whether a path exists and is of the kind `file` or `folder`."""
        found = _kind(str(path))
        self._note(path, "kind", found)
        return found == kind

    def names(self, folder: Path) -> list[str]:
        """Return the names in a folder, sorted; none if the folder does not exist."""
        found = _names(str(folder))
        self._note(folder, "names", _digest_of(found))
        return found

    def _note(self, path: Path, lookup: str, result: str) -> None:
        name = str(path)
        inside = f"{self._base}{os.sep}"
        if name.startswith(inside) and ".." not in name:
            relative = name.removeprefix(inside)
        else:
            relative = os.path.relpath(os.path.join(self._base, name), self._base)
        self._notes[relative, lookup] = _with_link(self._base, relative, result)


def unchanged(base: Path, notes: Iterable[Note]) -> bool:
    """Whether every lookup of a spec in the folder `base` still has the noted result."""
    root = os.path.realpath(base)
    return all(
        _with_link(root, path, _look_up(os.path.join(root, path), lookup)) == result for path, lookup, result in notes
    )


def _file(path: str) -> str:
    if os.path.getsize(path) < _SMALL:
        return content_digest(read_file(path, _SMALL))
    with open_file(path) as stream:
        return stream_digest(stream)


def _look_up(path: str, lookup: str) -> str:
    try:
        return _LOOKUPS[lookup](path)
    except (OSError, KeyError):
        return "unreadable"


def _kind(path: str) -> str:
    return "file" if os.path.isfile(path) else "folder" if os.path.isdir(path) else "absent"


def _names(folder: str) -> list[str]:
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def _digest_of(names: list[str]) -> str:
    return hashlib.sha256("\0".join(names).encode("utf-8", "surrogateescape")).hexdigest()


def _with_link(base: str, relative: str, result: str) -> str:
    """Return the result, followed by the real path if a part of the path is a link."""
    at = base
    for part in relative.split(os.sep):
        at = f"{at}{os.sep}{part}"
        if os.path.islink(at):
            target = os.path.relpath(os.path.realpath(os.path.join(base, relative)), base)
            return f"{result} {target}"
    return result


_LOOKUPS: dict[str, Callable[[str], str]] = {
    "file": _file,
    "kind": _kind,
    "names": lambda folder: _digest_of(_names(folder)),
}
