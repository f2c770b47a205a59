"""Output formats of diagnostics, by the name that users pass to `--format`."""

from collections.abc import Callable, Sequence

from compiler.diagnostics.model import Diagnostic
from compiler.diagnostics.render import concise, github, sarif, text
from compiler.diagnostics.render import json as as_json

# json and sarif return a document even without diagnostics; the others return empty text
FORMATS: dict[str, Callable[[Sequence[Diagnostic]], str]] = {
    "text": text.format_all,
    "concise": concise.format_all,
    "json": as_json.format_all,
    "sarif": sarif.format_all,
    "github": github.format_all,
}
