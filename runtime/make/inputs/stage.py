"""Copy models and data into a plan's volumes: the first stage of a plan with a source.

A file is written under a temporary name and renamed once its digest is right, so that a killed stage leaves no partial
file. Files that already exist with the right digest are not fetched again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from runtime.contract.digests import folder_digest
from runtime.contract.errors import StageError
from runtime.contract.stages import LoadStage
from runtime.data.files import counts_as_data
from runtime.make.inputs.copy import Fetcher, not_as_planned
from runtime.make.inputs.loaded_files import LoadedFiles
from runtime.make.inputs.open import open_source
from runtime.make.inputs.source import Source, SourceFile
from runtime.stage.context import StageContext
from runtime.stage.report import Outcome

MODELS, SPECS = "models", "specs"  # the two folders of a source


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A file or folder to copy from `origin` of the source to `path` below `root`.

    `sha256` is the plan's digest: of the file itself, or of the list of a folder's files; None if the plan has none.
    `counts` returns whether a file of a folder, given its path there, belongs to the copy. `code` is the diagnostic if
    the source lacks it.
    """

    path: str
    origin: str
    root: Path
    sha256: str | None
    code: str
    counts: Callable[[str], bool]

    @property
    def target(self) -> Path:
        """The path of the copy."""
        return self.root / self.path


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The source's files for something wanted, by path below it; empty for a single file."""

    wanted: Wanted
    files: dict[str, SourceFile] = field(default_factory=dict)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return "" not in self.files


def run(stage: LoadStage, context: StageContext) -> Outcome:
    """Copy all missing files.

    RUN720 or RUN721 if the source lacks something, RUN711 if a digest differs.
    """
    source = open_source(stage.source)
    fetcher = Fetcher(source, context)
    context.events.emit("phase", name="look")
    wanted = list(_wanted(stage, context))
    missing = [each for each in wanted if not fetcher.has_file(each.target, each.sha256)]
    found = [_find(each, source, fetcher) for each in missing]
    lacking = [each.wanted for each in found if not each.files]
    if lacking:
        names = ", ".join(f"`{each.origin}`" for each in lacking)
        message = f"`{source.name}` has no {names}"
        raise StageError(lacking[0].code, message, "copy them to the source, then run the stage again")
    context.events.emit("phase", name="fetch")
    fetcher.expect(sum(file.size for each in found for file in each.files.values()))
    models: dict[str, str] = {}
    for each in sorted(found, key=_is_model):
        digest = _copy(each, fetcher)
        models |= {each.wanted.path: digest} if _is_model(each) else {}
    kept = fetcher.kept_files + len(wanted) - len(missing)
    report = {"source": source.name, "fetched": fetcher.fetched_files, "fetched_bytes": fetcher.fetched_bytes}
    return Outcome(report={**report, "kept": kept, "models": models})


def _wanted(stage: LoadStage, context: StageContext) -> Iterator[Wanted]:
    models, data = context.volumes.models, context.volumes.data
    for path in dict.fromkeys([stage.model.path, *stage.teachers]):
        yield Wanted(path=path, origin=f"{MODELS}/{path}", root=models, sha256=None, code="RUN720", counts=_is_visible)
    below = f"{SPECS}/{stage.folder}"
    files = {block.path: block.sha256 for block in stage.data} | stage.files
    for path, sha256 in files.items():
        yield Wanted(
            path=path, origin=f"{below}/{path}", root=data, sha256=sha256, code="RUN721", counts=counts_as_data
        )
    for path, sha256 in stage.folders.items():
        yield Wanted(path=path, origin=f"{below}/{path}", root=data, sha256=sha256, code="RUN721", counts=_is_direct)


def _is_visible(path: str) -> bool:
    """Return whether a file of a model is visible, unlike those of `.git` and `.cache`."""
    return not any(part.startswith(".") for part in path.split("/"))


def _is_direct(path: str) -> bool:
    return "/" not in path


def _find(wanted: Wanted, source: Source, fetcher: Fetcher) -> Found:
    files = fetcher.retry(lambda: source.find(wanted.origin))
    if [file.path for file in files] == [wanted.origin]:
        return Found(wanted=wanted, files={"": files[0]})
    inside = {file.path[len(wanted.origin) + 1 :]: file for file in files}
    return Found(wanted=wanted, files={path: file for path, file in inside.items() if wanted.counts(path)})


def _is_model(found: Found) -> bool:
    """Return whether it is a model.

    As a sort key, it puts data first, which then fails before a model copies for minutes.
    """
    return found.wanted.code == "RUN720"


def _copy(found: Found, fetcher: Fetcher) -> str:
    """Copy a file or a folder and return its digest; RUN711 if it differs from the plan's."""
    wanted = found.wanted
    if not found.is_folder:
        return fetcher.fetch(found.files[""], wanted.root, wanted.path, wanted.sha256)
    known, source_name = LoadedFiles(wanted.target), fetcher.source.name
    digests = {}
    # The config comes last: without it, nobody mistakes a partial folder for a model.
    for path in sorted(found.files, key=lambda path: (path == "config.json", path)):
        file = found.files[path]
        digest = known.digest_of(path, file, source_name)
        if digest is None or not fetcher.has_file(wanted.target / path, digest, size=file.size):
            digest = fetcher.fetch(file, wanted.root, f"{wanted.path}/{path}", None)
            known.add(path, file, source_name, digest)
        digests[path] = digest
    whole = folder_digest(digests)
    if wanted.sha256 is not None:
        if whole != wanted.sha256:
            raise not_as_planned(wanted.origin, source_name, whole, wanted.sha256)
        _remove_others(wanted, set(digests))
    return whole


def _remove_others(wanted: Wanted, names: set[str]) -> None:
    """Remove files of an earlier load that would count but are not in the plan."""
    for path in sorted(wanted.target.rglob("*")):
        name = path.relative_to(wanted.target).as_posix()
        hidden = path.name.startswith(".")  # the record of loads, and files that another load is writing
        if path.is_file() and not hidden and wanted.counts(name) and name not in names:
            path.unlink()
