"""A record of the files loaded into a folder: the source version of each, and its digest."""

import json
from pathlib import Path
from typing import Any

from runtime.make.inputs.source import SourceFile
from runtime.stage.files import write_json

NAME = ".trainspec-load.json"


class LoadedFiles:
    """The record of one folder, kept in it.

    It replaces the digests of model files, which a plan does not have.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._files = _read(self._path)

    def digest_of(self, path: str, file: SourceFile, source: str) -> str | None:
        """Return the SHA-256 of `path` if this version of `file` was loaded there, else None."""
        known = self._files.get(path)
        same = isinstance(known, dict) and known.get("version") == _version(file, source)
        return str(known["sha256"]) if same and known and "sha256" in known else None

    def add(self, path: str, file: SourceFile, source: str, sha256: str) -> None:
        """Record a loaded file at once, so that a killed stage resumes after it."""
        self._files[path] = {"version": _version(file, source), "sha256": sha256}
        write_json(self._path, {"files": self._files})


def _version(file: SourceFile, source: str) -> list[object]:
    return [source, file.path, file.size, file.tag]


def _read(path: Path) -> dict[str, Any]:
    try:
        files = json.loads(path.read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, LookupError, TypeError):
        return {}
    return files if isinstance(files, dict) else {}
