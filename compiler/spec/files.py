"""Reading of files in untrusted folders: only regular files, and only up to a size limit."""

import errno
import os
import re
import stat
from pathlib import Path
from typing import BinaryIO

from runtime.contract.digests import ContentDigest

# Control characters, bytes that are not UTF-8 (lone surrogates), and marks that change the direction of text: a name
# with them cannot be written to a plan, or looks like another name.
_UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_CHUNK = 1 << 20


def open_file(path: Path | str) -> BinaryIO:
    """Open a regular file for reading bytes; OSError for anything else, without waiting for a pipe or device."""
    stream = open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))  # noqa: SIM115 (returned)
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise OSError(errno.EINVAL, "not a regular file")
    return stream


def read_file(path: Path | str, limit: int) -> bytes:
    """Return the first `limit` bytes of a regular file; OSError for anything else.

    It is fast for many small files: one system call each to open, stat, read and close.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        wanted = min(status.st_size, limit)
        content = os.read(descriptor, wanted)
        while len(content) < wanted and (more := os.read(descriptor, wanted - len(content))):
            content += more
        return content
    finally:
        os.close(descriptor)


def digest_of(path: Path, limit: int) -> str:
    """Return the content digest of a regular file; OSError if it is larger than `limit` bytes."""
    digest, size = ContentDigest(), 0
    with open_file(path) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise OSError(errno.EFBIG, f"larger than {limit:,} bytes")
            digest.update(chunk)
    return digest.hexdigest()


def lies_in(path: Path, folder: Path) -> bool:
    """Return whether the path, with links resolved, is inside the folder, whose own path has no links."""
    return Path(os.path.realpath(path)).is_relative_to(folder)


def can_be_shown(name: str) -> bool:
    """Return whether a file name is printable and unambiguous."""
    return _UNSHOWABLE.search(name) is None


def showable(text: str) -> str:
    """Return the text with U+FFFD for each unprintable character."""
    return _UNSHOWABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def reason(error: OSError) -> str:
    """Return why a file could not be read, for messages."""
    return (error.strerror or str(error)).lower()
