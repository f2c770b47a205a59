"""Files of a source and their rows, one at a time; the contract reads the formats, this module opens the files."""

import io
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from compiler.diagnostics.wording import counted
from compiler.spec.data.errors import Problem, SourceError
from compiler.spec.data.parts import (
    ELSEWHERE,
    MAX_FILES,
    MAX_SOURCE_BYTES,
    Allowance,
    Numbered,
    Part,
)
from compiler.spec.files import can_be_shown, lies_in, open_file, reason
from runtime.contract.data.compression import Unpacked
from runtime.contract.data.faults import RowFault
from runtime.contract.data.file_formats import (
    BINARY,
    COMPRESSIONS,
    EXPORT_HINT,
    FILE_FORMATS,
    PACKAGES,
    USE_A_FORMAT,
    compression_of,
    ending_of,
    format_of,
    is_set_aside,
)
from runtime.contract.data.text_encoding import Stream, bounded_lines, text_pieces
from runtime.contract.data.text_files import check_head, text_rows
from runtime.contract.data.unreadable import FileError, Kind, LineError, Rows, Unreadable
from runtime.contract.digests import ContentDigest, folder_digest

MAX_NAMED = 5
_CODES: dict[Kind, str] = {
    "foreign": "CHK237",
    "damaged": "CHK237",
    "empty": "CHK204",
    "large": "YML005",
    "format": "CHK223",
}

# called with the SHA-256 of a file and the bytes that it covers, after the last row
Done = Callable[[str, int], None]


def parts_of(file: Path, path: str, shown: str, *, inside: Path, encoding: str | None = None) -> tuple[Part, ...]:
    """Return the file itself, or the data files of the folder at any depth, in name order.

    SourceError if there are none, or others that are not set aside. A link that leaves the folder `inside` is an
    error: the result would depend on files outside it.
    """
    if not file.is_dir():
        if not ending_of(file):
            raise SourceError("CHK223", f"`{shown}` has an unknown format", f"{USE_A_FORMAT}; {EXPORT_HINT}")
        return (Part(file=file, path=path, shown=shown, encoding=encoding),)
    parts, others = [], []
    for below in _files_below(file):
        if not can_be_shown(below):
            raise SourceError("YML001", "a file name contains characters that cannot be shown", "rename the file")
        if not ending_of(below):
            others.append(below)
            continue
        if not lies_in(file / below, inside):
            message = f"`{path}/{below}` is a link that leaves the spec's folder"
            raise SourceError("CHK202", message, "replace the link with the file itself")
        inner, named = f"{path.rstrip('/')}/{below}", f"{shown.rstrip('/')}/{below}"
        parts.append(Part(file=file / below, path=inner, shown=named, encoding=encoding))
        if len(parts) > MAX_FILES:
            raise SourceError("YML005", f"`{shown}` has more than {MAX_FILES:,} data files", ELSEWHERE)
    if others:
        raise _not_read(shown, sorted(others))
    if not parts:
        raise SourceError("CHK223", f"folder `{shown}` has no data file", USE_A_FORMAT)
    return tuple(sorted(parts, key=lambda part: part.path))


def _files_below(folder: Path) -> Iterator[str]:
    """Yield the paths of the files in a folder, without those set aside."""
    for place, inner, names in os.walk(folder):
        inner[:] = [name for name in inner if not is_set_aside(name)]
        yield from ((Path(place) / name).relative_to(folder).as_posix() for name in names if not is_set_aside(name))


def _not_read(shown: str, others: Sequence[str]) -> SourceError:
    named = ", ".join(f"`{name}`" for name in others[:MAX_NAMED])
    more = f" and {len(others) - MAX_NAMED:,} more" if len(others) > MAX_NAMED else ""
    message = f"folder `{shown}` has {counted(len(others), 'file')} whose format is unknown: {named}{more}"
    return SourceError("CHK223", message, f"move them out of the folder; {EXPORT_HINT}")


def source_digest(path: str, digests: tuple[tuple[str, str], ...], *, folder: bool) -> str:
    """Return the SHA-256 of a source from those of its files: a file's own, or that of the folder."""
    if not folder:
        return digests[0][1]
    prefix = f"{path.rstrip('/')}/"
    return folder_digest({name.removeprefix(prefix): sha256 for name, sha256 in digests})


