"""Git's own files next to `specs`: the same text in every clone, and no outputs in commits."""

from pathlib import Path

_ATTRIBUTES = """\
# trainspec: texts have the same line ends in every clone, whatever `core.autocrlf` says there
specs/** text=auto eol=lf
# with Git LFS, write `filter=lfs diff=lfs merge=lfs -text` instead of `binary`
specs/**/*.parquet binary
specs/**/*.gz binary
specs/**/*.zst binary
"""
_IGNORE = """\
# trainspec: outputs of `trainspec run`, what a killed compile leaves, and Python's cache of reward code
.trainspec/
specs/*/.plan.*
__pycache__/
# trainspec: traces hold what users wrote; their labels and badcases are committed
specs/*/traces/
"""
FILES = {".gitattributes": _ATTRIBUTES, ".gitignore": _IGNORE}


def write_git_files(folder: Path) -> list[str]:
    """Add what is missing to `.gitattributes` and `.gitignore`, and keep every line there; return the files written.

    A pattern that a file has already keeps its own attributes. OSError if a file cannot be read or written.
    """
    written = []
    for name, text in FILES.items():
        path = folder / name
        before = path.read_bytes().decode("utf-8", "surrogateescape") if path.exists() else ""
        after = _merged(before, text)
        if after != before:
            path.write_bytes(after.encode("utf-8", "surrogateescape"))
            written.append(str(path))
    return written


def _merged(before: str, text: str) -> str:
    known = {line.split()[0].rstrip("/") for line in before.splitlines() if line.strip()}
    missing: list[str] = []
    comment = ""
    for line in text.splitlines():
        if line.startswith("#"):
            comment = line
        elif line.split()[0].rstrip("/") not in known:
            missing += [comment, line] if comment else [line]
            comment = ""
    if not missing:
        return before
    gap = "\n" if before and not before.endswith("\n") else ""
    return before + gap + "\n" * bool(before) + "\n".join(missing) + "\n"
