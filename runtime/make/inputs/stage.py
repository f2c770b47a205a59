"""Copy models and data into a plan's volumes: the first stage of a plan with a source.

A file is written under a temporary name and renamed once its digest is right, so that a killed stage leaves no partial
file. Files that already exist with the right digest are not fetched again.
"""

from collections.abc import Iterator
from pathlib import Path

from runtime.contract.errors import StageError
from runtime.contract.hub import hub_model
from runtime.contract.stages import LoadStage
from runtime.contract.volumes import Volumes
from runtime.data.files import counts_as_data
from runtime.make.inputs.copy import Fetcher
from runtime.make.inputs.open import open_hub, open_source
from runtime.make.inputs.source import Source
from runtime.make.inputs.wanted import Wanted, check_space, copy, find, wanted_of_hub, whole_model
from runtime.stage.context import StageContext
from runtime.stage.report import Outcome

MODELS, SPECS = "models", "specs"  # the two folders of a source


def run(stage: LoadStage, context: StageContext) -> Outcome:
    """Copy all missing files.

    RUN720 or RUN721 if a source lacks something, RUN711 if a digest differs from the plan's, RUN738 from the hub's;
    RUN730 if a volume has no room.
    """
    fetcher = Fetcher(label=stage.output, events=context.events, stop=context.stop)
    context.events.emit("phase", name="look")
    wanted = list(_wanted(stage, context.volumes))
    models = {each.path: digest for each in wanted if each.is_model and (digest := whole_model(each, fetcher))}
    missing = [each for each in wanted if not ((each.is_model and each.path in models) or _is_there(each, fetcher))]
    found = [find(each, fetcher) for each in missing]
    lacking = [each.wanted for each in found if not each.files]
    if lacking:
        names = ", ".join(f"`{each.origin}`" for each in lacking)
        message = f"`{lacking[0].source.name}` has no {names}"
        raise StageError(lacking[0].code, message, "copy them to the source, then run the stage again")
    check_space(found)
    context.events.emit("phase", name="fetch")
    fetcher.expect(sum(file.size for each in found for file in each.files.values()))
    for each in sorted(found, key=lambda each: each.wanted.is_model):
        digest = copy(each, fetcher)
        models |= {each.wanted.path: digest} if each.wanted.is_model else {}
    sources = dict.fromkeys(each.source.name for each in wanted)
    report = {"source": " and ".join(sources), "fetched": fetcher.fetched_files, "fetched_bytes": fetcher.fetched_bytes}
    return Outcome(report={**report, "kept": fetcher.kept_files, "models": models})


def _is_there(wanted: Wanted, fetcher: Fetcher) -> bool:
    """Return whether a file that the plan knows the digest of is there, and count it as kept."""
    is_there = fetcher.has_file(wanted.target, wanted.sha256)
    fetcher.kept_files += is_there
    return is_there


def _wanted(stage: LoadStage, volumes: Volumes) -> Iterator[Wanted]:
    """Yield what the stage copies: from the hub the models that it has, all else from the bucket or folder."""
    with_code = [stage.model.path] if stage.model.trust_remote_code else []  # a teacher's code is never run
    hub = open_hub(stage.source.hub, with_code) if stage.source.hub is not None else None
    source = open_source(stage.source) if stage.source.holds_data else None
    for path in dict.fromkeys([stage.model.path, *stage.teachers]):
        model = hub_model(path)
        if hub is not None and model is not None:
            yield wanted_of_hub(model, hub, volumes.models, with_code=path in with_code)
        elif source is not None:
            yield Wanted(
                path=path,
                source=source,
                origin=f"{MODELS}/{path}",
                root=volumes.models,
                sha256=None,
                code="RUN720",
                counts=_is_visible,
            )
    if source is not None:
        yield from _wanted_data(stage, source, volumes.data)


def _wanted_data(stage: LoadStage, source: Source, root: Path) -> Iterator[Wanted]:
    below = f"{SPECS}/{stage.folder}"
    files = {block.path: block.sha256 for block in stage.data} | stage.files
    folders = [(path, sha256, counts_as_data) for path, sha256 in files.items()]
    for path, sha256, counts in (*folders, *((path, sha256, _is_direct) for path, sha256 in stage.folders.items())):
        yield Wanted(
            path=path,
            source=source,
            origin=f"{below}/{path}",
            root=root,
            sha256=sha256,
            code="RUN721",
            counts=counts,
        )


def _is_visible(path: str) -> bool:
    """Return whether a file of a model is visible, unlike those of `.git` and `.cache`."""
    return not any(part.startswith(".") for part in path.split("/"))


def _is_direct(path: str) -> bool:
    return "/" not in path
