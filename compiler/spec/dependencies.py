"""What one compilation read: noted by the load phase, so that the cache can see whether all of it is still the same."""

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from compiler.spec.files import open_file, read_file

_SMALL = 4 << 20

# path relative to the spec's folder, what was asked of it (a key of `_ASK`), and the answer
Note = tuple[str, str, str]


class Reads:
    """Collects what the load phase looks at outside of the compiler: files, whether something is there, and listings.

    Paths are noted relative to `base`, the spec's folder, with where a link among them leads to, so that notes hold in
    another checkout and a file that becomes a link is seen. `complete` is set once the load phase has told everything.
    """

    def __init__(self, base: Path) -> None:
        self.complete = False
        self._base = os.path.realpath(base)
        self._notes: dict[tuple[str, str], str] = {}

    @property
    def notes(self) -> tuple[Note, ...]:
        """Everything noted, sorted, each once."""
        return tuple(sorted((path, asked, answer) for (path, asked), answer in self._notes.items()))

    def file(self, path: Path, sha256: str) -> None:
        """A file was read as a whole, and this is the SHA-256 of its bytes."""
        self._note(path, "file", sha256)

    def there(self, path: Path, kind: str) -> bool:
        """Whether a `file` or a `folder` is there."""
        found = _kind(str(path))
        self._note(path, "kind", found)
        return found == kind

    def names(self, folder: Path) -> list[str]:
        """The names inside of a folder, sorted; none where there is no folder."""
        found = _names(str(folder))
        self._note(folder, "names", _digest_of(found))
        return found

    def _note(self, path: Path, asked: str, answer: str) -> None:
        name = str(path)
        inside = f"{self._base}{os.sep}"
        if name.startswith(inside) and ".." not in name:
            relative = name.removeprefix(inside)
        else:
            relative = os.path.relpath(os.path.join(self._base, name), self._base)
        self._notes[relative, asked] = _with_link(self._base, relative, answer)


def hold(base: Path, notes: Iterable[Note]) -> bool:
    """Whether everything that was noted of a spec in the folder `base` is still so."""
    root = os.path.realpath(base)
    return all(_with_link(root, path, _ask(os.path.join(root, path), asked)) == answer for path, asked, answer in notes)


def _file(path: str) -> str:
    if os.path.getsize(path) < _SMALL:
        return hashlib.sha256(read_file(path, _SMALL)).hexdigest()
    with open_file(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]


def _ask(path: str, asked: str) -> str:
    try:
        return _ASK[asked](path)
    except (OSError, KeyError):
        return "unreadable"


def _kind(path: str) -> str:
    return "file" if os.path.isfile(path) else "folder" if os.path.isdir(path) else "absent"


def _names(folder: str) -> list[str]:
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def _digest_of(names: list[str]) -> str:
    return hashlib.sha256("\0".join(names).encode("utf-8", "surrogateescape")).hexdigest()


def _with_link(base: str, relative: str, answer: str) -> str:
    """The answer, with where the path leads to if a part of it is a link."""
    at = base
    for part in relative.split(os.sep):
        at = f"{at}{os.sep}{part}"
        if os.path.islink(at):
            leads = os.path.relpath(os.path.realpath(os.path.join(base, relative)), base)
            return f"{answer} {leads}"
    return answer


_ASK: dict[str, Callable[[str], str]] = {
    "file": _file,
    "kind": _kind,
    "names": lambda folder: _digest_of(_names(folder)),
}