def rows_of(part: Part, done: Done, allowance: Allowance) -> Iterator[Numbered]:
    """Yield the rows of a file, or their problems, with their line (in Parquet and JSON, their number).

    `done` is called after the last row. SourceError if the file cannot be read further, or unpacks to more than the
    allowance.
    """
    digest = ContentDigest()
    try:
        with open_file(part.file) as stream:
            read = _parquet if format_of(part.file) in BINARY else _text
            for number, row in read(part, stream, digest, allowance):
                yield number, _problem(row) if isinstance(row, Unreadable) else row
    except FileError as fault:
        raise SourceError(_CODES[fault.kind], f"the file {fault.message}", fault.hint) from fault
    except OSError as error:
        raise SourceError("YML001", f"cannot read the file: {reason(error)}") from error
    done(digest.hexdigest(), digest.size)


def lines_of(part: Part, allowance: Allowance, limit: int) -> Iterator[tuple[int, str | Problem]]:
    """Yield the lines of a text file with their numbers, without white space around them; blank ones are skipped.

    A line beyond `limit` characters is a problem; a byte that is no text is one too, and ends them. SourceError as
    `rows_of`.
    """
    compression = compression_of(part.file)
    try:
        with open_file(part.file) as stream:
            size = os.fstat(stream.fileno()).st_size
            source = check_head(stream, compression or format_of(part.file))
            if compression:
                unpacked = Unpacked(source, compression, _zstd, allowance.meter(size))
                source = check_head(unpacked, format_of(part.file))
            for number, line in bounded_lines(text_pieces(source, part.encoding), limit):
                if line is None:
                    yield number, Problem(f"the row exceeds {limit:,} characters", "export fewer spans in one line")
                elif text := line.strip():
                    yield number, text
    except LineError as error:
        yield error.line, _problem(error.fault)
    except FileError as fault:
        raise SourceError(_CODES[fault.kind], f"the file {fault.message}", fault.hint) from fault
    except OSError as error:
        raise SourceError("YML001", f"cannot read the file: {reason(error)}") from error


def _problem(row: Unreadable) -> Problem:
    fault = RowFault(place="", problem=f"the {row.subject} {row.message}", hint=row.hint)
    common, turn = fault.common, fault.turn
    return Problem(fault.message, row.hint, column=row.column, text=row.text, common=common, turn=turn)


def _text(part: Part, stream: BinaryIO, digest: ContentDigest, allowance: Allowance) -> Rows:
    digested = _Digested(stream, digest)
    size = os.fstat(stream.fileno()).st_size
    yield from text_rows(
        digested,
        part.file.name,
        open_zstd=_zstd,
        encoding=part.encoding,
        spend=allowance.meter(size),
    )
    digested.drain()


def _parquet(part: Part, stream: BinaryIO, digest: ContentDigest, _: Allowance) -> Rows:
    check_head(stream, ".parquet")
    try:
        import pyarrow.parquet  # noqa: F401

        from compiler.spec.data.parquet import rows
    except ImportError:
        raise _missing_package(".parquet") from None
    stream.seek(0)
    _Digested(stream, digest).drain()
    stream.seek(0)
    yield from rows(stream, bounded=os.fstat(stream.fileno()).st_size <= MAX_SOURCE_BYTES)


def _zstd(stream: io.RawIOBase) -> Stream:
    try:
        import pyarrow
    except ImportError:
        raise _missing_package(".zst") from None
    opened: Stream = pyarrow.CompressedInputStream(stream, "zstd")
    return opened


def _missing_package(ending: str) -> SourceError:
    message = f"reading {(FILE_FORMATS | COMPRESSIONS)[ending]} needs the package `{PACKAGES[ending]}`"
    return SourceError("CHK224", message, "install it: pip install 'trainspec[data]'")


class _Digested:
    """A stream whose bytes are digested as they are read."""

    def __init__(self, stream: BinaryIO, digest: ContentDigest) -> None:
        self._stream = stream
        self._digest = digest

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes; none at the end."""
        piece = self._stream.read(size)
        self._digest.update(piece)
        return piece

    def drain(self) -> None:
        """Read what is left."""
        while self.read(1 << 20):
            pass
