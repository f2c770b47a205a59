"""One line per diagnostic, for editors and grep."""

from collections.abc import Sequence

from compiler.diagnostics.model import Diagnostic
from compiler.diagnostics.render.text import printable


def format_all(diagnostics: Sequence[Diagnostic]) -> str:
    """Return a line `path:line:col: severity[CODE] message (hint)` for each diagnostic."""
    rows = []
    for found in diagnostics:
        where = found.location
        hint = f" ({found.hint})" if found.hint else ""
        row = f"{where.path}:{where.line}:{where.column}: {found.severity}[{found.code}] {found.message}{hint}"
        rows.append(printable(row.replace("\n", " ")))
    return "\n".join(rows)
