"""The text of a file in pieces, from UTF-8, UTF-16 with a byte order mark, or a named encoding.

Every line ends with LF in the result, whether it ended with CRLF, LF or CR in the file.
"""

import codecs
from collections.abc import Iterator
from typing import Protocol

from runtime.contract.data.unreadable import LineError, Unreadable

CHUNK_BYTES = 1 << 20
UTF_8 = "utf-8"
_MARKS = {  # the longer ones first: that of UTF-32 begins with that of UTF-16
    codecs.BOM_UTF8: UTF_8,
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_NUL_HINT = "write the text without NUL, or name its encoding, as in `encoding: utf-16-le`"


class Stream(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""


def check_encoding(name: str) -> str:
    """Return the name of an encoding of text; ValueError if Python does not know it."""
    try:
        codecs.getincrementaldecoder(name)("strict").decode(b"")
        "".encode(name)
    except (LookupError, ValueError, TypeError):
        raise ValueError(f"`{name}` is no known encoding: use one such as `gb18030`, `big5` or `shift_jis`") from None
    return name


def text_pieces(stream: Stream, encoding: str | None) -> Iterator[str]:
    """Yield the text of a stream in pieces.

    A byte order mark decides the encoding, then `encoding`, then it is UTF-8. LineError at a byte that has no meaning
    in the encoding, and at a NUL.
    """
    piece = stream.read(CHUNK_BYTES)
    mark = next((each for each in _MARKS if piece.startswith(each)), b"")
    name = _MARKS.get(mark, encoding or UTF_8)
    decoder = codecs.getincrementaldecoder(name)("strict")
    place = _Place(name)
    piece = piece[len(mark) :]
    held = ""  # a CR at the end of a piece, which LF may follow
    while True:
        last = not piece
        try:
            text = held + decoder.decode(piece, last)
        except UnicodeDecodeError as error:
            raise place.undecodable(held, error) from None
        except UnicodeError:  # such as `utf-16` without the byte order mark that it requires
            raise place.without_mark() from None
        held = ""
        if not last and text.endswith("\r"):
            text, held = text[:-1], "\r"
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if "\0" in text:
            raise place.nul(text)
        if text:
            yield text
            place.add(text)
        if last:
            return
        piece = stream.read(CHUNK_BYTES)


def text_lines(pieces: Iterator[str], limit: int) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text with their numbers, without LF; `OverflowError` beyond `limit` characters in a line.

    Only line ends separate lines, and no other separator of Unicode does: JSON strings may contain those.
    """
    for number, line in bounded_lines(pieces, limit):
        if line is None:
            raise OverflowError(f"line {number}")
        yield number, line


def bounded_lines(pieces: Iterator[str], limit: int) -> Iterator[tuple[int, str | None]]:
    """Yield the lines as `text_lines` does, None for a line beyond `limit` characters, of which no more is kept."""
    number, rest, is_beyond = 0, "", False
    for piece in pieces:
        lines = (rest + piece).split("\n")
        rest = lines.pop()
        for line in lines:
            number += 1
            if not is_beyond:
                yield number, line if len(line) <= limit else None
            is_beyond = False
        if is_beyond:
            rest = ""
        elif len(rest) > limit:
            yield number + 1, None
            rest, is_beyond = "", True
    if rest:
        yield number + 1, rest


class _Place:
    """How far a text has been decoded: its lines, and the bytes of the last one."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._line = 1
        self._bytes = 0

    def add(self, text: str) -> None:
        """Note decoded text."""
        before, _, after = text.rpartition("\n")
        if len(after) < len(text):
            self._line += before.count("\n") + 1
            self._bytes = 0
        self._bytes += len(after.encode(self._encoding))

    def undecodable(self, held: str, error: UnicodeDecodeError) -> LineError:
        """Return the fault of a byte; `held` precedes the piece that the error is about."""
        before = held + error.object[: error.start].decode(self._encoding)
        self.add(before.replace("\r\n", "\n").replace("\r", "\n"))
        name = self._encoding.upper() if self._encoding.startswith("utf") else f"`{self._encoding}`"
        message = f"is not {name} text (byte {self._bytes + 1} of the line)"
        return LineError(
            self._line, Unreadable(message=message, hint=_hint(error.object[error.start :], self._encoding))
        )

    def without_mark(self) -> LineError:
        """Return the fault of a text that does not begin as its encoding requires."""
        message = f"is not `{self._encoding}` text: it has no byte order mark"
        return LineError(self._line, Unreadable(message=message, hint=_hint(b"", self._encoding)))

    def nul(self, text: str) -> LineError:
        """Return the fault of the first NUL in a text."""
        self.add(text[: text.index("\0")])
        return LineError(self._line, Unreadable(message="holds a NUL byte, which no text has", hint=_NUL_HINT))


def _hint(rest: bytes, encoding: str) -> str:
    """Return what to do about bytes that are not text of the encoding, from what they may be."""
    if encoding != UTF_8:
        return "save the file as UTF-8 and remove `encoding`, or name the encoding that it was saved in"
    sample = rest[:200].split(b"\n")[0]
    try:
        is_chinese = any("\u4e00" <= each <= "\u9fff" for each in sample.decode("gb18030", "ignore")[:2])
        bytes(sample[:2]).decode("gb18030")
    except UnicodeDecodeError:
        is_chinese = False
    likely = "gb18030" if is_chinese else "windows-1252"
    others = "`big5`, `shift_jis` or `windows-1252`" if is_chinese else "`gb18030`, `big5` or `shift_jis`"
    return f"save the file as UTF-8, or set `encoding: {likely}` (or {others}) at the data source"
