"""Compare a rendered plan with its folder, whatever the line ends there, and replace the folder as a whole."""

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from compiler.diagnostics import Diagnostic, Location, diagnostic
from compiler.render.bundle import RenderedBundle
from compiler.spec.files import read_file
from runtime.contract.digests import with_lf

MAX_FILE_BYTES = 64 << 20  # larger than any file of a plan


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One file that differs: `action` is `create`, `update` or `delete`; a text is None if there is no file."""

    action: str
    name: str
    before: str | None
    after: str | None


def changes(bundle: RenderedBundle, folder: Path) -> tuple[Change, ...]:
    """Return the changes that writing the bundle would make to the plan folder, sorted by file name."""
    return tuple(sorted(_changes(bundle, folder), key=lambda change: change.name))


def _changes(bundle: RenderedBundle, folder: Path) -> Iterator[Change]:
    wanted = {file.name: file.text for file in bundle.files}
    present = {path.name: path for path in _entries(folder)}
    for name, text in wanted.items():
        before = _read(present[name]) if name in present else None
        if before != text:
            yield Change(action="create" if name not in present else "update", name=name, before=before, after=text)
    for name in present.keys() - wanted.keys():
        yield Change(action="delete", name=name, before=_read(present[name]), after=None)


def _entries(folder: Path) -> list[Path]:
    """Return the entries of the folder; none if it is missing or unreadable, which `write` reports later."""
    try:
        return list(folder.iterdir()) if folder.is_dir() else []
    except OSError:
        return []


def _content(path: Path | str) -> bytes:
    """Return a file of a plan as it was rendered: Git may have changed its line ends."""
    return with_lf(read_file(path, MAX_FILE_BYTES))


def _read(path: Path) -> str | None:
    try:
        return _content(path).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def bundle_digest(bundle: RenderedBundle) -> str:
    """Return a digest of all names and texts, equal to `folder_digest` of a folder with exactly these files."""
    return _digest((file.name, file.text.encode("utf-8")) for file in bundle.files)


def folder_digest(folder: Path) -> str | None:
    """Return a digest of the names and contents in a plan folder; None if it cannot be read."""
    try:
        return _digest((name, _content(f"{folder}/{name}")) for name in sorted(os.listdir(folder)))
    except OSError:
        return None


def folder_files(folder: Path, digest: str) -> dict[str, bytes] | None:
    """Return the files of a plan folder by name; None if `digest` is not the digest of the folder (any more)."""
    mounted = folder / "..data"  # a kubelet keeps the files of a ConfigMap here; the folder itself holds links
    place = mounted if mounted.is_dir() else folder
    try:
        files = {name: _content(f"{place}/{name}") for name in sorted(os.listdir(place))}
    except OSError:
        return None
    return files if _digest(files.items()) == digest else None


def _digest(files: Iterable[tuple[str, bytes]]) -> str:
    digest = hashlib.sha256()
    for name, content in files:
        digest.update(f"{name}\0{len(content)}\0".encode("utf-8", "surrogateescape"))
        digest.update(content)
    return digest.hexdigest()


def write(bundle: RenderedBundle, folder: Path, shown: str) -> Diagnostic | None:
    """Replace the plan folder with the bundle; return a diagnostic on failure.

    The new folder is written next to the old one, then renamed, so that a kill or a full disk leaves either the old
    plan or the new one. Files are not synced to disk one by one, which took longer than the whole compilation: after
    a power loss, the next compile compares the files on disk and writes the plan again.
    """
    if folder.is_symlink() or (folder.exists() and not _is_ours(folder)):
        message = f"`{shown}` was not written by trainspec, and is not replaced"
        return diagnostic("RND503", message, Location(path=shown), hint="move it away, then compile again")
    import tempfile

    staged = None
    try:
        staged = Path(tempfile.mkdtemp(prefix=f".{folder.name}.new-", dir=folder.parent))
        for file in bundle.files:
            _write_file(staged / file.name, file.text)
        staged.chmod(0o755)
        _swap(staged, folder)
    except OSError as error:
        if staged is not None:
            _remove(staged)
        message = f"cannot write the plan: {(error.strerror or str(error)).lower()}"
        return diagnostic(
            "RND503", message, Location(path=shown), hint="free space or fix permissions, then compile again"
        )
    return None


def _is_ours(folder: Path) -> bool:
    return folder.is_dir() and ((folder / "PLAN.md").is_file() or not any(folder.iterdir()))


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock the parent of a plan folder, so that two compiles do not remove each other's files."""
    descriptor = os.open(folder.parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Clean up after a killed compile: restore a plan that was being replaced, and remove half-written ones."""
    retired = folder.parent / f".{folder.name}.old"
    if retired.is_dir() and not folder.exists():
        retired.rename(folder)
    for name in os.listdir(folder.parent):
        if name == retired.name or name.startswith(f".{folder.name}.new-"):
            _remove(folder.parent / name)


def _remove(folder: Path) -> None:
    import shutil  # most compiles write nothing

    shutil.rmtree(folder, ignore_errors=True)


def recover(folder: Path) -> None:
    """Run `sweep` once no other compile holds the lock; ignore errors, which `write` reports later."""
    with suppress(OSError), locked(folder):
        sweep(folder)


def _write_file(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8"))


def _swap(staged: Path, folder: Path) -> None:
    """Swap the folders with two renames; `sweep` undoes the first if the process dies between them."""
    retired = folder.parent / f".{folder.name}.old"
    if folder.exists():
        folder.rename(retired)
    try:
        staged.rename(folder)
    except OSError:
        with suppress(OSError):
            retired.rename(folder)
        raise
    _remove(retired)
