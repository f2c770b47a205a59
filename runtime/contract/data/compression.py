"""Compressed files, unpacked piece by piece."""

import gzip
import io
import zlib
from collections.abc import Callable

from runtime.contract.data.text_encoding import Stream
from runtime.contract.data.unreadable import FileError

AGAIN = "fetch the file again"
# opens a stream of Zstandard, for which the standard library has no reader
OpenZstd = Callable[[io.RawIOBase], Stream]


class Unpacked:
    """The unpacked bytes of a stream; `spend` is called with the number of bytes of each piece, and may refuse them.

    FileError if the stream is damaged, or ends too early.
    """

    def __init__(
        self, stream: io.RawIOBase, compression: str, open_zstd: OpenZstd, spend: Callable[[int], None] | None = None
    ) -> None:
        self._stream = gzip.GzipFile(fileobj=stream) if compression == ".gz" else open_zstd(stream)
        self._spend = spend

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""
        try:
            piece = self._stream.read(size)
        except EOFError:
            raise _cut() from None
        except (gzip.BadGzipFile, zlib.error, OSError, ValueError) as error:
            if "truncated" in str(error).lower():
                raise _cut() from None
            reason = " ".join(str(error).split())[:120].lower()
            raise FileError("damaged", f"is damaged, and cannot be unpacked: {reason}", AGAIN) from None
        if self._spend is not None:
            self._spend(len(piece))
        return piece


def _cut() -> FileError:
    return FileError("damaged", "ends in the middle of its compressed content: it was not copied whole", AGAIN)
