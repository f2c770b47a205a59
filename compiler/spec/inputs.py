"""Load phase of a spec and everything that it refers to: profile, evidence, data, other files."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from compiler.diagnostics import Diagnostic, Location, Outcome, diagnostic, has_errors
from compiler.spec.data import DataFile
from compiler.spec.data.sources import read_sources
from compiler.spec.dependencies import Reads
from compiler.spec.evidence import FOLDER as EVIDENCE_FOLDER
from compiler.spec.evidence import EvidenceFile, load_evidence
from compiler.spec.files import can_be_shown, lies_in, read_file, reason
from compiler.spec.functions import MAX_SCRIPT_BYTES, metric_code, reward_code
from compiler.spec.prompt import PromptFile, read_prompt_file
from compiler.spec.references import Reader, close_or_known
from compiler.spec.schema.cluster_profile import ClusterProfile
from compiler.spec.schema.evidence import PromptRounds
from compiler.spec.schema.training_spec import TrainingSpec
from compiler.spec.schema.validate import validate
from compiler.spec.yaml.document import SourceDocument
from compiler.spec.yaml.load import load
from runtime.contract.digests import content_digest, folder_digest

LABELS_FILE = "labels.jsonl"  # of `trainspec triage`, next to the spec: what a badcase report was counted from
MAX_RAW_BYTES = 4 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """Everything that one compilation reads.

    `folder` is the name of the spec's folder, and `evidence` is sorted from old to new. `files` maps the name of each
    data source to its figures, `folders` the path (as in the spec) of each folder that a metric reads to its digest,
    `code` and `metric_code` the path of each file that reward functions, or metrics, read to its digest. `prompt` is
    the file that `spec.prompt` names.
    """

    folder: str
    document: SourceDocument
    spec: TrainingSpec
    profile_document: SourceDocument
    profile: ClusterProfile
    evidence: tuple[EvidenceFile, ...]
    files: Mapping[str, DataFile]
    folders: Mapping[str, str]
    code: Mapping[str, str]
    metric_code: Mapping[str, str]
    raw_digests: frozenset[str] = frozenset()
    prompt: PromptFile | None = None

    @property
    def digests(self) -> frozenset[str]:
        """The SHA-256 of every data source, of its files, and of the raw figures next to the evidence."""
        parts = {digest for file in self.files.values() for _, digest in file.parts}
        return self.raw_digests | parts | {file.sha256 for file in self.files.values()}

    @property
    def documents(self) -> tuple[SourceDocument, ...]:
        """Documents that people wrote: the spec, its profile and its evidence."""
        return (self.document, self.profile_document, *(each.document for each in self.evidence))


def load_inputs(path: Path, shown: str, reads: Reads, *, lenient: bool = False) -> Outcome[Inputs]:
    """Load the spec at `path` and everything that it refers to, and report all problems at once.

    `reads` notes everything that the result depends on. With `lenient`, errors in evidence and data leave only these
    out of the result.
    """
    folder = Path(os.path.realpath(path.parent))
    if not lies_in(path, folder):
        message = f"`{path.name}` is a link that leaves the spec's folder"
        found = diagnostic("CHK202", message, Location(path=shown), hint="replace the link with the file itself")
        return Outcome(value=None, diagnostics=(found,))
    if not can_be_shown(folder.name):
        message = "the folder name contains characters that cannot be shown"
        found = diagnostic("YML001", message, Location(path=shown), hint="rename the folder")
        return Outcome(value=None, diagnostics=(found,))
    loaded = load(folder / path.name, shown, reads)  # not `path`: notes must not depend on the working directory
    if loaded.value is None or not loaded.ok:
        return Outcome(value=None, diagnostics=loaded.diagnostics)
    document = loaded.value
    validated = validate(document)
    if not isinstance(validated.value, TrainingSpec):
        wrong = validated.diagnostics or (_wrong_kind(document, "TrainingSpec"),)
        evidence = load_evidence(path.resolve().parent, Path(shown).parent, reads)
        return Outcome(value=None, diagnostics=(*wrong, *evidence.diagnostics))
    reader = Reader(folder=folder, shown=Path(shown).parent, document=document, reads=reads)
    return _load_references(reader, validated.value, lenient=lenient)


def _load_references(reader: Reader, spec: TrainingSpec, *, lenient: bool) -> Outcome[Inputs]:
    profile = load_profile(reader, spec.spec.profile)
    evidence = load_evidence(reader.folder, reader.shown, reader.reads)
    reports = evidence.value or ()
    cards = None if has_errors(evidence.diagnostics) else evidence.value  # no errors about cards that do not load
    files, folders = read_sources(reader, spec, cards), _metric_folders(reader, spec)
    code, metrics_code = reward_code(reader, spec), metric_code(reader, spec)
    prompt = read_prompt_file(reader, spec)
    _prompt_files(reader, reports)
    found = (*profile.diagnostics, *evidence.diagnostics, *reader.found)
    if profile.value is None or (has_errors(found) and not lenient):
        return Outcome(value=None, diagnostics=found)
    if lenient:
        spec = _with_sources(spec, files)
    _note_data(reader, files)
    reader.reads.complete = True
    inputs = Inputs(
        folder=reader.folder.name,
        document=reader.document,
        spec=spec,
        profile_document=profile.value[0],
        profile=profile.value[1],
        evidence=tuple(sorted(reports, key=lambda each: each.order)),
        files=files,
        folders=folders,
        code=code,
        metric_code=metrics_code,
        raw_digests=_raw_digests(reader),
        prompt=prompt,
    )
    return Outcome(value=inputs, diagnostics=found)


def _with_sources(spec: TrainingSpec, names: Iterable[str]) -> TrainingSpec:
    """Return the spec with these data sources only."""
    kept = [each for each in spec.spec.data if each.name in names]
    return spec.model_copy(update={"spec": spec.spec.model_copy(update={"data": kept})})


def load_profile(reader: Reader, name: str) -> Outcome[tuple[SourceDocument, ClusterProfile]]:
    """Load the profile `name` from the folder `clusters` next to the spec's folder."""
    folder = reader.folder.parent / "clusters"
    path = folder / f"{name}.yaml"
    try:
        exists = path.is_file()
    except OSError as error:
        message = f"cannot read the folder of profiles: {reason(error)}"
        where = reader.document.at(("spec", "profile"))
        found = diagnostic("YML001", message, where, hint="fix its permissions")
        return Outcome(value=None, diagnostics=(found,))
    if not exists:
        known = sorted(entry.stem for entry in folder.glob("*.yaml"))
        message = f"cluster profile `{name}` does not exist in `{reader.show(Path('..') / 'clusters')}`"
        hint = close_or_known(name, known) if known else f"add `clusters/{name}.yaml`"
        found = diagnostic("CHK207", message, reader.document.at(("spec", "profile")), hint=hint)
        return Outcome(value=None, diagnostics=(found,))
    if not lies_in(path, reader.folder.parent):
        message = f"cluster profile `{name}` is a link that leaves `{reader.show(Path('..'))}`"
        hint = "replace the link with the file itself"
        found = diagnostic("CHK202", message, reader.document.at(("spec", "profile")), hint=hint)
        return Outcome(value=None, diagnostics=(found,))
    return read_profile(path, reader.show(Path("..") / "clusters" / path.name), reader.reads)


