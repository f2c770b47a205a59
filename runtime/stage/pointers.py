"""Refuse files that only point at the file that they should be, before a library fails on them."""

from pathlib import Path

from runtime.contract.errors import StageError
from runtime.contract.foreign import pointer_at


def refuse_pointers(place: Path, shown: str) -> None:
    """Raise RUN706 if the file at `place`, or one directly in the folder there, is a Git LFS pointer."""
    for path in sorted(place.iterdir()) if place.is_dir() else [place]:
        if found := pointer_at(path):
            name = f"`{path.name}` of `{shown}`" if place.is_dir() else f"`{shown}`"
            raise StageError("RUN706", f"{name} is {found.what}", f"{found.hint}, then copy it to the volume again")
