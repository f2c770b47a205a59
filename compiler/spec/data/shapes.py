"""Problems of rows that do not have their shape. The contract reads and checks the rows."""

from compiler.spec.data.errors import Problem
from compiler.spec.data.texts import Row
from runtime.contract.data.faults import RowFault

_CODES = {"row": "CHK203", "media": "CHK236", "pair": "CHK226", "missing": "CHK203"}


def shape_problem(fault: RowFault) -> Problem:
    """Return the fault of a row as a problem."""
    return Problem(fault.message, fault.hint, code=_CODES[fault.kind], common=fault.common, turn=fault.turn)


def is_conversational(row: Row) -> bool:
    """Return whether the row's prompt or conversation is written as turns."""
    return isinstance(row.get("prompt"), list) or "messages" in row
