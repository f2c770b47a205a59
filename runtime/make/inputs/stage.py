"""Brings models and data into the volumes that the stages of a plan read: the first stage of a plan with a source.

A file is written beside its place and renamed to it once it is whole and right, so that a stage that is killed leaves
nothing half. What is there already, and right, is not fetched again.
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
from runtime.make.inputs.open import source_of
from runtime.make.inputs.source import Source, SourceFile
from runtime.stage.context import StageContext
from runtime.stage.report import Outcome

MODELS, SPECS = "models", "specs"  # the two folders of a source


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A file or a folder to bring: from `origin` of the source to `path` below `root`.

    `sha256` is what the plan knows of it: of a file its own, of a folder that of its list. `counts` says of a file of a
    folder, by its path in there, whether it belongs to it. `code` is the failure if it is nowhere.
    """

    path: str
    origin: str
    root: Path
    sha256: str | None
    code: str
    counts: Callable[[str], bool]

    @property
    def target(self) -> Path:
        """Where it is to be."""
        return self.root / self.path


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a source has of something wanted: its files by their paths in there, that of a single file being empty."""

    wanted: Wanted
    files: dict[str, SourceFile] = field(default_factory=dict)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return "" not in self.files


def run(stage: LoadStage, context: StageContext) -> Outcome:
    """Bring everything; RUN720 or RUN721 if the source lacks something, RUN711 if it is not what the plan knows."""
    source = source_of(stage.source)
    fetcher = Fetcher(source, context)
    context.events.emit("phase", name="look")
    wanted = list(_wanted(stage, context))
    missing = [each for each in wanted if not fetcher.is_there(each.target, each.sha256)]
    found = [_find(each, source, fetcher) for each in missing]
    lacking = [each.wanted for each in found if not each.files]
    if lacking:
        names = ", ".join(f"`{each.origin}`" for each in lacking)
        message = f"`{source.name}` has no {names}"
        raise StageError(lacking[0].code, message, "copy what is named there, then run the stage again")
    context.events.emit("phase", name="fetch")
    fetcher.expect(sum(file.size for each in found for file in each.files.values()))
    models: dict[str, str] = {}
    for each in sorted(found, key=_is_model):
        digest = _bring(each, fetcher)
        models |= {each.wanted.path: digest} if _is_model(each) else {}
    kept = fetcher.kept_files + len(wanted) - len(missing)
    report = {"source": source.name, "fetched": fetcher.fetched_files, "fetched_bytes": fetcher.fetched_bytes}
    return Outcome(report={**report, "kept": kept, "models": models})


def _wanted(stage: LoadStage, context: StageContext) -> Iterator[Wanted]:
    models, data = context.volumes.models, context.volumes.data
    for path in dict.fromkeys([stage.model.path, *stage.teachers]):
        yield Wanted(
            path=path, origin=f"{MODELS}/{path}", root=models, sha256=None, code="RUN720", counts=_is_no_secret
        )
    below = f"{SPECS}/{stage.folder}"
    files = {block.path: block.sha256 for block in stage.data} | stage.files
    for path, sha256 in files.items():
        yield Wanted(
            path=path, origin=f"{below}/{path}", root=data, sha256=sha256, code="RUN721", counts=counts_as_data
        )
    for path, sha256 in stage.folders.items():
        yield Wanted(path=path, origin=f"{below}/{path}", root=data, sha256=sha256, code="RUN721", counts=_is_direct)


def _is_no_secret(path: str) -> bool:
    """Leave out what tools hide in a model's folder, such as `.git` and `.cache`."""
    return not any(part.startswith(".") for part in path.split("/"))


def _is_direct(path: str) -> bool:
    return "/" not in path


def _find(wanted: Wanted, source: Source, fetcher: Fetcher) -> Found:
    files = fetcher.insist(lambda: source.find(wanted.origin))
    if [file.path for file in files] == [wanted.origin]:
        return Found(wanted=wanted, files={"": files[0]})
    inside = {file.path[len(wanted.origin) + 1 :]: file for file in files}
    return Found(wanted=wanted, files={path: file for path, file in inside.items() if wanted.counts(path)})


def _is_model(found: Found) -> bool:
    """Sorted by this, data comes first: what is wrong with it is told before a model is copied for minutes."""
    return found.wanted.code == "RUN720"


def _bring(found: Found, fetcher: Fetcher) -> str:
    """Bring a file or a folder; return its digest, and RUN711 if that is not the plan's."""
    wanted = found.wanted
    if not found.is_folder:
        return fetcher.fetch(found.files[""], wanted.root, wanted.path, wanted.sha256)
    known, source_name = LoadedFiles(wanted.target), fetcher.source.name
    digests = {}
    # a model without its config is none: a folder that is half there is taken for no model by whoever looks at it
    for path in sorted(found.files, key=lambda path: (path == "config.json", path)):
        file = found.files[path]
        digest = known.digest_of(path, file, source_name)
        if digest is None or not fetcher.is_there(wanted.target / path, digest, size=file.size):
            digest = fetcher.fetch(file, wanted.root, f"{wanted.path}/{path}", None)
            known.note(path, file, source_name, digest)
        digests[path] = digest
    whole = folder_digest(digests)
    if wanted.sha256 is not None:
        if whole != wanted.sha256:
            raise not_as_planned(wanted.origin, source_name, whole, wanted.sha256)
        _remove_others(wanted, set(digests))
    return whole


def _remove_others(wanted: Wanted, names: set[str]) -> None:
    """Remove what would count in the folder and is not of the plan: an earlier load left it, for other rows."""
    for path in sorted(wanted.target.rglob("*")):
        name = path.relative_to(wanted.target).as_posix()
        hidden = path.name.startswith(".")  # the notes of loads, and what another one is writing
        if path.is_file() and not hidden and wanted.counts(name) and name not in names:
            path.unlink()
