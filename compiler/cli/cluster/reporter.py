"""The diagnostics, notes and exit code of a cluster command."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass

from compiler.cli.exit_codes import ExitCode
from compiler.cli.report import exit_code, report
from compiler.diagnostics import Diagnostic
from compiler.diagnostics.formats import STREAMED
from compiler.run.cluster.api.client import Api
from compiler.run.cluster.api.connect import Target

_OF_CLUSTER = ("CLU601", "CLU602", "CLU603", "CLU604", "CLU609")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reporter:
    """Writes diagnostics in `style`, and notes for people, to stderr.

    It drops notes if `style` makes stderr one document for programs.
    """

    style: str

    def note(self, line: str) -> None:
        """Write a line for people, from any thread."""
        if self.style in STREAMED:
            print(line, file=sys.stderr)

    def connect(self, target: Target) -> Api:
        """Connect to the API server of a target, and write a note that names the cluster."""
        api = Api(target, notify=self.note)
        self.note(f"cluster: {api.shown}")
        return api

    def end(self, found: Iterable[Diagnostic]) -> ExitCode:
        """Write the diagnostics; return their exit code, CLUSTER if the cluster could not be used."""
        diagnostics = list(found)
        report(diagnostics, self.style)
        if any(each.code in _OF_CLUSTER for each in diagnostics):
            return ExitCode.CLUSTER
        return exit_code(diagnostics)
