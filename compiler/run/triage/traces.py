"""Files of native traces: an index in memory, and each trace read again when somebody looks at it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from compiler.diagnostics import Diagnostic, Location, diagnostic
from compiler.run.triage.content import content_of, intent_of, refusal_of, replayed, slug, text_of
from compiler.spec.files import open_file, reason
from runtime.contract.data.file_formats import ending_of, is_set_aside
from runtime.contract.traces import Trace

MAX_LINE = 16 << 20  # bytes
MAX_TRACES = 200_000
_MAX_TOLD = 5  # unreadable lines that are reported one by one
_CLUSTERED = 2_000  # characters of a trace that clusters compare


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What is kept of a trace, and its place.

    `refusal` says why it is no evidence, `failed` names the checks that it fails, `replay_of` the trace that it replays
    and `blamed` the component of its first failed step. The digests are uniform, so their order is a random order.
    """

    path: Path
    offset: int
    size: int
    id: str
    digest: str
    query: str
    intent: str
    model: str
    refusal: str
    replay_of: str
    components: tuple[str, ...]
    blamed: str
    failed: tuple[str, ...]
    text: str = field(repr=False)

    @property
    def is_usable(self) -> bool:
        """Whether people can label it as a badcase: it is evidence, and no replay."""
        return not self.refusal and not self.replay_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Traces:
    """All traces by their digest, in random order; `doubled` counts those whose content another one has."""

    entries: dict[str, Entry]
    doubled: int = 0
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def usable(self) -> list[Entry]:
        """The traces that people can label, in random order."""
        return [each for each in self.entries.values() if each.is_usable]

    @property
    def refused(self) -> Counter[str]:
        """Numbers of refused traces by the reason."""
        return Counter(each.refusal for each in self.entries.values() if each.refusal)


def trace_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files of JSON lines of the paths (files or folders), sorted; rotated ones (`.jsonl.1`) too."""
    found = [path for given in paths for path in (_in_folder(given) if given.is_dir() else [given])]
    return list(dict.fromkeys(found))


def _in_folder(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if ending_of(path) == ".jsonl" and not is_set_aside(path.name))


def read_traces(files: Sequence[Path], failed_checks: Callable[[Trace], tuple[str, ...]]) -> Traces:
    """Read the files once; `failed_checks` returns the names of the checks that a trace fails."""
    entries: dict[str, Entry] = {}
    found: list[Diagnostic] = []
    doubled = 0
    for path in files:
        for each in _entries(path, failed_checks, found):
            if len(entries) >= MAX_TRACES:
                message, hint = f"more than {MAX_TRACES:,} traces", "give fewer files: a sample shows the same kinds"
                found.append(diagnostic("TRC832", message, Location(path=str(path)), hint=hint))
                return Traces(entries={}, diagnostics=tuple(found))
            doubled += each.digest in entries
            entries.setdefault(each.digest, each)
    return Traces(entries=dict(sorted(entries.items())), doubled=doubled, diagnostics=tuple(found))


def read_trace(entry: Entry) -> Trace | None:
    """Return the whole trace; None if its file has changed since."""
    try:
        with open_file(entry.path) as stream:
            stream.seek(entry.offset)
            trace = Trace.model_validate_json(stream.read(entry.size))
    except (OSError, ValidationError):
        return None
    return trace if content_of(trace) == entry.digest else None


def _entries(path: Path, failed_checks: Callable[[Trace], tuple[str, ...]], found: list[Diagnostic]) -> Iterator[Entry]:
    try:
        stream = open_file(path)
    except OSError as error:
        message = f"cannot read the traces: {reason(error)}"
        found.append(diagnostic("TRC830", message, Location(path=str(path)), hint="correct the path"))
        return
    faults: list[Diagnostic] = []
    with stream:
        offset, line = 0, 0
        while content := stream.readline(MAX_LINE + 1):
            line += 1
            where = Location(path=str(path), line=line, column=1, end_column=2)
            if len(content) > MAX_LINE:
                faults.append(_no_trace(where, f"is longer than {MAX_LINE:,} bytes"))
                _skip_line(stream, content)
            elif content.strip():
                trace = _parsed(content, where, faults)
                if trace is not None:
                    yield _entry(trace, path, offset, len(content), failed_checks(trace))
            offset = stream.tell()
    found += faults[:_MAX_TOLD]
    if len(faults) > _MAX_TOLD:
        more = f"{len(faults) - _MAX_TOLD} more lines are no traces either, and are left out"
        found.append(diagnostic("TRC831", more, Location(path=str(path)), hint="import or record the traces again"))


def _skip_line(stream: BinaryIO, content: bytes) -> None:
    """Read the stream to the end of the line that `content` begins."""
    while content and not content.endswith(b"\n"):
        content = stream.readline(MAX_LINE)


def _parsed(content: bytes, where: Location, faults: list[Diagnostic]) -> Trace | None:
    try:
        return Trace.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(each) for each in first["loc"])
        faults.append(_no_trace(where, f"is no trace{f' (`{place}`)' if place else ''}: {first['msg'].lower()}"))
    return None


def _no_trace(where: Location, why: str) -> Diagnostic:
    hint = "import or record the trace again; `trainspec import` writes native traces"
    return diagnostic("TRC831", f"the line {why}; it is left out", where, hint=hint)


def _entry(trace: Trace, path: Path, offset: int, size: int, failed: tuple[str, ...]) -> Entry:
    bad = next((each for each in trace.steps if each.error), None)
    errors = [each.error for each in trace.steps if each.error] + ([trace.error] if trace.error else [])
    text = " ".join([*errors, *failed, text_of(trace.answer), text_of(trace.query)])
    return Entry(
        path=path,
        offset=offset,
        size=size,
        id=trace.id,
        digest=content_of(trace),
        query=text_of(trace.query)[:200],
        intent=intent_of(trace),
        model=trace.model or "",
        refusal=refusal_of(trace),
        replay_of=replayed(trace),
        components=tuple(dict.fromkeys(filter(None, (slug(each.component) for each in trace.steps)))),
        blamed=slug(bad.component) if bad else "",
        failed=failed,
        text=text[:_CLUSTERED],
    )
