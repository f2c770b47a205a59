"""Digests of folders, which the compiler writes into a plan and the runtime compares with what it finds."""

import hashlib
from collections.abc import Mapping


def folder_digest(digests: Mapping[str, str]) -> str:
    """Return the SHA-256 of a folder, in hexadecimal, from its files: relative path → SHA-256 of the file's bytes.

    It is taken over a line for each file, sorted by path: the path, a NUL, and the file's digest.
    """
    lines = (f"{path}\0{digests[path]}\n" for path in sorted(digests))
    return hashlib.sha256("".join(lines).encode()).hexdigest()
