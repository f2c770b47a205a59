"""Files of folders that anybody may have written to: only plain files are opened, and never further than a bound."""

import errno
import hashlib
import os
import re
import stat
from pathlib import Path
from typing import BinaryIO

# control characters, bytes that are not UTF-8 (lone surrogates), and marks that turn the direction of text around: a
# name that holds them cannot be written to a plan, or is shown as something else than it is
_UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_CHUNK = 1 << 20


def open_file(path: Path | str) -> BinaryIO:
    """Open a plain file for reading bytes; OSError for anything else. A pipe or device is never waited for."""
    stream = open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))  # noqa: SIM115 (given on)
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise OSError(errno.EINVAL, "it is no plain file")
    return stream


def read_file(path: Path | str, limit: int) -> bytes:
    """A plain file's bytes, or its first `limit` ones; OSError for anything else. For many small files: one call each
    to open, look, read and close.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no plain file")
        wanted = min(status.st_size, limit)
        content = os.read(descriptor, wanted)
        while len(content) < wanted and (more := os.read(descriptor, wanted - len(content))):
            content += more
        return content
    finally:
        os.close(descriptor)


def digest_of(path: Path, limit: int) -> str:
    """SHA-256 of a plain file's bytes, in hexadecimal; OSError where it is larger than `limit` bytes."""
    digest, size = hashlib.sha256(), 0
    with open_file(path) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise OSError(errno.EFBIG, f"it is larger than {limit:,} bytes")
            digest.update(chunk)
    return digest.hexdigest()


def lies_in(path: Path, folder: Path) -> bool:
    """Whether what the path leads to, through any links, lies in the folder, which is free of links itself."""
    return Path(os.path.realpath(path)).is_relative_to(folder)


def can_be_shown(name: str) -> bool:
    """Whether people can be shown a file's name as it is."""
    return _UNSHOWABLE.search(name) is None


def showable(text: str) -> str:
    """The text with what cannot be shown as it is replaced."""
    return _UNSHOWABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def reason(error: OSError) -> str:
    """Why a file could not be read, in words for people."""
    return (error.strerror or str(error)).lower()
