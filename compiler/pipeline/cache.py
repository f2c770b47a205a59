"""Cache of compilations, outside Git: an unchanged spec costs only the digests of its inputs.

The key of an entry is the digest of the spec's text and shown path, and of the compiler with everything that it runs
on. An entry lists the reads of its compilation, and is valid while all of them have the same result. Contents are
compared, never times. The folder may be deleted at any time; damaged entries are ignored.
"""

import hashlib
import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import runtime.contract
from compiler.diagnostics import Diagnostic, Location, Severity
from compiler.spec.dependencies import Note, unchanged
from compiler.spec.discover import SpecPath
from compiler.spec.files import read_file
from runtime.contract.files import write_atomically

FORMAT = 1
MAX_ENTRY_BYTES = 4 << 20
MAX_SPEC_BYTES = 2 << 20  # larger than any valid spec, so a longer one has no entry
MAX_ENTRIES = 50_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Result of a spec without errors.

    `name` is its plan's name, `named_at` the place of that name. `plan` is the digest of the rendered files; empty if
    only the plan was made.
    """

    name: str
    named_at: Location
    verdict: str
    diagnostics: tuple[Diagnostic, ...]
    plan: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Cache:
    """Entries in `folder` of the compiler with the digest `compiler`."""

    folder: Path
    compiler: str

    def find(self, spec: SpecPath) -> Entry | None:
        """Return the entry of a spec if all its inputs are unchanged."""
        try:
            checksum, _, body = read_file(self._path(spec), MAX_ENTRY_BYTES).partition(b"\n")
            if hashlib.sha256(body).hexdigest().encode() != checksum:
                return None
            held = json.loads(body)
            if held["compiler"] != self.compiler or not unchanged(spec.path.parent, held["reads"]):
                return None
            return _entry(held["entry"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def keep(self, spec: SpecPath, entry: Entry, reads: tuple[Note, ...]) -> None:
        """Store the result of a spec. A cache that cannot be written is not an error."""
        held = {"compiler": self.compiler, "reads": reads, "entry": asdict(entry)}
        body = json.dumps(held, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        if len(body) > MAX_ENTRY_BYTES - 100:
            return
        with suppress(OSError):
            path = self._path(spec)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(path, hashlib.sha256(body).hexdigest().encode() + b"\n" + body, durable=False)

    def prune(self) -> None:
        """Remove the older half of the entries when there are too many."""
        with suppress(OSError):
            entries = [entry for shard in os.scandir(self.folder) if shard.is_dir() for entry in os.scandir(shard)]
            if len(entries) > MAX_ENTRIES:
                oldest = sorted(entries, key=lambda entry: entry.stat().st_mtime)
                for entry in oldest[: len(entries) - MAX_ENTRIES // 2]:
                    os.unlink(entry)

    def _path(self, spec: SpecPath) -> Path:
        text = hashlib.sha256(read_file(spec.path, MAX_SPEC_BYTES)).hexdigest()
        parts = (str(FORMAT), self.compiler, spec.shown, spec.path.absolute().parent.name, text)
        key = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
        return self.folder / key[:2] / f"{key[2:]}.json"


def open_cache() -> Cache | None:
    """Return the user's cache by the XDG rules; None for a user without a home folder."""
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return Cache(folder=home / "trainspec" / "compile", compiler=compiler_digest())
    except (OSError, RuntimeError):
        return None


@cache
def compiler_digest() -> str:
    """Return a digest of everything that turns a spec into a plan.

    It covers the files of the compiler, of its contract with the runtime and of the recorder, the interpreter, and the
    installed packages, by the names of their metadata folders, which contain the versions.
    """
    digest = hashlib.sha256(f"{FORMAT} {sys.version}".encode())
    package, contract = Path(__file__).parent.parent, Path(runtime.contract.__file__).parent
    recorder = contract.parent / "trace"
    templates = package / "templates" if (package / "templates").is_dir() else package.parent / "templates"
    for root in (package, templates, contract, recorder):
        for path in sorted(_files(str(root))):
            with open(path, "rb", buffering=0) as stream:  # hundreds of files: faster than `Path.read_bytes`
                content = hashlib.sha256(stream.read()).hexdigest()
            digest.update(f"\0{path.removeprefix(str(root))}\0{content}".encode())
    for name in sorted(_installed()):
        digest.update(f"\0{name}".encode())
    return digest.hexdigest()


def _files(folder: str) -> list[str]:
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        found += [os.path.join(root, name) for name in names]
    return found


def _installed() -> set[str]:
    return {
        name
        for folder in sys.path
        if os.path.isdir(folder)
        for name in os.listdir(folder)
        if name.endswith((".dist-info", ".egg-info"))
    }


def _entry(held: dict[str, object]) -> Entry:
    diagnostics = held["diagnostics"]
    if not isinstance(diagnostics, list):
        raise TypeError("diagnostics must be a list")
    return Entry(
        name=str(held["name"]),
        named_at=Location(**held["named_at"]),  # type: ignore[arg-type]
        verdict=str(held["verdict"]),
        diagnostics=tuple(_diagnostic(each) for each in diagnostics),
        plan=str(held["plan"]),
    )


def _diagnostic(held: dict[str, object]) -> Diagnostic:
    severity, location = Severity(str(held["severity"])), Location(**held["location"])  # type: ignore[arg-type]
    return Diagnostic(**held | {"severity": severity, "location": location})  # type: ignore[arg-type]
