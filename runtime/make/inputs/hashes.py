"""Digests of content while it is written: that of a plan or a record, and the name that a hub gives it."""

import hashlib

from runtime.contract.digests import ContentDigest
from runtime.make.inputs.source import SourceFile


class Hashes:
    """The digests of the bytes so far of `file`."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._content = ContentDigest()
        self._sha256 = hashlib.sha256()
        # Git's name of a small file. It guards against damage; the hub itself vouches for the commit.
        self._blob = hashlib.sha1(f"blob {file.size}\0".encode(), usedforsecurity=False)

    def update(self, chunk: bytes) -> None:
        """Add bytes."""
        self._content.update(chunk)
        if self._file.sha256 is not None:
            self._sha256.update(chunk)
        if self._file.blob is not None:
            self._blob.update(chunk)

    def content(self) -> str:
        """Return the content digest, in hexadecimal; nothing can be added afterwards."""
        return self._content.hexdigest()

    @property
    def agree(self) -> bool:
        """Whether the bytes are the content that the source names, if it names it."""
        if self._file.sha256 is not None:
            return self.found == self._file.sha256
        return self._file.blob is None or self.found == self._file.blob

    @property
    def found(self) -> str:
        """The digest that the source's name is compared with, in hexadecimal."""
        return (self._sha256 if self._file.sha256 is not None else self._blob).hexdigest()
