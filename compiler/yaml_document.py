"""YAML documents that commands write for people to commit: data cards, results. Specs that people write are never
rewritten this way, since comments would be lost.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from compiler.yaml_scalar import key, quote


def document_text(data: Mapping[str, object], comment: str) -> str:
    """`data` (mappings, lists and scalars; keys in the order given) as YAML under a comment of one line or more."""
    head = [f"# {line}".rstrip() for line in comment.splitlines()]
    return "\n".join([*head, *_mapping(data)]) + "\n"


def write_document(path: Path, data: Mapping[str, object], comment: str) -> bool:
    """Write the document, whole or not at all, and say whether the file changed. OSError where it cannot be written."""
    content = document_text(data, comment).encode("utf-8")
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new-{os.getpid()}")
    try:
        with new.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    return True


def _mapping(data: Mapping[str, object]) -> Iterator[str]:
    for name, value in data.items():
        inner = [f"  {line}" for line in _nested(value)]
        yield f"{key(name)}:" if inner else f"{key(name)}: {quote(value)}"
        yield from inner


def _nested(value: object) -> Iterator[str]:
    """The lines of a mapping, or of a list that holds mappings; none for what stands on the line of its key."""
    if isinstance(value, Mapping):
        yield from _mapping(value)
    elif isinstance(value, list) and any(isinstance(item, (Mapping, list)) for item in value):
        for item in value:
            first, *rest = list(_nested(item)) or [quote(item)]
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)
