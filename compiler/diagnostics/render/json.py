"""Diagnostics as one JSON document, for programs.

`docs/diagnostics.md` describes the document. A change of its fields requires a new `SCHEMA`.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from compiler import __version__
from compiler.diagnostics.codes import CODES
from compiler.diagnostics.model import Diagnostic, Location, Severity

_ESCAPED = re.compile("[\x7f-\x9f\ud800-\udfff]")  # JSON escapes the characters below a space itself

SCHEMA = "trainspec.dev/diagnostics/v1"


def format_all(diagnostics: Sequence[Diagnostic]) -> str:
    """Return the document. Without diagnostics it has an empty list, so it is always valid JSON."""
    errors = sum(found.severity is Severity.ERROR for found in diagnostics)
    return dumps(
        {
            "schema": SCHEMA,
            "tool": {"name": "trainspec", "version": __version__},
            "summary": {"errors": errors, "warnings": len(diagnostics) - errors},
            "diagnostics": [_entry(found) for found in diagnostics],
        }
    )


def _entry(found: Diagnostic) -> dict[str, Any]:
    return {
        "code": found.code,
        "severity": str(found.severity),
        "title": CODES[found.code].title,
        "message": found.message,
        "hint": found.hint,
        "location": _place(found.location),
    }


def _place(where: Location) -> dict[str, Any]:
    """Return a place: numbers are null for a whole file; `end_line` serves readers of ranges."""
    line, column, end = (where.line, where.column, where.end_column) if where.line else (None, None, None)
    return {"path": where.path, "line": line, "column": column, "end_line": line, "end_column": end}


def dumps(document: Mapping[str, Any]) -> str:
    """Return JSON that any UTF-8 stream and any terminal accepts.

    Control characters and lone surrogates (of a file name that is not UTF-8) are escaped.
    """
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
