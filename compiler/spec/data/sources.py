"""Load phase of data: read each source of a spec as a `DataFile`, from its rows or its card."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from compiler.diagnostics import Diagnostic, Location, Outcome, diagnostic, has_errors
from compiler.diagnostics.wording import counted
from compiler.spec.data.cards import Card, cards_of, disagreements, file_of, media_columns, with_card
from compiler.spec.data.errors import Problem, SourceError
from compiler.spec.data.files import parts_of, rows_of, source_digest
from compiler.spec.data.folded import Folded
from compiler.spec.data.leakage import Watcher, is_evaluation
from compiler.spec.data.mapping import Mapped, unknown_columns
from compiler.spec.data.model import DataFile
from compiler.spec.data.parts import ELSEWHERE, MAX_SOURCE_BYTES, Allowance, Part
from compiler.spec.data.references import Check, reference_check
from compiler.spec.data.shapes import shape_problem
from compiler.spec.data.tally import Tally
from compiler.spec.data.texts import Row
from compiler.spec.evidence import EvidenceFile
from compiler.spec.files import reason
from compiler.spec.references import Reader
from compiler.spec.schema.training_spec import DataSource, TrainingSpec
from runtime.contract.data.faults import RowFault
from runtime.contract.data.file_formats import EMPTY_HINT, compression_of, row_place, without_rows
from runtime.contract.leakage.held_out import HeldOut

MAX_REPORTED_ROWS = 10
MAX_SOURCES = 200
NEAR_DISTANCE = 0.1
NO_COLUMNS: Mapping[str, str] = {}

# called with each usable row, the texts of its columns, and its name
Watch = Callable[[Row, list[str], str], None]


def read_sources(reader: Reader, spec: TrainingSpec, evidence: Sequence[EvidenceFile] | None) -> dict[str, DataFile]:
    """Return the figures of each readable source by name.

    The reader collects the diagnostics. `evidence` contains the cards; None if it is unreadable, and then missing cards
    are not reported.
    """
    files: dict[str, DataFile] = {}
    held_out: dict[str, HeldOut] = {}
    left = MAX_SOURCE_BYTES
    if len(spec.spec.data) > MAX_SOURCES:
        message = f"the spec has more than {MAX_SOURCES} data sources"
        hint = "put files of one purpose into a folder, which is one source"
        reader.found.append(diagnostic("YML005", message, reader.document.at(("spec", "data")), hint=hint))
        return files
    distance = spec.spec.thresholds.near_pair_distance
    model = spec.spec.model.path
    by_source = _by_source(reader, spec, cards_of(evidence or ()))
    # the questions that other sources are compared with are read first
    for index, source in sorted(enumerate(spec.spec.data), key=lambda each: not is_evaluation(each[1])):
        card = by_source.get(source.name)
        where = reader.document.at(("spec", "data", index))
        if (source.path is None) == (source.uri is None):
            which = "neither `path` nor `uri`" if source.path is None else "both `path` and `uri`"
            hint = "set `path` for rows in the spec's folder, or `uri` for rows elsewhere"
            reader.found.append(diagnostic("CHK232", f"data source `{source.name}` has {which}", where, hint=hint))
        elif unknown := unknown_columns(source, reader.document.at(("spec", "data", index, "columns"))):
            reader.found.append(unknown)
        elif source.path is not None:
            watcher, check = Watcher(source, held_out, files), reference_check(spec, source)
            file = _read(reader, index, source, source.path, distance, left, watcher, check)
            if file is not None:
                left -= file.size
                agrees = card is not None and _agrees(reader, card, source, file.sha256, distance)
                files[source.name] = with_card(file, card.card, model) if card and agrees else file
        elif card is not None:
            refused = list(media_columns(card, source))
            reader.found.extend(refused)
            if _agrees(reader, card, source, None, distance) and not refused:
                files[source.name] = file_of(card.card, source, model)
        elif evidence is not None:
            reader.found.append(_no_card(reader, source, where))
    return {source.name: files[source.name] for source in spec.spec.data if source.name in files}


def _by_source(reader: Reader, spec: TrainingSpec, cards: Iterable[Card]) -> dict[str, Card]:
    known = {source.name for source in spec.spec.data}
    found: dict[str, Card] = {}
    for card in cards:
        name, where = card.card.spec.source, card.document.at(("spec", "source"))
        if name not in known:
            message = f"the card is for `{name}`, which is not a data source of the spec"
            reader.found.append(diagnostic("CHK221", message, where, hint="remove the card, or correct its source"))
        elif name in found:
            message = f"`{found[name].document.path}` is also a card for `{name}`"
            reader.found.append(diagnostic("CHK233", message, where, hint="remove the older of the two"))
        else:
            found[name] = card
    return found


def _no_card(reader: Reader, source: DataSource, where: Location) -> Diagnostic:
    command = f"trainspec data {reader.shown} --source {source.name} --from PATH"
    hint = f"run `{command}` where its rows are, and commit the card"
    return diagnostic("CHK222", f"remote data source `{source.name}` has no data card", where, hint=hint)


def _agrees(reader: Reader, card: Card, source: DataSource, sha256: str | None, distance: float) -> bool:
    wrong = list(disagreements(card, source, sha256, distance, str(reader.shown)))
    reader.found.extend(wrong)
    return not wrong


def _read(
    reader: Reader,
    index: int,
    source: DataSource,
    relative: str,
    near_distance: float,
    limit: int,
    watcher: Watcher,
    check: Check | None,
) -> DataFile | None:
    where = reader.document.at(("spec", "data", index, "path"))
    path = reader.resolve(relative, where, folder=is_folder(reader.folder / relative))
    if path is None:
        return None
    outcome = read_source(
        path,
        reader.show(Path(relative)),
        name=source.name,
        relative=relative,
        shape=source.shape,
        encoding=source.encoding,
        columns=source.columns,
        near_distance=near_distance,
        inside=reader.folder,
        limit=limit,
        watch=watcher.watch,
        check=check,
    )
    reader.found.extend(outcome.diagnostics)
    return watcher.result(outcome.value) if outcome.value is not None else None


def is_folder(path: Path) -> bool:
    """Whether the path is a folder; False on an error, which reading it will report."""
    try:
        return path.is_dir()
    except OSError:
        return False


def read_source(
    path: Path,
    shown: str,
    *,
    name: str,
    relative: str,
    shape: str,
    encoding: str | None = None,
    columns: Mapping[str, str] = NO_COLUMNS,
    near_distance: float = NEAR_DISTANCE,
    inside: Path | None = None,
    uri: str | None = None,
    limit: int | None = MAX_SOURCE_BYTES,
    watch: Watch | None = None,
    check: Check | None = None,
) -> Outcome[DataFile]:
    """Read the file or folder at `path` as rows of `shape`.

    Up to `MAX_REPORTED_ROWS` kinds of problems are reported; `check` finds more in rows that have their shape.
    `columns` maps native columns to those of the files. `relative` is the source's path in the spec, `shown` its path
    as shown to people; `limit` is in bytes, of the files and of what they unpack to.
    """
    mapping = Mapped(columns)
    folded = Folded()
    tally = Tally(shape, near_distance)
    try:
        parts = parts_of(path, relative, shown, inside=inside or path.resolve().parent, encoding=encoding)
        packed = _check_size(parts, shown, limit)
        allowance = Allowance(None if limit is None else limit - packed)
        empty: list[str] = []
        for part in parts:
            before = tally.rows, len(folded)
            _count(part, mapping, tally, folded, watch, check, allowance)
            if len(folded) >= MAX_REPORTED_ROWS:
                break
            if before == (tally.rows, len(folded)):
                empty.append(part.shown)
    except SourceError as error:
        place = Location(path=error.where or shown)
        return Outcome(
            value=None,
            diagnostics=(*folded.diagnostics(), diagnostic(error.code, error.message, place, hint=error.hint)),
        )
    found = [*folded.diagnostics(), *mapping.diagnostics(shown)]
    if has_errors(found):
        return Outcome(value=None, diagnostics=tuple(found))
    if not tally.rows:
        nothing = diagnostic("CHK204", f"data source `{name}` has no rows", Location(path=shown), hint="add rows")
        return Outcome(value=None, diagnostics=(nothing,))
    if empty:
        nothing = diagnostic("CHK204", without_rows(shown, empty), Location(path=shown), hint=EMPTY_HINT)
        return Outcome(value=None, diagnostics=(nothing,))
    folder = path.is_dir()
    data = tally.result(
        name=name,
        path=relative,
        uri=uri,
        sha256=lambda read: source_digest(relative, read, folder=folder),
    )
    return Outcome(value=data, diagnostics=_repeats(data, shown))


def _check_size(parts: Sequence[Part], shown: str, limit: int | None) -> int:
    """Return the bytes of the files that are not compressed; SourceError if all files exceed the limit."""
    try:
        sizes = {part: part.file.stat().st_size for part in parts}
    except OSError as error:
        raise SourceError("YML001", f"cannot read the file: {reason(error)}") from error
    if limit is not None and sum(sizes.values()) > limit:
        before = "" if limit == MAX_SOURCE_BYTES else ", the rest of the limit after earlier sources"
        raise SourceError("YML005", f"`{shown}` is larger than {limit:,} bytes{before}", ELSEWHERE)
    return sum(size for part, size in sizes.items() if not compression_of(part.file))


def _count(
    part: Part,
    mapping: Mapped,
    tally: Tally,
    folded: Folded,
    watch: Watch | None,
    check: Check | None,
    allowance: Allowance,
) -> None:
    tally.begin(part.path)
    try:
        for number, record in rows_of(part, tally.end, allowance):
            row = record if isinstance(record, Problem) else mapping.native_row(dict(record), tally.shape)
            if isinstance(row, RowFault):
                row = shape_problem(row)
            taken = row if isinstance(row, Problem) else tally.take(number, row)
            if isinstance(taken, Problem):
                folded.add(part.shown, number, taken)
                if len(folded) >= MAX_REPORTED_ROWS:
                    return
                continue
            if watch is not None:
                watch(row, taken, row_place(part.path, number))  # type: ignore[arg-type]
            for problem in check(row) if check is not None else ():  # type: ignore[arg-type]
                folded.add(part.shown, number, problem)
    except SourceError as error:
        error.where = part.shown
        raise


def _repeats(data: DataFile, shown: str) -> tuple[Diagnostic, ...]:
    if not data.repeated:
        return ()
    repeats = "repeats" if data.repeated == 1 else "repeat"
    message = f"data source `{data.name}`: {data.repeated:,} of {counted(data.rows, 'row')} {repeats} an earlier one"
    return (diagnostic("CHK211", message, Location(path=shown), hint="remove the repeated rows"),)
