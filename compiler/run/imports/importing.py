"""Import files of exports: read, map, group, assemble, and write native traces and badcases, whole or not at all."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain, count, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from compiler.diagnostics import Diagnostic, Location, diagnostic, has_errors
from compiler.run.imports.chunks import chunks, lines_of
from compiler.run.imports.formats import table
from compiler.run.imports.grouping import EngineError, Grouped
from compiler.run.imports.losses import Tally, location, loss_diagnostics
from compiler.run.imports.mapping import MapJob, Mapped, map_batch
from compiler.run.imports.readers import FORMATS, format_of
from compiler.run.imports.reading import Numbered, batches, decoded_row, is_large, numbered_rows
from compiler.run.imports.span import Format, Row
from compiler.run.imports.targets import NewFile, overwritten
from compiler.run.imports.texts import Lengths
from compiler.run.imports.windows import Gap, missing_windows
from compiler.run.imports.workers import Workers
from compiler.spec.data.errors import Problem, SourceError
from compiler.spec.data.files import parts_of
from compiler.spec.data.parts import Allowance, Part
from compiler.spec.files import reason
from runtime.contract.data.file_formats import FILE_FORMATS, row_place
from runtime.contract.data.file_formats import format_of as file_format

_ENCODING = re.compile(r"`encoding: ([-\w]+)`")
_SNIFFED = 50  # rows of a file that decide its format
MAX_REPORTED = 20  # rows that cannot be read, of one file

# called with what is done and how many of it, as it goes on
Progress = Callable[[str, int], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportRequest:
    """Files and folders to import, where to write, and what is known of the format; `tool` None finds it out."""

    paths: Sequence[Path]
    to: Path
    badcases: Path | None = None
    tool: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(kw_only=True, slots=True)
class Imported:
    """What an import came to. `formats` are those of the files; `written` is False if there was nothing to write."""

    tally: Tally = field(default_factory=Tally)
    formats: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    spans: int = 0
    written: bool = False
    found: list[Diagnostic] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    def place(self, file: int, line: int) -> str:
        """Return the name of a row, by the number of its file."""
        return row_place(self.files[file], line)


def import_files(request: ImportRequest, progress: Progress) -> Imported:
    """Import the files of a request. The result does not depend on the order of files or rows."""
    made = Imported()
    made.found.extend(overwritten(request.paths, request.to, request.badcases))
    parts = _parts(request.paths, made)
    made.files = shown = [part.shown for part in parts]
    if not parts or has_errors(made.found):
        return made
    try:
        _import(request, parts, made, progress)
    except (OSError, EngineError) as error:  # a full disk, or a folder that cannot be written
        message = (
            f"cannot write the traces: {reason(error) if isinstance(error, OSError) else str(error)[:200].lower()}"
        )
        hint = "free space or fix the permissions, then import again"
        made.found.append(diagnostic("RND503", message, Location(path=str(request.to)), hint=hint))
        return made
    if made.written:
        made.found.extend(loss_diagnostics(made.tally, shown))
        if not made.tally.evidence:
            made.found.append(_nothing_left(request, f"none of the {made.tally.traces:,} traces counts as evidence"))
    return made


def _import(request: ImportRequest, parts: Sequence[Part], made: Imported, progress: Progress) -> None:
    with TemporaryDirectory(prefix="trainspec-import-") as folder, ExitStack() as stack:
        workers = stack.enter_context(Workers(alone=not is_large(part.file for part in parts)))
        lengths, loose = _map_all(request, parts, Path(folder), workers, made, progress)
        if not made.spans and not any(Path(folder).glob("part-*")):
            if not has_errors(made.found):
                made.found.append(_nothing_left(request, "no trace was found"))
            return
        grouped = stack.enter_context(Grouped(Path(folder), workers.processes))
        grouped.index(loose_notes=loose)
        gaps = missing_windows(grouped)
        _write(request, grouped, lengths, gaps, workers, made, progress)


def _parts(paths: Sequence[Path], made: Imported) -> list[Part]:
    """Return the files of all paths by name, each once."""
    found: dict[str, Part] = {}
    for path in paths:
        try:
            if not path.exists():
                raise SourceError("CHK201", f"`{path}` is missing", "correct the path of the export")
            inside = path.resolve() if path.is_dir() else path.resolve().parent
            for part in parts_of(path, path.as_posix(), path.as_posix(), inside=inside):
                found.setdefault(os.path.realpath(part.file), part)
        except SourceError as error:
            made.found.append(diagnostic(error.code, error.message, Location(path=str(path)), hint=error.hint))
    return sorted(found.values(), key=lambda part: part.shown)


def _map_all(
    request: ImportRequest, parts: Sequence[Part], folder: Path, workers: Workers, made: Imported, progress: Progress
) -> tuple[Lengths, bool]:
    """Map all rows; return the lengths of texts, and whether notes name a span without its trace."""
    lengths, loose = Lengths(), False
    reported: dict[int, int] = {}
    for mapped in workers.each(map_batch, _jobs(request, parts, folder, made)):
        made.rows += mapped.rows
        made.spans += mapped.spans
        lengths.merge(mapped.lengths)
        loose = loose or mapped.loose_notes > 0
        made.found.extend(_bad_rows(mapped, parts[mapped.file], reported))
        progress("reading rows", made.rows)
    for file, number in reported.items():
        if number > MAX_REPORTED:
            message = f"{number - MAX_REPORTED:,} more rows cannot be read"
            made.found.append(diagnostic("TRC802", message, Location(path=parts[file].shown)))
    return lengths, loose


def _jobs(request: ImportRequest, parts: Sequence[Part], folder: Path, made: Imported) -> Iterator[MapJob]:
    numbers = count()
    for index, part in enumerate(parts):
        try:
            rows = numbered_rows(part, Allowance(None))
            head = list(islice(rows, _SNIFFED))
            chosen = _chosen(request, head)
            absent = _absent_columns(request, part, head)
            if chosen is None or absent is not None:
                made.found.append(absent or _unknown(part, head))
                continue
            made.formats[part.shown] = chosen.name
            for batch in batches(index, chain(head, rows), numbers):
                yield MapJob(batch=batch, format=chosen, folder=folder)
        except SourceError as error:
            made.found.append(diagnostic(error.code, error.message, Location(path=part.shown), hint=error.hint))


def _chosen(request: ImportRequest, head: Sequence[Numbered]) -> Format | None:
    if request.columns:
        chosen = table.format_of(request.columns)
        rows = list(_decoded(head))
        return chosen if not rows or any(map(chosen.recognises, rows)) else None
    return FORMATS[request.tool] if request.tool else format_of(_decoded(head))


def _absent_columns(request: ImportRequest, part: Part, head: Sequence[Numbered]) -> Diagnostic | None:
    """Return that `--columns` names a column that the file does not have: its field would be empty everywhere."""
    rows = list(_decoded(head))
    are_all = len(head) < _SNIFFED or FILE_FORMATS[file_format(part.file)] not in ("JSONL", "JSON")
    absent = table.missing_columns(request.columns, rows, are_all=are_all) if rows else []
    if not absent:
        return None
    hint = f"correct `--columns`: the rows have {_names(rows[0])}"
    return diagnostic("TRC801", f"no row has a column `{absent[0][:40]}`", Location(path=part.shown), hint=hint)


def _names(row: Row) -> str:
    return ", ".join(f"`{name[:40]}`" for name in list(row)[:12]) or "no columns"


def _decoded(head: Iterable[Numbered]) -> Iterator[Row]:
    for _, held in head:
        row = decoded_row(held) if isinstance(held, str) else held
        if not isinstance(row, Problem):
            yield row


def _unknown(part: Part, head: Sequence[Numbered]) -> Diagnostic:
    """Return why a file has no known format: its rows are damaged, or their columns are others."""
    rows = list(_decoded(head))
    if not rows:
        line, problem = next(((line, row) for line, row in _problems(head)), (0, None))
        if problem is not None:
            place = location([part.shown], 0, line)
            return diagnostic("TRC802", problem.message, place, hint=_hint(problem))
        return diagnostic("CHK204", "the file has no rows", Location(path=part.shown))
    hint = "name its columns: --columns query=COLUMN,answer=COLUMN; or name its tool with `--tool`"
    return diagnostic(
        "TRC801", f"no known tool writes rows with {_names(rows[0])}", Location(path=part.shown), hint=hint
    )


def _problems(head: Iterable[Numbered]) -> Iterator[tuple[int, Problem]]:
    for line, held in head:
        row = decoded_row(held) if isinstance(held, str) else held
        if isinstance(row, Problem):
            yield line, row


def _bad_rows(mapped: Mapped, part: Part, reported: dict[int, int]) -> Iterator[Diagnostic]:
    before = reported.get(mapped.file, 0)
    reported[mapped.file] = before + mapped.bad_rows
    for line, problem in mapped.problems[: max(0, MAX_REPORTED - before)]:
        place = location([part.shown], 0, line)
        message = problem.message if place.line else f"{problem.message} (row {line:,})"
        yield diagnostic("TRC802", message, place, hint=_hint(problem))


def _hint(problem: Problem) -> str:
    """Return what to do about a row; a file that is imported has no data source that could name its encoding."""
    if match := _ENCODING.search(problem.hint):
        return f"save the file as UTF-8: iconv -f {match[1]} -t utf-8 FILE > NEW (or from another encoding)"
    return problem.hint


def _nothing_left(request: ImportRequest, message: str) -> Diagnostic:
    return diagnostic("TRC803", message, Location(path=str(request.to)))


def _write(
    request: ImportRequest,
    grouped: Grouped,
    lengths: Lengths,
    gaps: Sequence[Gap],
    workers: Workers,
    made: Imported,
    progress: Progress,
) -> None:
    """Write traces and badcases to new files, and put these in place at the end. OSError if that fails."""
    with NewFile(request.to) as traces, NewFile(request.badcases) as badcases:
        for lines in workers.each(lines_of, chunks(grouped.rows(), lengths.limits(), gaps)):
            traces.write(lines.traces)
            badcases.write(lines.badcases)
            made.tally.merge(lines.tally)
            for file, line, problem in lines.problems:
                made.found.append(
                    diagnostic("TRC819", problem.message, location(made.files, file, line), hint=problem.hint)
                )
            progress("writing traces", made.tally.traces)
        if made.tally.traces:
            traces.keep()
            badcases.keep()
            made.written = True
