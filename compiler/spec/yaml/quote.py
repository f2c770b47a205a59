"""Write values as YAML: the quoting filter of every scalar in a template, and mappings.

Strings are double-quoted JSON, with characters escaped that YAML does not allow; floats keep a point in the mantissa.
So YAML 1.1 readers (PyYAML, which TRL uses) and YAML 1.2 readers read the same value from any spec.
"""

import json
import re
from collections.abc import Mapping

# valid in JSON, but not printable in YAML, or a line break there
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_NOT_LITERAL = re.compile("[\x00-\x09\x0b-\x1f]|" + _ESCAPED.pattern)
_json = json.JSONEncoder(ensure_ascii=False).encode  # made once: `json.dumps` makes an encoder per call

_WORD = re.compile(r"[a-z][A-Za-z0-9_]*")
_BOOLEANS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}  # YAML 1.1 does not read them as text


def quote(value: object) -> str:
    """Return a scalar or a flow collection as YAML text; TypeError (a template's bug) for others."""
    if isinstance(value, str):
        text = _json(value)
        if text.isascii() and "\x7f" not in text:
            return text
        return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(quote(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key(str(name))}: {quote(item)}' for name, item in value.items())}}}"
    raise TypeError(f"cannot write a {type(value).__name__} as a YAML scalar")


def key(name: str) -> str:
    """Return a key, or a word as a value: bare if every YAML reader reads it as text, else quoted."""
    return name if _WORD.fullmatch(name) and name not in _BOOLEANS else quote(name)


def _float(value: float) -> str:
    text = repr(value)
    if "n" in text:
        raise TypeError(f"cannot write {text} as a YAML scalar")
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}{'' if '.' in mantissa else '.0'}{e}{exponent}"


def mapping(data: Mapping[str, object], indent: int = 0) -> str:
    """Return plain data as YAML: mappings and lists of mappings in blocks, other lists in a line."""
    pad = " " * indent
    return "".join(f"{pad}{key(name)}:{_value(value, indent)}" for name, value in data.items())


def _value(value: object, indent: int) -> str:
    if isinstance(value, dict) and value:
        return f"\n{mapping(value, indent + 2)}"
    if isinstance(value, (list, tuple)) and any(isinstance(item, dict) for item in value):
        return "\n" + "".join(f"{' ' * (indent + 2)}- {_item(item, indent + 4)}" for item in value)
    return f" {quote(value)}\n"


def _item(item: object, indent: int) -> str:
    return mapping(item, indent).lstrip(" ") if isinstance(item, dict) and item else f"{quote(item)}\n"


def is_literal(text: str) -> bool:
    """Whether `block` keeps the text unchanged for every reader; `quote` keeps any text."""
    return text[:1] not in ("", " ", "\n") and text.rstrip("\n") + "\n" == text and not _NOT_LITERAL.search(text)


def block(text: str, indent: int) -> str:
    """Return text of several lines as a literal block scalar, indented by `indent` spaces."""
    pad = " " * indent
    return "|\n" + "\n".join(f"{pad}{line}" if line else "" for line in text.rstrip("\n").split("\n"))
