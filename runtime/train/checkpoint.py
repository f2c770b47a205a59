"""Checkpoints count only when whole: a manifest of ours is written when all its files are on the disk."""

import json
import re
import shutil
from pathlib import Path

from runtime.contract.files import sync_folder
from runtime.stage.files import sync_files, write_json

MANIFEST_FILE = "trainspec-manifest.json"
_NAME = re.compile(r"checkpoint-(\d+)")


def seal(checkpoint: Path, config_sha256: str) -> None:
    """Flush every file of `checkpoint` to the disk, then write the manifest that makes it count."""
    sizes = {path.relative_to(checkpoint).as_posix(): path.stat().st_size for path in sync_files(checkpoint)}
    write_json(checkpoint / MANIFEST_FILE, {"config_sha256": config_sha256, "files": sizes})
    sync_folder(checkpoint.parent)


def is_whole(checkpoint: Path, config_sha256: str) -> bool:
    """Tell whether the manifest is there, belongs to this config, and all its files are there in full."""
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
    """Return the newest whole checkpoint in `folder`, and the names of newer ones that were discarded.

    Older checkpoints are left alone: the trainer removes them as it goes.
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
    """Remove a checkpoint that was never finished; set one aside that was, and has since lost something."""
    aside = checkpoint.with_name(f"broken-{checkpoint.name}")
    shutil.rmtree(aside, ignore_errors=True)
    if (checkpoint / MANIFEST_FILE).exists():
        checkpoint.rename(aside)
    else:  # it may be what filled the disk
        shutil.rmtree(checkpoint)
