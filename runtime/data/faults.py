"""Faults of the rows of a stage, as one message; a fault that many rows share is shown once."""

from runtime.contract.data.faults import Folding, RowFault, folded

MAX_REPORTED_FAULTS = 10


class Faults:
    """Faults so far, in order."""

    def __init__(self) -> None:
        self._faults: Folding[tuple[str, RowFault]] = Folding()

    def __bool__(self) -> bool:
        return len(self._faults) > 0

    def add(self, place: str, problem: str) -> None:
        """Add a fault that is no row's, or that a reader found, with its place."""
        self.add_fault(place, RowFault(place="", problem=problem, hint=""))

    def add_fault(self, place: str, fault: RowFault) -> None:
        """Add the fault of a row; of equal faults, only the first is shown, with the number of rows."""
        self._faults.add(fault.common, (place, fault))

    def summary(self) -> str:
        """Return up to ten faults as one message."""
        shown = [_text(place, fault, rows) for (place, fault), rows in self._faults]
        more = len(shown) - MAX_REPORTED_FAULTS
        return "; ".join(shown[:MAX_REPORTED_FAULTS]) + (f"; and {more} more" if more > 0 else "")


def _text(place: str, fault: RowFault, rows: int) -> str:
    message = f"{place}: {fault.message}" if rows == 1 else folded(fault.common, rows, place, fault.turn)
    return f"{message} ({fault.hint})" if fault.hint else message
