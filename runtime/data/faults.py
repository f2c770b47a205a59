"""Faults of the rows of a stage, as one message; a fault that many rows share is shown once."""

import re
from collections import Counter

from runtime.contract.data.media import REMEDY
from runtime.contract.data.rows import RowFault

MAX_REPORTED_FAULTS = 10
_NUMBER = re.compile(r"\[\d+\]")


class Faults:
    """Faults so far, in order."""

    def __init__(self) -> None:
        self._shown: list[str] = []
        self._folded: dict[str, int] = {}
        self._rows: Counter[str] = Counter()

    def __bool__(self) -> bool:
        return bool(self._shown)

    def add(self, fault: str) -> None:
        """Add a fault with its place."""
        self._shown.append(fault)

    def add_fault(self, place: str, fault: RowFault) -> None:
        """Add the fault of a row; of rows with images in the same column, only the first is shown, with their number.

        The same column or part of a turn counts as the same, whatever its position.
        """
        if fault.kind != "media":
            self.add(f"{place}: {fault.message}")
            return
        key = _NUMBER.sub("[]", fault.message)
        if not self._rows[key]:
            self._folded[key] = len(self._shown)
            self.add(f"{place}: {fault.message}; {REMEDY}")
        self._rows[key] += 1

    def summary(self) -> str:
        """Return up to ten faults as one message."""
        shown = list(self._shown)
        for key, at in self._folded.items():
            others = self._rows[key] - 1
            shown[at] += f" (and {others} more row{'s' * (others != 1)})" if others else ""
        more = len(shown) - MAX_REPORTED_FAULTS
        return "; ".join(shown[:MAX_REPORTED_FAULTS]) + (f"; and {more} more" if more > 0 else "")
