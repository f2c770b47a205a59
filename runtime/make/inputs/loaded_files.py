"""What a load brought into a folder: which version of each file of the source, and the digest that it had."""

import json
from pathlib import Path
from typing import Any

from runtime.make.inputs.source import SourceFile
from runtime.stage.files import write_json

NAME = ".trainspec-load.json"


class LoadedFiles:
    """Notes of one folder, kept in it: a plan knows no digest of a model's files, so those that were seen count."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._files = _read(self._path)

    def digest_of(self, path: str, file: SourceFile, source: str) -> str | None:
        """Return the SHA-256 that `path` had when this very version of it was loaded; None if it was not."""
        known = self._files.get(path)
        same = isinstance(known, dict) and known.get("version") == _version(file, source)
        return str(known["sha256"]) if same and known and "sha256" in known else None

    def note(self, path: str, file: SourceFile, source: str, sha256: str) -> None:
        """Note what was loaded; after each file, so that a stage that is killed goes on behind it."""
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
