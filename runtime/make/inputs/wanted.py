"""What a load copies: files and folders, where each comes from and goes to, and whether it is there already."""

import fcntl
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from runtime.contract.digests import folder_digest
from runtime.contract.errors import StageError
from runtime.contract.hub import HubModel
from runtime.make.inputs.copy import Fetcher, not_as_planned, part_of
from runtime.make.inputs.loaded_files import LoadedFiles
from runtime.make.inputs.source import Source, SourceFile


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A file or folder to copy from `origin` of the `source` to `path` below `root`.

    `sha256` is the plan's digest: of the file itself, or of the list of a folder's files; None if the plan has none.
    `counts` returns whether a file of a folder, given its path there, belongs to the copy. `code` is the diagnostic if
    the source lacks it. `with_code`: whether the Python files of a hub's model belong to it.
    """

    path: str
    source: Source
    origin: str
    root: Path
    sha256: str | None
    code: str
    counts: Callable[[str], bool]
    with_code: bool = False

    @property
    def target(self) -> Path:
        """The path of the copy."""
        return self.root / self.path

    @property
    def is_model(self) -> bool:
        """Whether it is a model.

        As a sort key, it puts data first, which then fails before a model copies for minutes.
        """
        return self.code == "RUN720"


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The source's files for something wanted, by path below it; empty for a single file."""

    wanted: Wanted
    files: dict[str, SourceFile] = field(default_factory=dict)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return "" not in self.files

    @property
    def is_named_by_content(self) -> bool:
        """Whether it is a hub's model, of which a part of a file stays valid."""
        return any(file.is_named_by_content for file in self.files.values())


def wanted_of_hub(model: HubModel, hub: Source, models: Path, *, with_code: bool) -> Wanted:
    """Return a hub's model as something to copy to the models volume."""
    return Wanted(
        path=model.path,
        source=hub,
        origin=model.path,
        root=models,
        sha256=None,
        code="RUN720",
        counts=bool,  # the hub lists what belongs to the model, and nothing else
        with_code=with_code,
    )


def find(wanted: Wanted, fetcher: Fetcher) -> Found:
    """Return the files of the source; the errors of the source, RUN768 if it keeps failing."""
    files = fetcher.retry(wanted.source, lambda: wanted.source.find(wanted.origin))
    if [file.path for file in files] == [wanted.origin]:
        return Found(wanted=wanted, files={"": files[0]})
    inside = {file.path[len(wanted.origin) + 1 :]: file for file in files}
    return Found(wanted=wanted, files={path: file for path, file in inside.items() if wanted.counts(path)})


def check_space(found: Sequence[Found]) -> None:
    """Check that the volumes have room for what is not there yet; RUN730 if not."""
    needed: dict[Path, int] = {}
    for each in found:
        missing = sum(_missing(each.wanted.target / path, file) for path, file in each.files.items())
        needed[each.wanted.root] = needed.get(each.wanted.root, 0) + missing
    for root, size in needed.items():
        usage = shutil.disk_usage(root)
        if usage.total and usage.free < size:
            message = (
                f"the volume of {root.name} has {usage.free / 1e9:.1f} GB free, but {size / 1e9:.1f} GB are to come"
            )
            hint = "free space or make the claim larger, and run it again: what is there is kept"
            raise StageError("RUN730", message, hint)


def copy(found: Found, fetcher: Fetcher) -> str:
    """Copy a file or a folder and return its digest; RUN711 if it differs from the plan's."""
    wanted = found.wanted
    if not found.is_folder:
        return fetcher.fetch(wanted.source, found.files[""], wanted.root, wanted.path, wanted.sha256)
    if not found.is_named_by_content:
        return _copy_folder(found, fetcher)
    with _locked(wanted.target, fetcher):
        return _copy_folder(found, fetcher)


def _copy_folder(found: Found, fetcher: Fetcher) -> str:
    wanted = found.wanted
    known = LoadedFiles(wanted.target)
    digests = {}
    # The config comes last: without it, nobody mistakes a partial folder for a model.
    for path in sorted(found.files, key=lambda path: (path == "config.json", path)):
        file = found.files[path]
        digest = file.sha256 or known.digest_of(path, file, wanted.source.name)
        if digest is not None and fetcher.has_file(wanted.target / path, digest, size=file.size):
            fetcher.keep(file.size)
        else:
            digest = fetcher.fetch(wanted.source, file, wanted.root, f"{wanted.path}/{path}", None)
        known.add(path, file, wanted.source.name, digest)
        digests[path] = digest
    whole = folder_digest(digests)
    if found.is_named_by_content:
        known.finish(digests, code=wanted.with_code)
    if wanted.sha256 is not None:
        if whole != wanted.sha256:
            raise not_as_planned(wanted.origin, wanted.source.name, whole, wanted.sha256)
        _remove_others(wanted, set(digests))
    return whole


def whole_model(wanted: Wanted, fetcher: Fetcher) -> str | None:
    """Return the digest of a hub's model that is already there whole, without asking the hub; None if it is not."""
    files = LoadedFiles(wanted.target).whole(code=wanted.with_code)
    if not files or not all(fetcher.has_file(wanted.target / path, *known) for path, known in files.items()):
        return None
    fetcher.kept_files += len(files)
    return folder_digest({path: sha256 for path, (sha256, _) in files.items()})


def _missing(target: Path, file: SourceFile) -> int:
    """Return how many bytes of a file are not there yet."""
    if target.is_file() and target.stat().st_size == file.size:
        return 0
    part = part_of(target)
    return file.size - (min(part.stat().st_size, file.size) if file.is_named_by_content and part.is_file() else 0)


@contextmanager
def _locked(folder: Path, fetcher: Fetcher) -> Iterator[None]:
    """Let one process at a time fill a model's folder, as two would write the same part; others wait."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".trainspec-load.lock").open("w", encoding="utf-8") as stream:
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                fetcher.check_stop()
                time.sleep(0.2)
            except OSError:  # a volume without locks
                break
        yield


def _remove_others(wanted: Wanted, names: set[str]) -> None:
    """Remove files of an earlier load that would count but are not in the plan."""
    for path in sorted(wanted.target.rglob("*")):
        name = path.relative_to(wanted.target).as_posix()
        hidden = path.name.startswith(".")  # the record of loads, and files that another load is writing
        if path.is_file() and not hidden and wanted.counts(name) and name not in names:
            path.unlink()
