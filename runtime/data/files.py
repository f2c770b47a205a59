"""The files of a data block: read once, and verified against the plan's digest."""

from dataclasses import dataclass, field
from pathlib import Path

from runtime.contract.blocks import DataBlock
from runtime.contract.data.file_formats import ANY_ENDING, EXPORT_HINT, ending_of, is_set_aside
from runtime.contract.digests import content_digest, folder_digest
from runtime.contract.errors import StageError
from runtime.contract.volumes import Volumes
from runtime.stage.pointers import refuse_pointers

MAX_NAMED = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class DataFile:
    """One file: its path below the volume, as in the plan, and its bytes."""

    path: str
    content: bytes = field(repr=False)


def read_planned(block: DataBlock, volumes: Volumes) -> tuple[DataFile, ...]:
    """Return the block's file, or the data files of its folder.

    Raises RUN721 or RUN722 for a missing file, RUN706 for a Git LFS pointer, RUN711 for a digest that differs from the
    plan's, RUN712 for a folder without data files, and RUN715 for one with files that nothing reads. Outputs of an
    earlier stage (`volume: outputs`) have no digest in the plan; the name of the Job identifies them.
    """
    root = volumes.outputs if block.volume == "outputs" else volumes.data
    path = root / block.path
    if not path.exists():
        raise _missing(block)
    names = _names_in(path, block.path) if path.is_dir() else [""]
    if not names:
        message = f"folder `{block.path}` contains no data file"
        raise StageError("RUN712", message, f"add a {ANY_ENDING} file")
    files = tuple(_read(root, f"{block.path}/{name}" if name else block.path) for name in names)
    digest = _digest_of_folder(files, block.path) if path.is_dir() else content_digest(files[0].content)
    if block.sha256 is not None and digest != block.sha256:
        for file in files:
            refuse_pointers(root / file.path, file.path)
        message = f"`{block.path}` has sha256 `{digest}`, but the plan was made for `{block.sha256}`"
        raise StageError("RUN711", message, "compile the plan again for the changed file, or restore the file")
    return files


def _names_in(folder: Path, shown: str) -> list[str]:
    """Return the data files of a folder at any depth, as sorted relative paths."""
    relatives = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    names = sorted(path for path in relatives if not is_set_aside(path))
    others = [name for name in names if not ending_of(name)]
    if others:
        named = ", ".join(f"`{name}`" for name in others[:MAX_NAMED]) + ", …" * (len(others) > MAX_NAMED)
        message = f"folder `{shown}` has files whose format is unknown ({len(others)}): {named}"
        raise StageError("RUN715", message, f"move them out of the folder; {EXPORT_HINT}")
    return names


def counts_as_data(path: str) -> bool:
    """Return whether the file at `path` in a folder contains rows: it has their format, and is not set aside."""
    return ending_of(path) != "" and not is_set_aside(path)


def _read(root: Path, name: str) -> DataFile:
    path = root / name
    if not path.resolve().is_relative_to(root.resolve()):
        raise StageError("RUN721", f"`{name}` is a link that leads out of its volume", "copy the file to the volume")
    return DataFile(path=name, content=path.read_bytes())


def _digest_of_folder(files: tuple[DataFile, ...], folder: str) -> str:
    return folder_digest({file.path[len(folder) + 1 :]: content_digest(file.content) for file in files})


def _missing(block: DataBlock) -> StageError:
    if block.volume == "outputs":
        message = f"`{block.path}` is missing under `TRAINSPEC_OUTPUTS`"
        return StageError("RUN722", message, "run the stage that writes it first")
    message = f"data file `{block.path}` is missing under `TRAINSPEC_DATA`"
    return StageError("RUN721", message, "copy the file to the data volume")
