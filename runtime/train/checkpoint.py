"""Whole checkpoints: a manifest, written after all other files, makes one valid."""

import json
import re
import shutil
from pathlib import Path

from runtime.contract.files import sync_folder
from runtime.stage.files import sync_files, write_json

MANIFEST_FILE = "trainspec-manifest.json"
_NAME = re.compile(r"checkpoint-(\d+)")


def seal(checkpoint: Path, config_sha256: str) -> None:
    """Flush every file of `checkpoint` to the disk, then write the manifest with their sizes."""
    sizes = {path.relative_to(checkpoint).as_posix(): path.stat().st_size for path in sync_files(checkpoint)}
    write_json(checkpoint / MANIFEST_FILE, {"config_sha256": config_sha256, "files": sizes})
    sync_folder(checkpoint.parent)


def is_whole(checkpoint: Path, config_sha256: str) -> bool:
    """Return whether the manifest belongs to this config and all its files are complete."""
    try:
        manifest = json.loads((checkpoint / MANIFEST_FILE).read_text(encoding="utf-8"))
        sizes: dict[str, int] = manifest["files"]
        same_config = manifest["config_sha256"] == config_sha256
        return (
            same_config
            and bool(sizes)
            and all((checkpoint / name).stat().st_size == size for name, size in sizes.items())
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def newest_whole(folder: Path, config_sha256: str) -> tuple[Path | None, list[str]]:
    """Return the newest whole checkpoint, and the names of newer ones, which it discards.

    Older checkpoints stay; the trainer removes them during training.
    """
    discarded: list[str] = []
    if not folder.is_dir():
        return None, discarded
    numbered = [(int(match.group(1)), path) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))]
    for _, path in sorted(numbered, reverse=True):
        if is_whole(path, config_sha256):
            return path, discarded
        _discard(path)
        discarded.append(path.name)
    return None, discarded


def _discard(checkpoint: Path) -> None:
    """Remove an unfinished checkpoint; rename a finished but damaged one to `broken-*`."""
    aside = checkpoint.with_name(f"broken-{checkpoint.name}")
    shutil.rmtree(aside, ignore_errors=True)
    if (checkpoint / MANIFEST_FILE).exists():
        checkpoint.rename(aside)
    else:  # a full disk may be the reason that it is unfinished, so free the space
        shutil.rmtree(checkpoint)
