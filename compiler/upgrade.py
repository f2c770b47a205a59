"""`trainspec upgrade`: specs and profiles of an older version of the language are rewritten in the newest, in place."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from compiler.diagnostics import Diagnostic, Location, Outcome, diagnostic, has_errors
from compiler.discover import PLAN_FOLDER, SPEC_FILE
from compiler.evidence import FOLDER as EVIDENCE_FOLDER
from compiler.exit_codes import ExitCode
from compiler.load import load
from compiler.schema import API_VERSION, OLD_API_VERSION
from compiler.upgrade_text import upgrade_text
from compiler.validate import validate
from compiler.versions import modernise

PROFILES_FOLDER = "clusters"
ROUNDS_FILE = "prompt-rounds"
_BOM = "\N{BYTE ORDER MARK}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Upgrade:
    """One file to be rewritten: its new text, and the evidence file that is written before it."""

    path: Path
    text: str
    rounds: int
    evidence_path: Path | None
    evidence: str

    @property
    def done(self) -> str:
        """What is told when both are written."""
        if self.evidence_path is None:
            return f"{self.path}: now `{API_VERSION}`"
        where = self.path.parent / EVIDENCE_FOLDER / self.evidence_path.name
        moved = f"{self.rounds} prompt {'round' if self.rounds == 1 else 'rounds'} moved to {where}"
        return f"{self.path}: now `{API_VERSION}`; {moved}"


def find_documents(paths: list[Path]) -> tuple[list[Path], list[Path]]:
    """The specs and profiles under the paths, sorted; and the paths under which there is none."""
    found: set[Path] = set()
    empty = []
    for given in paths:
        try:
            below = {given} if given.is_file() else set(_below(given)) if given.is_dir() else set()
        except OSError:  # a name too long, a folder that may not be read
            below = set()
        found |= below
        if not below:
            empty.append(given)
    return sorted(found), empty


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*.yaml"):
        parts = path.relative_to(folder).parts[:-1]
        if PLAN_FOLDER not in parts and (path.name == SPEC_FILE or path.parent.name == PROFILES_FOLDER):
            yield path


def plan_upgrade(path: Path) -> Outcome[Upgrade]:
    """How the file is to be rewritten; neither value nor diagnostics for one that is in the newest version."""
    loaded = load(path, str(path))
    if loaded.value is None or not loaded.ok:
        return Outcome(value=None, diagnostics=loaded.diagnostics)
    document = loaded.value
    version = document.data.get("apiVersion") if isinstance(document.data, dict) else None
    if version != OLD_API_VERSION:
        return Outcome(value=None, diagnostics=() if version == API_VERSION else validate(document).diagnostics)
    modern = modernise(document)
    if modern.value is None:
        return Outcome(value=None, diagnostics=tuple(found for found in modern.diagnostics if has_errors([found])))
    raw = path.read_bytes().decode("utf-8")
    upgraded = upgrade_text(raw.removeprefix(_BOM), document, modern.value)
    if upgraded is None:
        hint = f"write the values of anchors and aliases out, or move `spec.prompt` by hand: `{API_VERSION}` has its "
        hint += "rounds in `evidence/prompt-rounds.yaml` and its plateau in `spec.thresholds`"
        return Outcome(value=None, diagnostics=(_refused(path, "its text cannot be edited safely", hint),))
    rounds = modern.value.evidence[0].data["spec"]["rounds"] if modern.value.evidence else []  # type: ignore[index]
    evidence = upgraded.evidence or ""
    return Outcome(
        value=Upgrade(
            path=path,
            text=(_BOM if raw.startswith(_BOM) else "") + upgraded.text,
            rounds=len(rounds),
            evidence_path=_evidence_path(path, evidence) if evidence else None,
            evidence=evidence,
        )
    )


def _evidence_path(spec: Path, text: str) -> Path:
    """A file for the rounds that is not there yet, or that holds just this text: an upgrade was cut off before."""
    folder = spec.resolve().parent / EVIDENCE_FOLDER
    number, path = 1, folder / f"{ROUNDS_FILE}.yaml"
    while os.path.lexists(path) and not (path.is_file() and path.read_bytes() == text.encode("utf-8")):
        number += 1
        path = folder / f"{ROUNDS_FILE}-{number}.yaml"
    return path


def write_upgrade(upgrade: Upgrade) -> Diagnostic | None:
    """Write the evidence, then the spec: both whole, or neither. Gives back what went wrong, if anything."""
    written = None
    try:
        if upgrade.evidence_path is not None and not upgrade.evidence_path.exists():
            upgrade.evidence_path.parent.mkdir(exist_ok=True)
            if upgrade.evidence_path.parent.is_symlink():
                raise OSError(f"`{EVIDENCE_FOLDER}` is a link, and evidence is not read out of the spec's folder")
            _replace(upgrade.evidence_path, upgrade.evidence)
            written = upgrade.evidence_path
        _replace(upgrade.path.resolve(), upgrade.text)
    except OSError as error:
        if written is not None:
            written.unlink(missing_ok=True)
        why = f"it cannot be written: {(error.strerror or str(error)).lower()}"
        return _refused(upgrade.path, why, "free space or mend permissions, then run `trainspec upgrade` again")
    return None


def _refused(path: Path, why: str, hint: str) -> Diagnostic:
    return diagnostic("SPC107", f"`{path.name}` is left as it was: {why}", Location(path=str(path)), hint=hint)


def _replace(path: Path, text: str) -> None:
    """Put a file with this text in the place of `path`, with the permissions of what was there."""
    new = path.with_name(f".{path.name}.new-{os.getpid()}")
    try:
        with new.open("wb") as stream:
            stream.write(text.encode("utf-8"))
            stream.flush()
            os.fsync(stream.fileno())
        if path.exists():
            new.chmod(path.stat().st_mode & 0o7777)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def upgrade_documents(paths: list[Path], style: str, *, check_only: bool) -> ExitCode:
    """Upgrade every old document under the paths, or with `check_only` only name them."""
    from compiler.commands import report  # the whole pipeline, which nothing else here needs

    documents, empty = find_documents(paths)
    hint = "name a spec, a profile, or a folder that holds them"
    found = [diagnostic("YML001", "no spec or profile is there", Location(path=str(path)), hint=hint) for path in empty]
    old = current = 0
    for path in documents:
        outcome = plan_upgrade(path)
        problem = write_upgrade(outcome.value) if outcome.value and not check_only else None
        problems = (*outcome.diagnostics, *((problem,) if problem else ()))
        found.extend(problems)
        old += outcome.value is not None
        current += outcome.value is None and not problems
        if outcome.value is not None and not problem:
            print(f"{path}: is `{OLD_API_VERSION}`" if check_only else outcome.value.done)
    if current:
        print(f"{current} {'file is' if current == 1 else 'files are'} `{API_VERSION}` already")
    report(found, style)
    if has_errors(found):
        return ExitCode.ERRORS
    return ExitCode.DIFFERENCES if check_only and old else ExitCode.OK
