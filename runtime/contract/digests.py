"""Digests of files and folders: the compiler writes them into a plan, the runtime verifies them.

Git may give a text other line ends in another clone (`core.autocrlf`), so the digest of a text covers its content with
LF in the place of CRLF. Everything else is covered byte by byte.
"""

import hashlib
from collections.abc import Mapping
from typing import BinaryIO

_HEAD_BYTES = 8000  # in which Git looks for a NUL, which no text has
_CHUNK_BYTES = 1 << 20
# beginnings of gzip, Zstandard and Parquet, and of text in UTF-16
_BINARY = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1\x15", b"\xff\xfe", b"\xfe\xff")


class ContentDigest:
    """The SHA-256 of a file that is read in pieces, whatever the line ends of its text.

    `size` counts the bytes that the digest covers.
    """

    def __init__(self) -> None:
        self.size = 0
        self._digest = hashlib.sha256()
        self._head = b""
        self._is_text: bool | None = None
        self._ends_with_cr = False

    def update(self, piece: bytes) -> None:
        """Add the next bytes of the file."""
        if self._is_text is None:
            self._head += piece
            if len(self._head) < _HEAD_BYTES:
                return
            piece = self._decide()
        self._add(piece)

    def hexdigest(self) -> str:
        """Return the digest in hexadecimal; nothing can be added afterwards."""
        if self._is_text is None:
            self._add(self._decide())
        if self._ends_with_cr:
            self._ends_with_cr = False
            self._cover(b"\r")
        return self._digest.hexdigest()

    def _decide(self) -> bytes:
        head, self._head = self._head, b""
        self._is_text = b"\0" not in head[:_HEAD_BYTES] and not head.startswith(_BINARY)
        return head

    def _add(self, piece: bytes) -> None:
        if self._is_text:
            if self._ends_with_cr:
                piece = b"\r" + piece
            self._ends_with_cr = piece.endswith(b"\r")
            if self._ends_with_cr:
                piece = piece[:-1]
            if b"\r" in piece:
                piece = with_lf(piece)
        self._cover(piece)

    def _cover(self, piece: bytes) -> None:
        self._digest.update(piece)
        self.size += len(piece)


def with_lf(text: bytes) -> bytes:
    """Return a text with LF for CRLF, as every comparison and digest of texts reads it."""
    return text.replace(b"\r\n", b"\n")


def content_digest(content: bytes) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal, whatever the line ends of its text."""
    digest = ContentDigest()
    digest.update(content)
    return digest.hexdigest()


def stream_digest(stream: BinaryIO) -> str:
    """Return `content_digest` of the rest of a stream."""
    digest = ContentDigest()
    while piece := stream.read(_CHUNK_BYTES):
        digest.update(piece)
    return digest.hexdigest()


def folder_digest(digests: Mapping[str, str]) -> str:
    """Return the SHA-256 of a folder, in hexadecimal, from relative path → SHA-256 of the file.

    The hash covers one line per file, sorted by path: the path, a NUL, and the file's digest.
    """
    lines = (f"{path}\0{digests[path]}\n" for path in sorted(digests))
    return hashlib.sha256("".join(lines).encode()).hexdigest()
