"""Rows of text files, from their bytes: what both sides read of a JSONL, JSON, CSV or TSV file."""

import io
from collections.abc import Callable, Iterator

from runtime.contract.data.compression import OpenZstd, Unpacked
from runtime.contract.data.delimited import delimited
from runtime.contract.data.file_formats import COMPRESSIONS, FILE_FORMATS, compression_of, format_of
from runtime.contract.data.json_rows import json_lines
from runtime.contract.data.json_values import json_values
from runtime.contract.data.text_encoding import Stream, text_pieces
from runtime.contract.data.unreadable import FileError, LineError, Rows
from runtime.contract.foreign import HEAD_BYTES, foreign

_TABLES = (".csv", ".tsv")
_MAGIC = {".gz": b"\x1f\x8b", ".zst": b"\x28\xb5\x2f\xfd"}


def text_rows(
    stream: Stream,
    path: str,
    *,
    open_zstd: OpenZstd,
    encoding: str | None = None,
    spend: Callable[[int], None] | None = None,
) -> Rows:
    """Yield the rows of a text file and their faults, with their lines (in JSON, their numbers).

    `path` decides the format; `spend` may refuse the size of unpacked pieces. FileError if the file is empty, not what
    its name says, or damaged.
    """
    compression, ending = compression_of(path), format_of(path)
    source = check_head(stream, compression or ending)
    if compression:
        source = check_head(Unpacked(source, compression, open_zstd, spend), ending)
    pieces = text_pieces(source, encoding)
    try:
        if ending in _TABLES:
            yield from delimited(pieces)
        else:
            yield from _JSON[ending](pieces)
    except LineError as error:
        yield error.line, error.fault


def check_head(stream: Stream, ending: str) -> "Headed":
    """Return the stream again; FileError if it is empty, or if its first bytes are not those of such a file."""
    head = stream.read(HEAD_BYTES)
    if not head:
        raise FileError("empty", "is empty: it has 0 bytes", "fetch or export the file again, or remove it")
    found = foreign(head, ending)
    if found:
        raise FileError("foreign", f"is {found.what}", found.hint)
    if ending in COMPRESSIONS and not head.startswith(_MAGIC[ending]):
        message = f"is not compressed with {COMPRESSIONS[ending]}, as its name says"
        raise FileError("foreign", message, f"remove `{ending}` from its name, or fetch it again")
    return Headed(head, stream)


class Headed(io.RawIOBase):
    """A stream whose first bytes were read already."""

    def __init__(self, head: bytes, stream: Stream) -> None:
        self._head = head
        self._stream = stream

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes; none at the end."""
        if self._head:
            head, self._head = self._head[:size], self._head[size:]
            return head
        return self._stream.read(size)


_JSON: dict[str, Callable[[Iterator[str]], Rows]] = {
    ending: json_values if name == "JSON" else json_lines
    for ending, name in FILE_FORMATS.items()
    if name.startswith("JSON")
}
