"""A record of the files loaded into a folder: the source version of each, and its digest."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from runtime.make.inputs.source import SourceFile
from runtime.stage.files import write_json

NAME = ".trainspec-load.json"


class LoadedFiles:
    """The record of one folder, kept in it.

    It replaces the digests of model files, which a plan does not have. Of a hub's model, whose commit never changes, it
    also says that all files were loaded, so that nobody has to ask the hub again.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._record = _read(self._path)
        self._files = self._record["files"]

    def digest_of(self, path: str, file: SourceFile, source: str) -> str | None:
        """Return the SHA-256 of `path` if this version of `file` was loaded there, else None."""
        known = self._files.get(path)
        same = isinstance(known, dict) and known.get("version") == _version(file, source)
        return str(known["sha256"]) if same and known and "sha256" in known else None

    def add(self, path: str, file: SourceFile, source: str, sha256: str) -> None:
        """Record a loaded file at once, so that a killed stage resumes after it."""
        self._files[path] = {"version": _version(file, source), "sha256": sha256, "bytes": file.size}
        write_json(self._path, self._record)

    def finish(self, paths: Iterable[str], *, code: bool) -> None:
        """Record that these paths are the whole model; `code`: with its Python files."""
        self._record["whole"] = {"paths": sorted(paths), "code": code}
        write_json(self._path, self._record)

    def whole(self, *, code: bool) -> dict[str, tuple[str, int]]:
        """Return path → (SHA-256, size in bytes) of a whole model's files; empty unless all were loaded."""
        whole = self._record.get("whole") or {}
        try:
            if code and not whole["code"]:
                return {}
            return {path: (self._files[path]["sha256"], self._files[path]["bytes"]) for path in whole["paths"]}
        except (LookupError, TypeError):
            return {}


def _version(file: SourceFile, source: str) -> list[object]:
    return [source, file.path, file.size, file.tag]


def _read(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        record = {}
    usable = isinstance(record, dict) and isinstance(record.get("files"), dict)
    return record if usable else {"files": {}}
