"""Diagnostics as workflow commands, which GitHub Actions shows as annotations of files."""

import re
from collections.abc import Sequence

from compiler.diagnostics.codes import CODES
from compiler.diagnostics.model import Diagnostic
from compiler.diagnostics.render.text import printable

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")  # unsafe in a terminal, or not valid UTF-8
_IN_MESSAGES = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTIES = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def format_all(diagnostics: Sequence[Diagnostic]) -> str:
    """Return a line `::error file=…,line=…,col=…,endColumn=…,title=…::message` per diagnostic."""
    return "\n".join(_command(found) for found in diagnostics)


def _command(found: Diagnostic) -> str:
    where = found.location
    places = {"line": where.line, "endLine": where.line, "col": where.column, "endColumn": where.end_column}
    properties = {
        "file": printable(where.path),
        **{name: str(number) for name, number in places.items() if number},
        "title": f"{found.code} {CODES[found.code].title}",
    }
    listed = ",".join(f"{name}={value.translate(_IN_PROPERTIES)}" for name, value in properties.items())
    lines = [found.message, f"hint: {found.hint}"] if found.hint else [found.message]
    text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", "\n".join(lines))
    return f"::{found.severity} {listed}::{text.translate(_IN_MESSAGES)}"
