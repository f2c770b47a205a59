"""Finding what a spec names: paths are relative to the spec's folder and never lead out of it."""

import difflib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from compiler.diagnostics import Diagnostic, Location, diagnostic
from compiler.spec.dependencies import Reads
from compiler.spec.files import digest_of, reason
from compiler.spec.yaml.document import SourceDocument


class Reader:
    """Finds files of one spec's folder, none of them outside of it, and keeps what is wrong with them.

    `reads` is told of everything that is looked at.
    """

    def __init__(self, *, folder: Path, shown: Path, document: SourceDocument, reads: Reads) -> None:
        self.folder = folder
        self.reads = reads
        self.document = document
        self.found: list[Diagnostic] = []
        self.shown = shown

    def show(self, relative: Path) -> str:
        """A path of the spec's folder as people are shown it, without `..` in the middle."""
        parts: list[str] = []
        for part in (self.shown / relative).parts:
            if part == ".." and parts and parts[-1] != "..":
                parts.pop()
            else:
                parts.append(part)
        return str(Path(*parts))

    def resolve(self, relative: str, where: Location, *, folder: bool = False) -> Path | None:
        """The file, or with `folder` the folder, that the field at `where` names; None and a diagnostic if there is
        none.
        """
        pure = PurePosixPath(relative)
        kind = "folder" if folder else "file"
        try:
            path = (self.folder / relative).resolve()
            outside = (
                pure.is_absolute() or ".." in pure.parts or "\\" in relative or not path.is_relative_to(self.folder)
            )
            there = not outside and self.reads.there(self.folder / relative, kind)
        except (OSError, RuntimeError) as error:  # a loop of links, a name too long, a folder that may not be read
            why = getattr(error, "strerror", None) or "it links to itself"
            message = f"{kind} `{relative[:80]}` cannot be reached: {why.lower()}"
            self.found.append(diagnostic("CHK201", message, where, hint="correct the path, or its permissions"))
            return None
        if outside:
            message = f"`{relative}` leaves the spec's folder"
            self.found.append(
                diagnostic("CHK202", message, where, hint="name a file below the spec's folder, without `..`")
            )
            return None
        if not there:
            hint = self._close_path(pure, folder) or f"add the {kind}, or correct the path"
            self.found.append(
                diagnostic("CHK201", f"{kind} `{self.show(Path(relative))}` is not there", where, hint=hint)
            )
            return None
        return path

    def digest(self, path: Path, where: Location, limit: int) -> str:
        """SHA-256 of a file of at most `limit` bytes that the field at `where` leads to; empty, and told, where it
        cannot be read.
        """
        try:
            sha256 = digest_of(path, limit)
        except OSError as error:
            message = f"cannot read `{path.name}`: {reason(error)}"
            self.found.append(diagnostic("CHK201", message, where, hint="make it smaller, or mend its permissions"))
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


def close_or_known(name: str, known: Iterable[str], what: str) -> str:
    """A hint for a name that there is not: the one that is close to it, else all that are known."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean `{close[0]}`?" if close else f"known {what}: " + ", ".join(f"`{each}`" for each in known)
