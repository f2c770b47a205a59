"""The file formats of rows. The ending of a file's name, in any case, decides its format and its compression."""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import PurePath, PurePosixPath

FILE_FORMATS = {  # ending and name
    ".jsonl": "JSONL",
    ".ndjson": "JSONL",
    ".json": "JSON",
    ".csv": "CSV",
    ".tsv": "TSV",
    ".parquet": "Parquet",
}
COMPRESSIONS = {".gz": "gzip", ".zst": "Zstandard"}  # of texts, as a second ending
PACKAGES = {".parquet": "pyarrow", ".zst": "pyarrow"}  # the package that a reader needs, for formats that need one
BINARY = (".parquet",)  # formats that are not text
_ROTATED = re.compile(r"(?<=\.jsonl)\.[0-9]{1,4}$")
_WITHOUT_LINES = (".parquet", ".json")
_MAX_NAMED = 5
_SET_ASIDE = (".", "_")  # first characters of files and folders that hold no rows


def ending_of(path: PurePath | str) -> str:
    """Return the ending of a file's name that decides its format, in lower case: `.jsonl`, `.csv.gz`.

    It is empty if the format is unknown. JSON lines that a recorder or `logrotate` has set aside, as `t.jsonl.1`, are
    `.jsonl` too.
    """
    name = PurePath(path).name.lower()
    packed = compression_of(name)
    stem = _ROTATED.sub("", name.removesuffix(packed))
    found = next((ending for ending in FILE_FORMATS if stem.endswith(ending) and stem != ending), "")
    return "" if packed and found in BINARY else found + packed * bool(found)


def compression_of(path: PurePath | str) -> str:
    """Return the ending of a compressed file, such as `.gz`; empty if the file is not compressed."""
    name = str(path).lower()
    return next((ending for ending in COMPRESSIONS if name.endswith(ending)), "")


def format_of(path: PurePath | str) -> str:
    """Return the ending of the format without that of the compression: `.csv` for `rows.CSV.gz`."""
    ending = ending_of(path)
    return ending.removesuffix(compression_of(ending))


def is_set_aside(path: str) -> bool:
    """Return whether a path in a folder is set aside: the name of the file or of a folder begins with `.` or `_`."""
    return any(part.startswith(_SET_ASIDE) for part in PurePosixPath(path).parts)


def row_place(path: str, number: int) -> str:
    """Return the name of a row: by its line in a text, by its number in a file without lines."""
    return f"{path}:{number}" if has_lines(path) else f"{path} row {number}"


@lru_cache(maxsize=1024)
def has_lines(path: str) -> bool:
    """Return whether the rows of a file are named by their lines."""
    return format_of(path) not in _WITHOUT_LINES


def without_rows(folder: str, names: Sequence[str]) -> str:
    """Return the message of the files of a folder, named by their paths, that hold no rows."""
    below = [name.removeprefix(f"{folder.rstrip('/')}/") for name in names]
    shown = ", ".join(f"`{name}`" for name in below[:_MAX_NAMED])
    more = f" and {len(names) - _MAX_NAMED:,} more" if len(names) > _MAX_NAMED else ""
    return f"folder `{folder}` has {len(names):,} file{'s' * (len(names) != 1)} without rows: {shown}{more}"


def _listed(texts: list[str], last: str) -> str:
    return f" {last} ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))


_NAMES = list(dict.fromkeys(FILE_FORMATS.values()))
ANY_FORMAT = _listed(_NAMES, "or")  # JSONL, CSV or Parquet
ALL_FORMATS = _listed(_NAMES, "and")
PACKAGED_FORMATS = _listed([{**FILE_FORMATS, **COMPRESSIONS}[ending] for ending in PACKAGES], "and")
ANY_ENDING = _listed([f"`{ending}`" for ending in FILE_FORMATS], "or")
USE_A_FORMAT = f"use a {ANY_ENDING} file (a text also with `.gz` or `.zst`), or a folder of such files"
SET_ASIDE_HINT = "a name that begins with `_` or `.` sets a file aside"
EXPORT_HINT = f"export a sheet as `CSV UTF-8`, or write the rows as JSONL; {SET_ASIDE_HINT}"
EMPTY_HINT = f"add their rows, or remove them; {SET_ASIDE_HINT}"
