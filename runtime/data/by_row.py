"""Work on each row of a stage; faults of several rows become one error, equal ones only once."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from runtime.contract.errors import StageError
from runtime.data.examples import Example

Result = TypeVar("Result")
MAX_SHOWN = 10


class RowErrors:
    """Errors of rows, in order; rows with the same fault count as one error."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[StageError, int]] = {}

    def add(self, place: str, error: StageError) -> None:
        """Add the error of the row at `place`, whose message begins with the place."""
        fault, _, _ = error.problem.message.removeprefix(f"{place}: ").partition(", so it loses")
        key = error.problem.code, fault
        first, count = self._found.get(key, (error, 0))
        self._found[key] = first, count + 1

    def raise_first(self) -> None:
        """Raise the errors with the code of the first one, as one error; nothing without errors."""
        if not self._found:
            return
        code = next(iter(self._found))[0]
        same = [pair for (each, _), pair in self._found.items() if each == code]
        shown = [_folded(error.problem.message, count) for error, count in same[:MAX_SHOWN]]
        more = f"; and {len(same) - MAX_SHOWN} more" if len(same) > MAX_SHOWN else ""
        raise StageError(code, "; ".join(shown) + more, same[0][0].problem.hint)


def for_each_row(work: Callable[..., Result], examples: Sequence[Example], *others: Sequence[Example]) -> list[Result]:
    """Return the results of `work` for each example and its counterparts; the StageErrors of all rows become one."""
    results, errors = [], RowErrors()
    for example, *counterparts in zip(examples, *others, strict=True):
        try:
            results.append(work(example, *counterparts))
        except StageError as error:
            errors.add(example.place, error)
    errors.raise_first()
    return results


def _folded(message: str, count: int) -> str:
    others = count - 1
    return message + (f" (and {others} more row{'s' * (others != 1)})" if others else "")
