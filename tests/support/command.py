"""The `trainspec` command in this process, with its output and exit code."""

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest import mock

from compiler.cli.app import main


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """The result of a command."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Everything it wrote."""
        return self.stdout + self.stderr


def invoke(*arguments: object, answers: str = "") -> Result:
    """Run `trainspec` with the arguments, as texts; `answers` is what it can read from stdin."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), mock.patch("sys.stdin", io.StringIO(answers)):
        try:
            code = main([str(each) for each in arguments])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
    return Result(exit_code=int(code), stdout=out.getvalue(), stderr=err.getvalue())
