"""YAML documents that commands write for people to commit: data cards, results. Specs that people write are never
rewritten this way, since comments would be lost.
"""

from collections.abc import Mapping
from pathlib import Path

from compiler.spec.yaml.quote import mapping
from runtime.contract.digests import with_lf
from runtime.contract.files import write_atomically


def document_text(data: Mapping[str, object], comment: str) -> str:
    """`data` (mappings, lists and scalars; keys in the order given) as YAML under a comment of one line or more."""
    head = "".join(f"# {line}".rstrip() + "\n" for line in comment.splitlines())
    return head + mapping(data)


def write_document(path: Path, data: Mapping[str, object], comment: str) -> bool:
    """Write the document, whole or not at all, and say whether the file changed. OSError where it cannot be written."""
    content = document_text(data, comment).encode("utf-8")
    if path.is_file() and with_lf(path.read_bytes()) == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content)
    return True
