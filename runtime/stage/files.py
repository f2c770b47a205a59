"""Atomic writes of JSON, text and folders: they are either whole or missing."""

import json
import os
from pathlib import Path
from typing import Any

from runtime.contract.files import sync_folder, write_atomically


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Write `document` atomically, even if the machine stops."""
    write_text(path, json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write `text` atomically in UTF-8."""
    write_atomically(path, text.encode("utf-8"))


def sync_files(folder: Path) -> list[Path]:
    """Flush every file under `folder` to the disk; return their paths, sorted."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in paths:
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
    sync_folder(folder)
    return paths


def finish_folder(temporary: Path, target: Path) -> None:
    """Flush the finished folder `temporary` to the disk, and rename it to `target`.

    Its files become readable for all users: safetensors restricts them to their owner, but a later stage may run as
    another user.
    """
    for path in sync_files(temporary):
        path.chmod(path.stat().st_mode | 0o044)
    temporary.rename(target)
    sync_folder(target.parent)
