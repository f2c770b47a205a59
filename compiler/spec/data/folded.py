"""Problems of rows as diagnostics; one that many rows share is reported once, at its first row."""

from compiler.diagnostics import Diagnostic, Location, diagnostic
from compiler.spec.data.errors import Problem
from runtime.contract.data.faults import Folding, folded
from runtime.contract.data.file_formats import has_lines


class Folded:
    """The problems of the rows of a source so far."""

    def __init__(self) -> None:
        self._problems: Folding[tuple[str, int, Problem]] = Folding()

    def __len__(self) -> int:
        return len(self._problems)

    def add(self, shown: str, number: int, problem: Problem) -> None:
        """Count the problem of a row of the file `shown`."""
        self._problems.add(f"{problem.code} {problem.common or problem.message}", (shown, number, problem))

    def diagnostics(self) -> list[Diagnostic]:
        """Return one diagnostic per kind of problem, at its first row."""
        return [_diagnostic(*first, rows) for first, rows in self._problems]


def _diagnostic(shown: str, number: int, problem: Problem, rows: int) -> Diagnostic:
    message = problem.message if has_lines(shown) or not number else f"row {number}: {problem.message}"
    if rows > 1:
        message = folded(problem.common or problem.message, rows, f"row {number}", problem.turn)
    if not has_lines(shown):
        return diagnostic(problem.code, message, Location(path=shown), hint=problem.hint)
    where = Location(path=shown, line=number, column=problem.column, end_column=problem.column + 1, text=problem.text)
    return diagnostic(problem.code, message, where, hint=problem.hint)
