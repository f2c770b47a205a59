"""Resolve paths and names of a spec: paths are relative to the spec's folder and stay in it."""

import difflib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from compiler.diagnostics import Diagnostic, Location, diagnostic
from compiler.diagnostics.wording import alternatives
from compiler.spec.dependencies import Reads
from compiler.spec.files import digest_of, reason
from compiler.spec.yaml.document import SourceDocument
from runtime.contract.foreign import pointer_at


class Reader:
    """Resolves paths of one spec's folder; `found` collects diagnostics, `reads` notes lookups."""

    def __init__(self, *, folder: Path, shown: Path, document: SourceDocument, reads: Reads) -> None:
        self.folder = folder
        self.reads = reads
        self.document = document
        self.found: list[Diagnostic] = []
        self.shown = shown

    def show(self, relative: Path) -> str:
        """Return a path of the spec's folder as shown to people, without `..` in the middle."""
        parts: list[str] = []
        for part in (self.shown / relative).parts:
            if part == ".." and parts and parts[-1] != "..":
                parts.pop()
            else:
                parts.append(part)
        return str(Path(*parts))

    def resolve(self, relative: str, where: Location, *, folder: bool = False) -> Path | None:
        """Return the file or `folder` that a field names; None, and a diagnostic, if it is missing."""
        pure = PurePosixPath(relative)
        kind = "folder" if folder else "file"
        try:
            path = (self.folder / relative).resolve()
            outside = (
                pure.is_absolute() or ".." in pure.parts or "\\" in relative or not path.is_relative_to(self.folder)
            )
            exists = not outside and self.reads.exists(self.folder / relative, kind)
        except (OSError, RuntimeError) as error:  # a loop of links, a name too long, an unreadable folder
            why = getattr(error, "strerror", None) or "it links to itself"
            message = f"cannot read {kind} `{relative[:80]}`: {why.lower()}"
            self.found.append(diagnostic("CHK201", message, where, hint="correct the path, or fix its permissions"))
            return None
        if outside:
            message = f"`{relative}` leaves the spec's folder"
            self.found.append(
                diagnostic("CHK202", message, where, hint=f"use a {kind} below the spec's folder, without `..`")
            )
            return None
        if not exists:
            hint = self._close_path(pure, folder) or f"add the {kind}, or correct the path"
            self.found.append(
                diagnostic("CHK201", f"{kind} `{self.show(Path(relative))}` does not exist", where, hint=hint)
            )
            return None
        return path

    def digest(self, path: Path, where: Location, limit: int) -> str:
        """Return the content digest of a file of at most `limit` bytes; "", and a diagnostic, if unreadable."""
        if found := pointer_at(path):
            self.found.append(diagnostic("CHK237", f"`{path.name}` is {found.what}", where, hint=found.hint))
            return ""
        try:
            sha256 = digest_of(path, limit)
        except OSError as error:
            message = f"cannot read `{path.name}`: {reason(error)}"
            self.found.append(diagnostic("CHK201", message, where, hint="make it smaller, or fix its permissions"))
            return ""
        self.reads.file(path, sha256)
        return sha256

    def _close_path(self, pure: PurePosixPath, folder: bool) -> str:
        try:
            parent = (self.folder / pure.parent).resolve()
            names = sorted(
                entry.name for entry in parent.iterdir() if entry.is_dir() == folder and entry.name != pure.name
            )
        except OSError:
            return ""
        close = difflib.get_close_matches(pure.name, names, n=1)
        return f"did you mean `{pure.parent / close[0]}`?" if close else ""


def close_or_known(name: str, known: Iterable[str]) -> str:
    """Return a hint for an unknown name: the closest known name, or all known names."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean `{close[0]}`?" if close else f"use {alternatives(known)}"
