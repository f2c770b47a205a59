"""The file formats of rows. The ending of a file's name decides its format."""

from pathlib import PurePath

FILE_FORMATS = {".jsonl": "JSONL", ".csv": "CSV", ".parquet": "Parquet"}  # ending and name
PACKAGES = {".parquet": "pyarrow"}  # the package that the compiler's reader needs, for formats that need one
ENDINGS_WITHOUT_LINES = (".parquet",)  # a row of these files is named by its number


def ending_of(path: PurePath | str) -> str:
    """Return the ending of a file's name that decides its format; empty if the format is unknown."""
    name = PurePath(path).name
    return next((ending for ending in FILE_FORMATS if name.endswith(ending) and name != ending), "")


def _listed(texts: list[str], last: str) -> str:
    return f" {last} ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))


ANY_FORMAT = _listed([*FILE_FORMATS.values()], "or")  # JSONL, CSV or Parquet
ALL_FORMATS = _listed([*FILE_FORMATS.values()], "and")
PACKAGED_FORMATS = _listed([FILE_FORMATS[ending] for ending in PACKAGES], "and")
ANY_ENDING = _listed([f"`{ending}`" for ending in FILE_FORMATS], "or")
