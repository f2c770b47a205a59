"""Load phase, for what a spec refers to: its profile, its data and other files, none of them outside of its folder."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from compiler.datafiles import DataFile, folder_digest, read_source
from compiler.diagnostics import Diagnostic, Outcome, diagnostic, has_errors
from compiler.load import load
from compiler.schema.v1alpha1 import ClusterProfile, TrainingSpec
from compiler.source import FieldPath, SourceDocument
from compiler.validate import validate


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """Everything that one compilation reads.

    `folder` is the name of the spec's folder, `files` what is known of each data source by name, `folders` the digest
    of each folder that a metric reads, by its path as the spec writes it.
    """

    folder: str
    document: SourceDocument
    spec: TrainingSpec
    profile_document: SourceDocument
    profile: ClusterProfile
    files: Mapping[str, DataFile]
    folders: Mapping[str, str]


def load_inputs(path: Path, shown: str) -> Outcome[Inputs]:
    """Load the spec at `path` and all that it refers to; every problem of any of them is told at once."""
    loaded = load(path, shown)
    if loaded.value is None or not loaded.ok:
        return Outcome(value=None, diagnostics=loaded.diagnostics)
    document = loaded.value
    validated = validate(document)
    if not isinstance(validated.value, TrainingSpec):
        return Outcome(value=None, diagnostics=validated.diagnostics or (_wrong_kind(document, "TrainingSpec"),))
    spec = validated.value
    reader = _Reader(folder=path.resolve().parent, shown=Path(shown).parent, document=document)
    profile = load_profile(reader, spec.spec.profile)
    files, folders = reader.data(spec), reader.metric_folders(spec)
    reader.prompts(spec)
    found = (*profile.diagnostics, *reader.found)
    if profile.value is None or has_errors(found):
        return Outcome(value=None, diagnostics=found)
    profile_document, profile_model = profile.value
    inputs = Inputs(
        folder=reader.folder.name,
        document=document,
        spec=spec,
        profile_document=profile_document,
        profile=profile_model,
        files=files,
        folders=folders,
    )
    return Outcome(value=inputs, diagnostics=found)


def load_profile(reader: "_Reader", name: str) -> Outcome[tuple[SourceDocument, ClusterProfile]]:
    """Load the profile `name` out of the folder `clusters` beside the spec's folder."""
    folder = reader.folder.parent / "clusters"
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = sorted(entry.stem for entry in folder.glob("*.yaml"))
        message = f"no cluster profile `{name}` in `{reader.show(Path('..') / 'clusters')}`"
        found = diagnostic(
            "CHK207", message, reader.document.at(("spec", "profile")), hint=_close_or_known(name, known)
        )
        return Outcome(value=None, diagnostics=(found,))
    loaded = load(path, reader.show(Path("..") / "clusters" / path.name))
    if loaded.value is None or not loaded.ok:
        return Outcome(value=None, diagnostics=loaded.diagnostics)
    validated = validate(loaded.value)
    if not isinstance(validated.value, ClusterProfile):
        return Outcome(value=None, diagnostics=validated.diagnostics or (_wrong_kind(loaded.value, "ClusterProfile"),))
    return Outcome(value=(loaded.value, validated.value), diagnostics=loaded.diagnostics)


def _wrong_kind(document: SourceDocument, wanted: str) -> Diagnostic:
    return diagnostic(
        "SPC105", f"the file is not a `{wanted}`", document.at(("kind",)), hint=f"name a file whose kind is `{wanted}`"
    )


def _close_or_known(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    return "known profiles: " + ", ".join(f"`{each}`" for each in known) if known else f"add `clusters/{name}.yaml`"


class _Reader:
    """Reads files of one spec's folder, and keeps what is wrong with them."""

    def __init__(self, *, folder: Path, shown: Path, document: SourceDocument) -> None:
        self.folder = folder
        self.document = document
        self.found: list[Diagnostic] = []
        self._shown = shown

    def show(self, relative: Path) -> str:
        """A path of the spec's folder as people are shown it, without `..` in the middle."""
        parts: list[str] = []
        for part in (self._shown / relative).parts:
            if part == ".." and parts and parts[-1] != "..":
                parts.pop()
            else:
                parts.append(part)
        return str(Path(*parts))

    def data(self, spec: TrainingSpec) -> dict[str, DataFile]:
        """What is known of each data source that can be read."""
        files: dict[str, DataFile] = {}
        for index, source in enumerate(spec.spec.data):
            path = self._resolve(source.path, ("spec", "data", index, "path"))
            if path is None:
                continue
            outcome = read_source(
                path, self.show(Path(source.path)), name=source.name, relative=source.path, shape=source.shape
            )
            self.found.extend(outcome.diagnostics)
            if outcome.value is not None:
                files[source.name] = outcome.value
        return files

    def metric_folders(self, spec: TrainingSpec) -> dict[str, str]:
        """The digest of each folder that a metric reads."""
        folders: dict[str, str] = {}
        for index, metric in enumerate(spec.spec.goal.metrics):
            if metric.databases is not None:
                path = self._resolve(metric.databases, ("spec", "goal", "metrics", index, "databases"), folder=True)
                if path is not None:
                    folders[metric.databases] = folder_digest(path)
        return folders

    def prompts(self, spec: TrainingSpec) -> None:
        """Check that the prompt files are there."""
        for index, each in enumerate(spec.spec.prompt.rounds):
            if each.prompt is not None:
                self._resolve(each.prompt, ("spec", "prompt", "rounds", index, "prompt"))

    def _resolve(self, relative: str, field: FieldPath, *, folder: bool = False) -> Path | None:
        where = self.document.at(field)
        pure = PurePosixPath(relative)
        kind = "folder" if folder else "file"
        try:
            path = (self.folder / relative).resolve()
            outside = (
                pure.is_absolute() or ".." in pure.parts or "\\" in relative or not path.is_relative_to(self.folder)
            )
            there = not outside and (path.is_dir() if folder else path.is_file())
        except (OSError, RuntimeError) as error:  # a loop of links, a name too long, a folder that may not be read
            why = getattr(error, "strerror", None) or "it links to itself"
            message = f"{kind} `{relative[:80]}` cannot be reached: {why.lower()}"
            self.found.append(diagnostic("CHK201", message, where, hint="correct the path, or its permissions"))
            return None
        if outside:
            message = f"`{relative}` leaves the spec's folder"
            self.found.append(
                diagnostic("CHK202", message, where, hint="name a file below the spec's folder, without `..`")
            )
            return None
        if not there:
            hint = self._close_path(pure, folder) or f"add the {kind}, or correct the path"
            self.found.append(
                diagnostic("CHK201", f"{kind} `{self.show(Path(relative))}` is not there", where, hint=hint)
            )
            return None
        return path

    def _close_path(self, pure: PurePosixPath, folder: bool) -> str:
        try:
            parent = (self.folder / pure.parent).resolve()
            names = sorted(
                entry.name for entry in parent.iterdir() if entry.is_dir() == folder and entry.name != pure.name
            )
        except OSError:
            return ""
        close = difflib.get_close_matches(pure.name, names, n=1)
        return f"did you mean `{pure.parent / close[0]}`?" if close else ""
