"""Write diagnostics to stderr, and choose the exit code of a command."""

import sys
from collections.abc import Sequence

from compiler.cli.exit_codes import ExitCode
from compiler.diagnostics import Diagnostic, has_errors
from compiler.diagnostics.formats import STREAMED


def report(found: Sequence[Diagnostic], style: str) -> None:
    """Write diagnostics to stderr in a format; JSON and SARIF are written even without diagnostics."""
    if not found and style in STREAMED:
        return
    from compiler.diagnostics.render import FORMATS

    print(FORMATS[style](found), end="\n\n" if style == "text" else "\n", file=sys.stderr)


def exit_code(found: Sequence[Diagnostic]) -> ExitCode:
    """Return 1 if any diagnostic is an error, else 0."""
    return ExitCode.ERRORS if has_errors(found) else ExitCode.OK
