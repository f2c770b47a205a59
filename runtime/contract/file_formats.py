"""The file formats of rows, one row each. The ending of a file's name decides its format."""

from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True, kw_only=True, slots=True)
class FileFormat:
    """A file format: its name for people, and the package that the compiler's reader needs, if any.

    Without `has_lines`, a row is named by its number.
    """

    name: str
    has_lines: bool = True
    package: str | None = None


FILE_FORMATS: dict[str, FileFormat] = {
    ".jsonl": FileFormat(name="JSONL"),
    ".csv": FileFormat(name="CSV"),
    ".parquet": FileFormat(name="Parquet", has_lines=False, package="pyarrow"),
}
ENDINGS_WITHOUT_LINES = tuple(ending for ending, each in FILE_FORMATS.items() if not each.has_lines)


def ending_of(path: PurePath | str) -> str:
    """Return the ending of a file's name that decides its format; empty if the format is unknown."""
    name = PurePath(path).name
    return next((ending for ending in FILE_FORMATS if name.endswith(ending) and name != ending), "")


def _listed(texts: list[str], last: str) -> str:
    return f" {last} ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))


ANY_FORMAT = _listed([each.name for each in FILE_FORMATS.values()], "or")  # JSONL, CSV or Parquet
ALL_FORMATS = _listed([each.name for each in FILE_FORMATS.values()], "and")
PACKAGED_FORMATS = _listed([each.name for each in FILE_FORMATS.values() if each.package], "and")
ANY_ENDING = _listed([f"`{ending}`" for ending in FILE_FORMATS], "or")
