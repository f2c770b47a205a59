"""Files that are not what their names say: a pointer of Git LFS, the error page of a download, another format."""

from dataclasses import dataclass
from pathlib import Path

HEAD_BYTES = 512


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreign:
    """What a file is, as in "a PDF", and what to do about it."""

    what: str
    hint: str


_AGAIN = "download the file again: the server sent this page instead of it"
_POINTERS = {
    b"version https://git-lfs.github.com/spec/": Foreign(
        what="a Git LFS pointer, not the file itself", hint="fetch the file: git lfs pull"
    ),
    b"# xet version": Foreign(what="a Git Xet pointer, not the file itself", hint="fetch the file: git xet checkout"),
}
# first bytes, lower case
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<?xml", b"<error>")
_EXCEL = "export the sheet as `CSV UTF-8`"
# first bytes, and the ending of files that begin so
_FORMATS = {
    b"PK\x03\x04": ("", Foreign(what="a ZIP archive or an Excel workbook", hint=f"unpack it, or {_EXCEL}")),
    b"\xd0\xcf\x11\xe0": ("", Foreign(what="an Excel or Word file", hint=_EXCEL)),
    b"%PDF-": ("", Foreign(what="a PDF", hint="write its text as rows")),
    b"BZh9": ("", Foreign(what="compressed with bzip2", hint="unpack it, or compress it with gzip")),
    b"\xfd7zXZ": ("", Foreign(what="compressed with xz", hint="unpack it, or compress it with gzip")),
    b"\x1f\x8b": (".gz", Foreign(what="compressed with gzip", hint="end its name with `.gz`, as in `rows.jsonl.gz`")),
    b"\x28\xb5\x2f\xfd": (
        ".zst",
        Foreign(what="compressed with Zstandard", hint="end its name with `.zst`, as in `rows.jsonl.zst`"),
    ),
    b"PAR1\x15": (".parquet", Foreign(what="a Parquet file", hint="end its name with `.parquet`")),
    b"ARROW1\0\0": ("", Foreign(what="an Arrow file", hint="write it as Parquet")),
}


def pointer(head: bytes) -> Foreign | None:
    """Return what a file is if it only points at the file that it should be; `head` is its first 512 bytes."""
    return next((found for prefix, found in _POINTERS.items() if head.startswith(prefix)), None)


def foreign(head: bytes, ending: str = "") -> Foreign | None:
    """Return what a data file is if its first 512 bytes are not those of a file with this ending."""
    if found := pointer(head):
        return found
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:20].lower().startswith(_PAGES):
        return Foreign(what="an HTML or XML page", hint=_AGAIN)
    for prefix, (own, found) in _FORMATS.items():
        if head.startswith(prefix) and own != ending:
            return found
    return None


def pointer_at(path: Path) -> Foreign | None:
    """Return `pointer` of the file at `path`; None if it cannot be read."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as stream:
            return pointer(stream.read(HEAD_BYTES))
    except OSError:
        return None
