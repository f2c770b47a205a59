"""The formats that diagnostics can be written in: one small module each, under the name that users give."""

from collections.abc import Callable, Sequence

from compiler.diagnostics.model import Diagnostic
from compiler.diagnostics.render import concise, github, sarif, text
from compiler.diagnostics.render import json as as_json

# json and sarif are documents, and give one also when there is nothing to tell; the others are lines, or none
FORMATS: dict[str, Callable[[Sequence[Diagnostic]], str]] = {
    "text": text.format_all,
    "concise": concise.format_all,
    "json": as_json.format_all,
    "sarif": sarif.format_all,
    "github": github.format_all,
}
