"""Load phase of evidence: the documents `evidence/*.yaml` next to a spec."""

from dataclasses import dataclass
from pathlib import Path

from compiler.diagnostics import Diagnostic, Location, Outcome, diagnostic
from compiler.diagnostics.wording import alternatives
from compiler.spec.dependencies import Reads
from compiler.spec.files import can_be_shown, lies_in, reason
from compiler.spec.schema import EVIDENCE
from compiler.spec.schema.provenance import EvidenceDocument
from compiler.spec.schema.validate import validate
from compiler.spec.yaml.document import SourceDocument
from compiler.spec.yaml.load import load

FOLDER = "evidence"
MAX_FILES = 1_000
MAX_BYTES = 16 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class EvidenceFile:
    """One evidence document and its report."""

    document: SourceDocument
    report: EvidenceDocument

    @property
    def order(self) -> tuple[object, ...]:
        """Sort key from old to new: by date, then by content, never by file name."""
        return (self.report.metadata.date, self.report.metadata.digest, self.document.sha256)

    @property
    def shown(self) -> str:
        """Path in the texts of rules, such as `evidence/probe.yaml`."""
        path = Path(self.document.path)
        return f"{FOLDER}/{path.name}" if path.parent.name == FOLDER else path.name


def load_evidence(folder: Path, shown: Path, reads: Reads) -> Outcome[tuple[EvidenceFile, ...]]:
    """Load all evidence of the spec's folder, shown to people as `shown`, from old to new.

    Files with errors are left out of the value.
    """
    home = folder / FOLDER
    files: list[EvidenceFile] = []
    found: list[Diagnostic] = []
    try:
        paths = [home / name for name in reads.names(home) if name.endswith((".yaml", ".yml"))]
    except OSError as error:
        message = f"cannot read the folder: {reason(error)}"
        return Outcome(value=None, diagnostics=(diagnostic("YML001", message, Location(path=str(shown / FOLDER))),))
    if len(paths) > MAX_FILES or sum(map(_size, paths)) > MAX_BYTES:
        message = f"the folder has more than {MAX_FILES:,} evidence files, or more than {MAX_BYTES:,} bytes of them"
        return Outcome(value=None, diagnostics=(diagnostic("YML005", message, Location(path=str(shown / FOLDER))),))
    for path in paths:
        outcome = _load_one(path, folder, str(shown / FOLDER / path.name), reads)
        found.extend(outcome.diagnostics)
        if outcome.value is not None:
            files.append(outcome.value)
    return Outcome(value=tuple(sorted(files, key=lambda each: each.order)), diagnostics=tuple(found))


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:  # loading it reports the error
        return 0


def _load_one(path: Path, folder: Path, shown: str, reads: Reads) -> Outcome[EvidenceFile]:
    if not can_be_shown(path.name):
        message = "the file name contains characters that cannot be shown"
        found = diagnostic("YML001", message, Location(path=shown), hint="rename the file")
        return Outcome(value=None, diagnostics=(found,))
    if not lies_in(path, folder):
        message = f"`{path.name}` is a link that leaves the spec's folder"
        found = diagnostic("CHK202", message, Location(path=shown), hint="replace the link with the file itself")
        return Outcome(value=None, diagnostics=(found,))
    loaded = load(path, shown, reads)
    if loaded.value is None or not loaded.ok:
        return Outcome(value=None, diagnostics=loaded.diagnostics)
    return as_evidence(loaded.value)


def as_evidence(document: SourceDocument) -> Outcome[EvidenceFile]:
    """Return the document as evidence, or a diagnostic for why it is not evidence."""
    validated = validate(document)
    if isinstance(validated.value, EvidenceDocument):
        return Outcome(value=EvidenceFile(document=document, report=validated.value), diagnostics=validated.diagnostics)
    hint = f"use {alternatives(model.__name__ for model in EVIDENCE)}"
    wrong = diagnostic("SPC105", "the file is not evidence", document.at(("kind",)), hint=hint)
    return Outcome(value=None, diagnostics=validated.diagnostics or (wrong,))
