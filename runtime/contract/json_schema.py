"""JSON Schemas that rewards and metrics name: what makes one unusable, without the library that applies it."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from runtime.contract.schema_keywords import keyword_fault

_VALUES = ("const", "default", "enum", "examples")  # they hold values, not schemas


def schema_fault(text: str) -> str:
    """Return why a text is no schema that can be applied without a network; empty if it may be one.

    It must be a JSON object or a truth value. A `$ref` must lead into the schema itself, because nothing is fetched.
    """
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        return f"is not JSON: {str(error).splitlines()[0].lower() or 'it is nested too deeply'}"
    if not isinstance(schema, dict | bool):
        return "is not a JSON schema: its top is neither an object nor a truth value"
    if fault := keyword_fault(schema):
        return fault
    nodes = list(_nodes(schema))
    if any(isinstance(node.get("$id"), str) for node in nodes):
        return ""
    for node in nodes:
        reference = node.get("$ref")
        if isinstance(reference, str) and not _leads(reference, schema):
            return f"has `$ref: {reference[:80]}`, which leads to nothing in it"
    return ""


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield each
            waiting += [inner for name, inner in each.items() if name not in _VALUES]
        elif isinstance(each, list):
            waiting += each


def _leads(reference: str, schema: Any) -> bool:
    """Return whether a reference leads to a part of the schema; a name after `#` is left to the library."""
    if not reference.startswith("#"):
        return False
    part = schema
    for name in reference[1:].split("/")[1:]:
        key = unquote(name).replace("~1", "/").replace("~0", "~")
        if isinstance(part, list) and key.isdigit() and int(key) < len(part):
            part = part[int(key)]
        elif isinstance(part, dict) and key in part:
            part = part[key]
        else:
            return False
    return True