def read_profile(path: Path, shown: str, reads: Reads | None = None) -> Outcome[tuple[SourceDocument, ClusterProfile]]:
    """Load the profile at `path`, shown to people as `shown`, and note it in `reads`."""
    loaded = load(path, shown, reads)
    if loaded.value is None or not loaded.ok:
        return Outcome(value=None, diagnostics=loaded.diagnostics)
    validated = validate(loaded.value)
    if not isinstance(validated.value, ClusterProfile):
        wrong = validated.diagnostics or (_wrong_kind(loaded.value, "ClusterProfile"),)
        return Outcome(value=None, diagnostics=wrong)
    return Outcome(value=(loaded.value, validated.value))


def _wrong_kind(document: SourceDocument, wanted: str) -> Diagnostic:
    hint = f"use a file of kind `{wanted}`"
    return diagnostic("SPC105", f"the file is not a `{wanted}`", document.at(("kind",)), hint=hint)


def _metric_folders(reader: Reader, spec: TrainingSpec) -> dict[str, str]:
    """Return the digest of each folder that a metric reads, by its path in the spec."""
    folders: dict[str, str] = {}
    for index, metric in enumerate(spec.spec.goal.metrics):
        if metric.databases is not None:
            where = reader.document.at(("spec", "goal", "metrics", index, "databases"))
            path = reader.resolve(metric.databases, where, folder=True)
            if path is not None:
                folders[metric.databases] = _folder_digest(reader, path, where)
    return folders


def _folder_digest(reader: Reader, folder: Path, where: Location) -> str:
    """Return the SHA-256 of a folder, over the files directly inside it."""
    digests: dict[str, str] = {}
    for path in (folder / name for name in reader.reads.names(folder)):
        if not can_be_shown(path.name):
            message = "a file name contains characters that cannot be shown"
            reader.found.append(diagnostic("CHK201", message, where, hint="rename the file"))
        elif not lies_in(path, reader.folder):
            message = f"`{path.name}` is a link that leaves the spec's folder"
            hint = "replace the link with the file itself"
            reader.found.append(diagnostic("CHK202", message, where, hint=hint))
        elif path.is_file():
            digests[path.name] = reader.digest(path, where, MAX_SCRIPT_BYTES)
    return folder_digest(digests)


def _raw_digests(reader: Reader) -> frozenset[str]:
    """Return the SHA-256 of the labels, and of each file of raw figures in the evidence folder.

    Large files and links do not count.
    """
    home = reader.folder / EVIDENCE_FOLDER
    files = [home / each for each in reader.reads.names(home) if not each.endswith((".yaml", ".yml"))]
    labels = reader.folder / LABELS_FILE
    files += [labels] if reader.reads.exists(labels, "file") else []
    return frozenset(filter(None, (_raw_digest(file, reader) for file in files)))


def _raw_digest(path: Path, reader: Reader) -> str:
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_RAW_BYTES:
            return ""
        found = content_digest(read_file(path, MAX_RAW_BYTES))
    except OSError:
        return ""  # what cannot be read verifies nothing
    reader.reads.file(path, found)
    return found


def _note_data(reader: Reader, files: Mapping[str, DataFile]) -> None:
    """Note the data that was read: each file, and the listings of data folders."""
    for file in files.values():
        folder = reader.folder / file.path
        if file.path and reader.reads.exists(folder, "folder"):
            for inner, _, _ in os.walk(folder):
                reader.reads.names(Path(inner))
        for path, sha256 in file.parts:
            reader.reads.file(reader.folder / path, sha256)


def _prompt_files(reader: Reader, reports: Iterable[EvidenceFile]) -> None:
    """Check that the prompt files of measured rounds exist, and are no pointers."""
    for each in reports:
        if isinstance(each.report, PromptRounds):
            for index, one in enumerate(each.report.spec.rounds):
                if one.prompt is not None:
                    where = each.document.at(("spec", "rounds", index, "prompt"))
                    path = reader.resolve(one.prompt, where)
                    if path is not None:
                        reader.digest(path, where, MAX_RAW_BYTES)
