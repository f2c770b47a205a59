"""Digests of content while it is written: the SHA-256 of a record, and the name that a hub gives it."""

import hashlib

from runtime.make.inputs.source import SourceFile


class Hashes:
    """The digests of the bytes so far of `file`."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        # Git's name of a small file. It guards against damage; the hub itself vouches for the commit.
        self._blob = hashlib.sha1(f"blob {file.size}\0".encode(), usedforsecurity=False)

    def update(self, chunk: bytes) -> None:
        """Add bytes."""
        self._sha256.update(chunk)
        if self._file.blob is not None:
            self._blob.update(chunk)

    @property
    def sha256(self) -> str:
        """The SHA-256, in hexadecimal."""
        return self._sha256.hexdigest()

    @property
    def agree(self) -> bool:
        """Whether the bytes are the content that the source names, if it names it."""
        if self._file.sha256 is not None:
            return self.sha256 == self._file.sha256
        return self._file.blob is None or self._blob.hexdigest() == self._file.blob
