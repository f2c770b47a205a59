"""Problems of rows as diagnostics; those that many rows share are reported once."""

from compiler.diagnostics import Diagnostic, Location, diagnostic
from compiler.diagnostics.wording import counted
from compiler.spec.data.errors import Problem
from runtime.contract.data.file_formats import has_lines


class Folded:
    """Problems that many rows of a source share: the first row of each, and the number of rows."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[str, int, Problem]] = {}
        self._rows: dict[str, int] = {}

    def add(self, shown: str, number: int, problem: Problem) -> None:
        """Count the problem of a row of the file."""
        self._first.setdefault(problem.fold, (shown, number, problem))
        self._rows[problem.fold] = self._rows.get(problem.fold, 0) + 1

    def diagnostics(self) -> list[Diagnostic]:
        """Return one diagnostic per kind of problem, at its first row."""
        return [row_problem(*first, rows=self._rows[fold]) for fold, first in self._first.items()]


def row_problem(shown: str, number: int, problem: Problem, *, rows: int = 1) -> Diagnostic:
    """Return the diagnostic of a row of a file; `rows` have the same problem."""
    message = problem.message + (f" ({counted(rows, 'row')}, of which this is the first)" if rows > 1 else "")
    if not has_lines(shown):
        message = f"row {number}: {message}" if number else message
        return diagnostic(problem.code, message, Location(path=shown), hint=problem.hint)
    where = Location(path=shown, line=number, column=problem.column, end_column=problem.column + 1, text=problem.text)
    return diagnostic(problem.code, message, where, hint=problem.hint)
