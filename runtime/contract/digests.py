"""Digests of folders: the compiler writes them into a plan, the runtime verifies them."""

import hashlib
from collections.abc import Mapping


def folder_digest(digests: Mapping[str, str]) -> str:
    """Return the SHA-256 of a folder, in hexadecimal, from relative path → SHA-256 of the file.

    The hash covers one line per file, sorted by path: the path, a NUL, and the file's digest.
    """
    lines = (f"{path}\0{digests[path]}\n" for path in sorted(digests))
    return hashlib.sha256("".join(lines).encode()).hexdigest()
