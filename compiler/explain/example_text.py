"""YAML as people write it: plain words unquoted, small mappings in one line, blocks."""

import re
from collections.abc import Mapping

from compiler.spec.yaml.quote import quote

WIDTH = 100
_BARE = re.compile(r"[A-Za-z][\w ./-]*|\d{4}-\d\d-\d\d|[0-9a-f]{64}")
_NO_WORDS = {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}


def document(data: Mapping[str, object]) -> str:
    """Return a document as the text of a file."""
    return "".join(f"{line}\n" for line in _block(data, 0))


def _block(data: Mapping[str, object], indent: int) -> list[str]:
    pad, lines = " " * indent, []
    for name, value in data.items():
        if isinstance(value, Mapping) and not _in_one_line(value, indent + len(name)):
            lines += [f"{pad}{name}:", *_block(value, indent + 2)]
        elif isinstance(value, list | tuple) and any(isinstance(each, Mapping) for each in value):
            lines += [f"{pad}{name}:", *(line for each in value for line in _item(each, indent + 2))]
        else:
            lines.append(f"{pad}{name}: {_flow(value)}")
    return lines


def _item(value: object, indent: int) -> list[str]:
    if not isinstance(value, Mapping) or _in_one_line(value, indent):
        return [f"{' ' * indent}- {_flow(value)}"]
    first, *rest = _block(value, indent + 2)
    return [f"{' ' * indent}- {first.strip()}", *rest]


def _in_one_line(value: Mapping[str, object], indent: int) -> bool:
    """Whether a mapping contains nothing nested and fits into one line."""
    flat = not any(isinstance(each, Mapping | list | tuple) for each in value.values())
    return flat and len(_flow(value)) + indent < WIDTH


def _flow(value: object) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}: {_flow(each)}' for name, each in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_flow(each) for each in value)}]"
    if isinstance(value, str) and _BARE.fullmatch(value) and value not in _NO_WORDS:
        return value
    return quote(value)
